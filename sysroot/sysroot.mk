# What runs in the guest beside kernel and init: the C library as a sysroot, and the small userland.

# What only the tests run in a guest is built for this processor.
musl := $(parts)/x86_64/musl
busybox := $(parts)/x86_64/busybox
musls := $(archs:%=$(parts)/%/musl/lib/libc.a)
busyboxes := $(archs:%=$(parts)/%/busybox/busybox)
$(parts)/aarch64/musl/lib/libc.a $(parts)/aarch64/busybox/busybox: $(cross_aarch64)

$(musls): $(parts)/%/musl/lib/libc.a: sysroot/musl sysroot/count recipes/musl/pins.lock $(toolchain)
	@$(RUN) $(call for_arch,musl,$*) --pin musl.tar.gz=recipes/musl/pins.lock --in sysroot=sysroot \
		--out musl=$(parts)/$*/musl -- sh /mint/in/sysroot/musl $*

$(busyboxes): $(parts)/%/busybox/busybox: sysroot/busybox sysroot/busybox.config sysroot/count \
		recipes/busybox/pins.lock $(parts)/%/musl/lib/libc.a
	@$(RUN) $(call for_arch,busybox,$*) --pin busybox.tar.bz2=recipes/busybox/pins.lock --in sysroot=sysroot \
		--in musl=$(parts)/$*/musl --out busybox=$(@D) -- sh /mint/in/sysroot/busybox $*
