# Fuzz targets: with libFuzzer for `make fuzz`, and as plain programs that `make test` replays.

SECONDS ?= 60
FUZZ ?=
fuzz_lib_src := $(sort $(LIB_SRC) $(ROOTFS_LIB_SRC) $(EIF_LIB_SRC) $(REALM_LIB_SRC) $(ATTEST_LIB_SRC)) init/refusal.c init/runspec.c \
	init/cmdcheck.c $(NSM_SRC) init/attest/request.c init/ports/rule.c
fuzz_libs := $(ROOTFS_LIBS) $(EIF_LIBS) $(REALM_LIBS) $(ATTEST_LIBS)
fuzz_src := $(sort $(wildcard tests/fuzz/*.c))
fuzz_needed := $(fuzz_lib_src) $(fuzz_src) $(wildcard lib/*.h rootfs/*.h eif/*.h cca-image/*.h attest/*.h init/*.h init/*/*.h tests/fuzz/*.h) \
	rootfs/rootfs.mk eif/eif.mk cca-image/realm.mk attest/sources.mk
fuzz_in := --in src/lib=lib --in src/rootfs=rootfs --in src/eif=eif --in src/cca-image=cca-image --in src/attest=attest \
	--in src/init=init --in src/tests=tests
fuzz_root := $(toolchain) recipes/fuzz/pins.lock recipes/fuzz/root.sha256
sanitized := $(parts)/test/sanitized

$(parts)/test/fuzz: tests/fuzz/build-fuzz $(fuzz_needed) $(fuzz_root)
	@$(RUN) --name fuzz-build --root fuzz $(fuzz_in) --out fuzz=$@/fuzz --out lines=$@/lines -- \
		sh /mint/in/src/tests/fuzz/build-fuzz "$(CBASE) $(CWARN)" "$(fuzz_lib_src)" "$(fuzz_libs)"
	@touch $@

# Commands and targets under the sanitizers, with the compiler that releases are built with.
$(sanitized): tests/fuzz/build-sanitized $(fuzz_needed) $(ROOTFS_SRC) $(EIF_SRC) $(REALM_SRC) $(ATTEST_SRC) $(test_root)
	@$(RUN) --name sanitized --root test $(fuzz_in) --out sanitized=$@ -- \
		sh /mint/in/src/tests/fuzz/build-sanitized "$(CBASE) $(CWARN)" \
		"$(filter-out %/libfuzzer.c,$(fuzz_src))" "$(fuzz_lib_src)" "$(fuzz_libs)"
	@touch $@

.PHONY: fuzz
fuzz: $(parts)/test/fuzz ## fuzz each target, or those in FUZZ, for SECONDS (60) of processor time
	@mkdir -p out/fuzz
	@$(RUN) --tty --name fuzz --root fuzz $(fuzz_in) --in build=$< --in before=out/fuzz --out fuzz=out/fuzz -- \
		sh /mint/in/src/tests/fuzz/run-fuzz "$(SECONDS)" $(FUZZ)
	@test ! -e out/fuzz/failed

.PHONY: analyze
analyze: $(libtomcrypt) $(fuzz_root) ## run gcc's and clang's analyzers over the code that runs in the guest
	@$(RUN) --tty --name analyze --root fuzz --in init=init --in libtomcrypt=$(parts)/libtomcrypt --in tests=tests \
		-- sh /mint/in/tests/init/analyze

.PHONY: test-sanitized
test: $(sanitized)
test-sanitized: $(sanitized) $(busybox)/busybox ## run seeds, old crashes and the commands' tests under sanitizers
	@$(RUN) --tty --name test-sanitized --root test --in tests=tests --in tree=. --in sanitized=$< \
		--in busybox=$(busybox) --set SANITIZED=/mint/in/sanitized --set TMPDIR=/tmp \
		--set SUITES="$(patsubst tests/%,%,$(wildcard tests/rootfs/*.t tests/eif/*.t tests/cca/*.t))" \
		--set BUSYBOX=/mint/in/busybox/busybox --set CC=gcc --set CPIO=cpio -- \
		sh -c 'cd /mint/in/tests && exec prove -v --exec ./tap-exec --timer --merge fuzz/replay.t'
