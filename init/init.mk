# The sources of PID 1 and of the NSM client, and how init is built.
INIT_SRC := $(sort $(wildcard init/*.c))
NSM_SRC := init/nsm/nsm.c

# SHA-384, as libtomcrypt's authors wrote it: what init/sha384.c compiles.
libtomcrypt := $(parts)/libtomcrypt/hashes/sha2/sha384.c
$(libtomcrypt): recipes/libtomcrypt/pins.lock init/unpack-libtomcrypt $(toolchain)
	@$(RUN) --name libtomcrypt --pin libtomcrypt.tar.xz=recipes/libtomcrypt/pins.lock \
		--in unpack-libtomcrypt=init/unpack-libtomcrypt --out libtomcrypt=$(parts)/libtomcrypt \
		-- sh /mint/in/unpack-libtomcrypt

# The programs of ramdisk 0 are made together.
inits := $(known_targets:%=$(parts)/%/init/init)

$(filter %-x86_64/init/init,$(inits)): $(parts)/x86_64/musl/lib/libc.a
$(filter %-aarch64/init/init,$(inits)): $(parts)/aarch64/musl/lib/libc.a
$(inits): $(parts)/%/init/init: $(wildcard init/*.[ch] init/*/*.[ch]) init/build kernel/words \
		kernel/cmdline/builtin-% kernel/cmdline/% $(libtomcrypt)
	@$(RUN) $(call for_arch,init,$(call arch_of,$*)) --in init=init --in kernel/words=kernel/words \
		--in kernel/cmdline=kernel/cmdline --in libtomcrypt=$(parts)/libtomcrypt \
		--in musl=$(parts)/$(call arch_of,$*)/musl --out init=$(@D) \
		--set MUSL_CC=/mint/in/musl/bin/musl-gcc --set OUT=/mint/out/init -- sh /mint/in/init/build $*
