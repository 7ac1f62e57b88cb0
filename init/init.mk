# The sources of PID 1 and of the NSM client, and how init is built.
INIT_SRC := init/attributes.c init/cmdcheck.c init/command.c init/console.c init/folders.c \
	init/loopback.c init/machine.c init/main.c init/mounts.c init/newroot.c init/parent.c init/readfile.c init/refusal.c \
	init/rootcheck.c init/runspec.c init/supervise.c
NSM_SRC := init/nsm.c

inits := $(archs:%=$(parts)/nitro-%/init/init)

$(inits): $(parts)/nitro-%/init/init: $(wildcard init/*.[ch]) init/build kernel/words \
		kernel/cmdline/builtin-% kernel/cmdline/nitro-% $(parts)/%/musl/lib/libc.a
	@$(RUN) $(call for_arch,init,$*) --in init=init --in kernel/words=kernel/words \
		--in kernel/cmdline=kernel/cmdline --in musl=$(parts)/$*/musl --out init=$(@D) \
		--set MUSL_CC=/mint/in/musl/bin/musl-gcc --set OUT=/mint/out/init -- sh /mint/in/init/build nitro-$*
