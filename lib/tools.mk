# The commands of this project: built against the pinned environment for out/bin, or against the host's
# own libraries by `make install`.

include rootfs/rootfs.mk
include eif/eif.mk
include cca-image/realm.mk
include attest/sources.mk

LIB_SRC := lib/err.c lib/hash.c lib/outfile.c
tools := attest eif realm rootfs
tool_attest_src := $(LIB_SRC) $(ATTEST_LIB_SRC) $(ATTEST_SRC)
tool_eif_src := $(LIB_SRC) $(EIF_LIB_SRC) $(EIF_SRC)
tool_realm_src := $(LIB_SRC) $(REALM_LIB_SRC) $(REALM_SRC)
tool_rootfs_src := $(LIB_SRC) $(ROOTFS_LIB_SRC) $(ROOTFS_SRC)
tool_attest_libs := $(ATTEST_LIBS)
tool_eif_libs := $(EIF_LIBS)
tool_realm_libs := $(REALM_LIBS)
tool_rootfs_libs := $(ROOTFS_LIBS)
# A room that is not called after its command, an environment that has more than the others'.
tool_realm_room := cca-image
tool_realm_root := --root realm
tool_room = $(or $(tool_$*_room),$*)

CWARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-Wundef -Wvla -Werror=date-time
CHARD_ALL := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong
CHARD_LINK := -Wl,-z,relro -Wl,-z,now
CHARD := $(CHARD_ALL) -fPIE -pie $(CHARD_LINK) -Wl,--build-id=none
CBASE := -std=gnu17 -O2 -D_GNU_SOURCE -Ilib

bin_files := $(tools:%=out/bin/%)
elf_files := $(tools:%=out/libexec/%)

$(elf_files): out/libexec/%: lib/build-tool $(toolchain)
	@$(RUN) --name tool-$* $(tool_$*_root) --in src/lib=lib --in src/$(tool_room)=$(tool_room) --out $*=$@ \
		-- sh /mint/in/src/lib/build-tool $* "$(CBASE) $(CWARN) -Werror $(CHARD)" \
		"$(tool_$*_src)" "$(tool_$*_libs)"
out/libexec/attest: $(tool_attest_src) $(wildcard lib/*.h attest/*.h) lib/tools.mk attest/sources.mk
out/libexec/eif: $(tool_eif_src) $(wildcard lib/*.h eif/*.h) lib/tools.mk eif/eif.mk
out/libexec/realm: $(tool_realm_src) $(wildcard lib/*.h cca-image/*.h) lib/tools.mk cca-image/realm.mk $(realm_root)
out/libexec/rootfs: $(tool_rootfs_src) $(wildcard lib/*.h rootfs/*.h) lib/tools.mk rootfs/rootfs.mk

# They run on any host because they bring the environment's loader and libraries along.
$(bin_files): out/bin/%: out/libexec/% env/launcher env/unpack $(toolchain)
	@mkdir -p out/bin && env/launcher $* >$@.tmp && chmod +x $@.tmp && mv -f $@.tmp $@

.PHONY: tools install
##@ Commands
tools: $(bin_files) ## build the commands attest, eif, realm and rootfs in out/bin

PREFIX ?= /usr/local
DESTDIR ?=
install: export PREFIX := $(PREFIX)
install: export DESTDIR := $(DESTDIR)
install: export CC := $(CC)
install: export CFLAGS := $(CFLAGS)
install: export LDFLAGS := $(LDFLAGS)
install: ## build commands and C libraries with the host's compiler and libraries, install them below PREFIX
	@lib/install "$(CBASE) $(CWARN)" "$(CHARD_ALL) $(CHARD_LINK)" "$(tool_eif_libs)" "$(tool_eif_src)" \
		"$(tool_rootfs_libs)" "$(tool_rootfs_src)" "$(LIB_SRC) $(EIF_LIB_SRC)" \
		"$(tool_realm_libs)" "$(tool_realm_src)" "$(tool_attest_libs)" "$(tool_attest_src)" \
		"$(LIB_SRC) $(ATTEST_LIB_SRC)"
