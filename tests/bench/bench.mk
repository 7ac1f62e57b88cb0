# make bench: how fast packing is, compared in the same run with what else does it. Never part of a test.

.PHONY: bench
##@ Checks
bench: out/libexec/rootfs ## measure rootfs pack against umoci, bsdtar and igzip; also out/bench.json
	@$(RUN) --tty --name bench --root test --in bench=tests/bench --in bin/rootfs=out/libexec/rootfs \
		--out bench.json=out/bench.json -- sh /mint/in/bench/bench
