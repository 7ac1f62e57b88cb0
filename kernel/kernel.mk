# The kernel: pinned source, fragments and patches in; bzImage and its final configuration out.

kernel_inputs := $(sort $(wildcard kernel/cmdline/* kernel/config/* kernel/patches/*)) \
	kernel/build kernel/check-config kernel/words recipes/linux/pins.lock
kernel := $(parts)/nitro-x86_64/kernel

$(kernel)/bzImage: $(kernel_inputs) $(toolchain)
	@$(RUN) --name linux --pin linux.tar.xz=recipes/linux/pins.lock --in kernel=kernel \
		--out kernel=$(@D) -- sh -c 'OUT=/mint/out/kernel; export OUT; mkdir $$OUT; sh /mint/in/kernel/build x86_64'
