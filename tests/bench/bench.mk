# make bench: how fast the commands are, compared in the same run with what else does it. Never part of a test.

BENCH ?= rootfs eif realm boot
$(if $(filter-out rootfs eif realm boot,$(BENCH)),$(error BENCH: some of rootfs, eif, realm and boot expected, found $(BENCH)))

.PHONY: bench bench-rootfs bench-eif bench-realm bench-boot bench-compression
##@ Checks
bench: $(BENCH:%=bench-%) ## measure the commands, or those in BENCH, against what else does their work; also out/bench*.json

bench-rootfs: out/libexec/rootfs
	@$(RUN) --tty --name bench --root test --in bench=tests/bench --in bin/rootfs=out/libexec/rootfs \
		--out bench.json=out/bench.json -- sh /mint/in/bench/bench

# One after the other, with any number of jobs.
bench-eif: out/libexec/eif $(filter bench-rootfs,$(BENCH:%=bench-%))
	@$(RUN) --tty --name bench-eif --root test --in bench=tests/bench --in bin/eif=out/libexec/eif \
		--out bench-eif.json=out/bench-eif.json -- sh /mint/in/bench/eif

bench-realm: out/libexec/realm $(filter bench-rootfs bench-eif,$(BENCH:%=bench-%))
	@$(RUN) --tty --name bench-realm --root test --in bench=tests/bench --in layouts=cca-image/layouts \
		--in bin/realm=out/libexec/realm --out bench-realm.json=out/bench-realm.json -- sh /mint/in/bench/realm

# The kernel that ours is measured against is fetched here alone.
bench-boot: out/hello/nitro-x86_64/image.eif out/libexec/rootfs out/libexec/eif $(busybox)/busybox $(vms_needed) \
		$(filter bench-rootfs bench-eif bench-realm,$(BENCH:%=bench-%))
	@env/fetch recipes/cloud-kernel/pins.lock
	@. env/say.sh && $(RUN) --tty --name bench-boot --root test $(vms) --in bench=tests/bench --in bin/rootfs=out/libexec/rootfs \
		--in bin/eif=out/libexec/eif --in busybox=$(busybox) --in init=init --in bin/init=$(parts)/nitro-x86_64/init/init --in image.eif=$< --in cloud.lock=recipes/cloud-kernel/pins.lock \
		--in packages="$$MINTMARK_CACHE/sha256" --out bench-boot.json=out/bench-boot.json -- sh /mint/in/bench/boot

bench-compression: out/hello/nitro-x86_64/image.eif test-image-python out/libexec/rootfs out/libexec/eif $(vms_needed) ## measure size, packing and boot of plain, gzip and zstd ramdisks
	@$(RUN) --tty --name bench-compression --root test $(vms) --in bench=tests/bench --in bin/rootfs=out/libexec/rootfs \
		--in bin/eif=out/libexec/eif --in images/hello.eif=out/hello/nitro-x86_64/image.eif \
		--in images/python.eif=out/python/nitro-x86_64/image.eif -- sh /mint/in/bench/compression \
		'hello=hello: ready' 'python=serving on port'
