# The kernels: pinned source, fragments and patches in; an image for each processor and its final configuration out.

kernel_x86_64 := $(parts)/nitro-x86_64/kernel/bzImage
kernel_aarch64 := $(parts)/nitro-aarch64/kernel/Image
kernel_files := $(wildcard kernel/cmdline/* kernel/config/* kernel/patches/*.patch)

$(kernel_x86_64): arch := x86_64
$(kernel_x86_64): $(filter-out %aarch64 %aarch64.config,$(kernel_files))
$(kernel_aarch64): arch := aarch64
$(kernel_aarch64): $(filter-out %x86_64 %x86_64.config,$(kernel_files)) $(wildcard kernel/patches/aarch64/*) $(cross_aarch64)
$(kernel_x86_64) $(kernel_aarch64): kernel/build kernel/check-config kernel/words recipes/linux/pins.lock $(toolchain)
	@$(RUN) $(call for_arch,linux,$(arch)) --pin linux.tar.xz=recipes/linux/pins.lock --in kernel=kernel \
		--out kernel=$(@D) -- sh -c \
		'OUT=/mint/out/kernel; export OUT; mkdir $$OUT; sh /mint/in/kernel/build $(arch)'
