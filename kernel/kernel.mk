# The kernels: pinned source, fragments and patches in; an image for each target and its final configuration out.

kernel_nitro-x86_64 := $(parts)/nitro-x86_64/kernel/bzImage
kernel_nitro-aarch64 := $(parts)/nitro-aarch64/kernel/Image
kernel_cca-aarch64 := $(parts)/cca-aarch64/kernel/Image
# The folder of recipes/ that pins the source; patches and fragments of that source are called so, too.
linux_nitro-x86_64 := linux
linux_nitro-aarch64 := linux
linux_cca-aarch64 := linux-cca

# $(call kernel_files,TARGET): of all patches and fragments those that kernel/build takes.
kernel_files = $(wildcard kernel/cmdline/builtin-$1 \
	$(addsuffix /*.patch,$(addprefix kernel/patches/,. $(linux_$1) $(call arch_of,$1) $1)) \
	$(addsuffix .config,$(addprefix kernel/config/,base hardening net devices $(firstword $(subst -, ,$1)) \
	$(linux_$1) $(call arch_of,$1) hardening-$(call arch_of,$1) $(linux_$1)-$(call arch_of,$1))))

$(kernel_nitro-x86_64): target := nitro-x86_64
$(kernel_nitro-x86_64): $(call kernel_files,nitro-x86_64) recipes/linux/pins.lock
$(kernel_nitro-aarch64): target := nitro-aarch64
$(kernel_nitro-aarch64): $(call kernel_files,nitro-aarch64) recipes/linux/pins.lock $(cross_aarch64)
$(kernel_cca-aarch64): target := cca-aarch64
$(kernel_cca-aarch64): $(call kernel_files,cca-aarch64) recipes/linux-cca/pins.lock $(cross_aarch64)
$(foreach t,$(known_targets),$(kernel_$t)): kernel/build kernel/check-config kernel/words $(toolchain)
	@$(RUN) $(call for_arch,$(linux_$(target)),$(call arch_of,$(target))) \
		--pin linux.tar.xz=recipes/$(linux_$(target))/pins.lock --in kernel=kernel --out kernel=$(@D) -- sh -c \
		'OUT=/mint/out/kernel; export OUT; mkdir $$OUT; sh /mint/in/kernel/build $(target)'
