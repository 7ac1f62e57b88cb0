# What runs in the guest beside kernel and init: the C library as a sysroot, and the small userland.

musl := $(parts)/x86_64/musl
busybox := $(parts)/x86_64/busybox

$(musl)/lib/libc.a: sysroot/musl sysroot/count recipes/musl/pins.lock $(toolchain)
	@$(RUN) --name musl --pin musl.tar.gz=recipes/musl/pins.lock --in sysroot=sysroot \
		--out musl=$(musl) -- sh /mint/in/sysroot/musl

$(busybox)/busybox: sysroot/busybox sysroot/busybox.config sysroot/count recipes/busybox/pins.lock $(musl)/lib/libc.a
	@$(RUN) --name busybox --pin busybox.tar.bz2=recipes/busybox/pins.lock --in sysroot=sysroot \
		--in musl=$(musl) --out busybox=$(busybox) -- sh /mint/in/sysroot/busybox
