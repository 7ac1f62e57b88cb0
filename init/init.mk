# The sources of PID 1 and of the NSM client, and how init is built.
INIT_SRC := $(filter-out init/nsm.c,$(sort $(wildcard init/*.c)))
NSM_SRC := init/nsm.c

inits := $(archs:%=$(parts)/nitro-%/init/init)

$(inits): $(parts)/nitro-%/init/init: $(wildcard init/*.[ch]) init/build kernel/words \
		kernel/cmdline/builtin-% kernel/cmdline/nitro-% $(parts)/%/musl/lib/libc.a
	@$(RUN) $(call for_arch,init,$*) --in init=init --in kernel/words=kernel/words \
		--in kernel/cmdline=kernel/cmdline --in musl=$(parts)/$*/musl --out init=$(@D) \
		--set MUSL_CC=/mint/in/musl/bin/musl-gcc --set OUT=/mint/out/init -- sh /mint/in/init/build nitro-$*
