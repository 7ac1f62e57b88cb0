# make bench: how fast packing is, compared in the same run with what else does it. Never part of a test.

.PHONY: bench bench-compression
##@ Checks
bench: out/libexec/rootfs ## measure rootfs pack against umoci, bsdtar and igzip; also out/bench.json
	@$(RUN) --tty --name bench --root test --in bench=tests/bench --in bin/rootfs=out/libexec/rootfs \
		--out bench.json=out/bench.json -- sh /mint/in/bench/bench

bench-compression: out/hello/nitro-x86_64/image.eif test-image-python out/libexec/rootfs out/libexec/eif $(vms_needed) ## measure size, packing and boot of plain, gzip and zstd ramdisks
	@$(RUN) --tty --name bench-compression --root test $(vms) --in bench=tests/bench --in bin/rootfs=out/libexec/rootfs \
		--in bin/eif=out/libexec/eif --in images/hello.eif=out/hello/nitro-x86_64/image.eif \
		--in images/python.eif=out/python/nitro-x86_64/image.eif -- sh /mint/in/bench/compression \
		'hello=ready on vsock port' 'python=serving on port'
