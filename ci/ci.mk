# What verifies a build: goals that build again elsewhere and compare. Their scripts are in ci/.

vary := $(parts)/test/vary
$(vary)/%.so: ci/vary/%.c $(toolchain)
	@$(RUN) --name vary-$* --in $*.c=$< --out $*.so=$@ -- \
		gcc -std=gnu17 -O2 $(CWARN) -Werror -D_GNU_SOURCE -shared -fPIC -o /mint/out/$*.so /mint/in/$*.c

export RECIPE ROOTFS RELEASE VARY LEG
.PHONY: verify
verify: $(vary)/clock.so $(vary)/dirorder.so ## build twice from pins, the second time with everything varied (VARY=...), compare
	@TARGET=$(TARGET) exec ci/verify $(VARY)

.PHONY: verify-selftest
verify-selftest: out/hello/nitro-x86_64/image.eif $(vary)/clock.so $(vary)/dirorder.so ## plant faults, show that verify names each one
	@ci/selftest

.PHONY: audit
audit: out/bin/attest $(if $(VARY),$(vary)/clock.so $(vary)/dirorder.so) ## rebuild RELEASE (a release folder or a measurements.json), compare
	@$(if $(findstring command,$(origin RECIPE)),,RECIPE=) exec ci/audit "$$RELEASE"

# What CI systems run, on two machines and on a third; ci-legs plays all of it on one.
.PHONY: ci-leg ci-legs
ci-leg: $(if $(VARY),$(vary)/clock.so $(vary)/dirorder.so) ## build RECIPE for TARGETS from nothing, lay down in LEG (a new folder or .tar) what is compared
	@TARGETS='$(TARGETS)' exec ci/leg "$$LEG"

ci-legs: $(vary)/clock.so $(vary)/dirorder.so ## two legs from nothing, the second varied (VARY=...), and their comparison
	@TARGETS='$(TARGETS)' exec ci/legs $(VARY)

.PHONY: hosts
hosts: image ## build on other hosts (minimal trixie, busybox alone) and compare; HOSTS=--quick keeps the kernel
	@ci/hosts $(HOSTS)

.PHONY: verify-full
verify-full: image $(vary)/clock.so $(vary)/dirorder.so ## verify on other hosts, with every fault, and audit; takes hours
	@ci/full
