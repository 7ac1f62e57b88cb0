# The sources of PID 1 and of the NSM client, and how init is built.
INIT_SRC := init/attributes.c init/cmdcheck.c init/command.c init/console.c init/folders.c init/heartbeat.c \
	init/loopback.c init/machine.c init/main.c init/mounts.c init/newroot.c init/readfile.c init/refusal.c \
	init/rootcheck.c init/runspec.c init/supervise.c
NSM_SRC := init/nsm.c

inits := $(known_targets:%=$(parts)/%/init/init)

$(filter %-x86_64/init/init,$(inits)): $(parts)/x86_64/musl/lib/libc.a
$(filter %-aarch64/init/init,$(inits)): $(parts)/aarch64/musl/lib/libc.a
$(inits): $(parts)/%/init/init: $(wildcard init/*.[ch]) init/build kernel/words \
		kernel/cmdline/builtin-% kernel/cmdline/%
	@$(RUN) $(call for_arch,init,$(call arch_of,$*)) --in init=init --in kernel/words=kernel/words \
		--in kernel/cmdline=kernel/cmdline --in musl=$(parts)/$(call arch_of,$*)/musl --out init=$(@D) \
		--set MUSL_CC=/mint/in/musl/bin/musl-gcc --set OUT=/mint/out/init -- sh /mint/in/init/build $*
