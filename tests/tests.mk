# What only tests need.

qemu := $(parts)/test/qemu
$(qemu)/qemu-system-x86_64: tests/boot/build-qemu sysroot/count recipes/qemu/pins.lock $(test_root)
	@$(RUN) --name qemu --root test --pin qemu.tar.xz=recipes/qemu/pins.lock --in boot=tests/boot \
		--in sysroot=sysroot --out qemu=$(@D) -- sh /mint/in/boot/build-qemu

# The parent VM's whole root is one static program; the kernel is the enclaves'. So it is with images that ask for PCRs.
parent := $(parts)/test/parent
$(parent)/parent.cpio: tests/boot/parent.c tests/boot/pcrs.c tests/boot/probe.c tests/boot/build-parent init/nsm/nsm.c init/nsm/nsm.h \
		$(musl)/lib/libc.a out/libexec/rootfs
	@$(RUN) --name parent --in boot=tests/boot --in init=init --in musl=$(musl) $(rootfs_tool) --out parent=$(@D) \
		-- sh /mint/in/boot/build-parent

$(parts)/test/ask: tests/boot/ask.c $(LIB_SRC) $(wildcard lib/*.h) $(test_root)
	@$(RUN) --name ask --root test --in boot=tests/boot --in lib=lib --out ask=$@ -- \
		sh -c 'gcc $(CBASE) $(CWARN) -I/mint/in/lib -o /mint/out/ask /mint/in/boot/ask.c /mint/in/lib/*.c -lcbor -lcrypto'

# Evidence under a test root, for the command's tests.
mkevidence_src := tests/attest/mkevidence.c tests/attest/forge.c attest/text.c lib/ecdsa.c lib/items.c lib/hash.c lib/err.c
$(parts)/test/mkevidence: $(mkevidence_src) tests/attest/forge.h $(wildcard lib/*.h attest/*.h) $(test_root)
	@$(RUN) --name mkevidence --root test --in src/tests/attest=tests/attest --in src/attest=attest --in src/lib=lib \
		--out mkevidence=$@ -- sh -c 'cd /mint/in/src && gcc $(CBASE) $(CWARN) -Iattest -o /mint/out/mkevidence \
		$(mkevidence_src) $(ATTEST_LIBS)'

# GitHub's own parser of workflows, which a test asks: packages of npm, laid where node looks for them.
parser := $(parts)/test/workflow-parser
$(parser)/yaml/package.json: tests/ci/lay-parser recipes/workflow-parser/pins.lock $(toolchain)
	@tests/ci/lay-parser recipes/workflow-parser/pins.lock $(parser)

vms := --in boot=tests/boot --in qemu=$(qemu) --in kernel=$(parts)/nitro-x86_64/kernel \
	--in parent.cpio=$(parent)/parent.cpio --in ask=$(parts)/test/ask
vms_needed := $(qemu)/qemu-system-x86_64 $(parent)/parent.cpio $(parts)/test/ask

# An image of aarch64 boots beside the same parent, which is not of its processor.
vms_aarch64 := --in bin/eif=out/libexec/eif
vms_aarch64_needed := $(kernel_nitro-x86_64) out/libexec/eif
other := $(if $(filter %-aarch64,$(TARGET)),aarch64)
# What is booted: an image of Nitro is one file, a realm's parts lie in a folder.
booted := image.$(if $(filter cca-%,$(TARGET)),igvm,eif)

.PHONY: run
##@ Images
ifeq ($(REALM),1)
$(if $(filter cca-%,$(TARGET)),,$(error REALM=1: TARGET=cca-aarch64 expected, found $(TARGET)))
$(if $(RMM_STACK),,$(error REALM=1: RMM_STACK=FOLDER expected, found none; docs/cca.md says what it has to hold))
run: $(target_dir)/$(booted) out/bin/realm out/bin/rootfs
	@cca-image/run-realm $(RMM_STACK) $(<D)
else
run: $(target_dir)/$(booted) $(vms_needed) $(if $(other),$(vms_$(other)_needed)) ## boot the image in QEMU with a parent instance beside it (in a realm: docs/cca.md)
	@$(RUN) --tty --name run --root test $(vms) $(if $(other),$(vms_$(other))) --in $(if $(filter cca-%,$(TARGET)),realm=$(<D),image.eif=$<) \
		--out document=$(target_dir)/document -- sh /mint/in/boot/run-image $(TARGET)
endif

# Unit tests: each room's library under the sanitizers.
units := $(addprefix $(parts)/test/unit/test_,cca config eif init log measure nitro publish rootfs services signature stream)
unit_eif_src := $(LIB_SRC) $(EIF_LIB_SRC)
unit_eif_libs := $(EIF_LIBS)
unit_rootfs_src := $(LIB_SRC) $(ROOTFS_LIB_SRC)
unit_rootfs_libs := $(ROOTFS_LIBS)
unit_init_src := $(filter-out init/main.c,$(INIT_SRC)) $(NSM_SRC) init/tsm/tsm.c
unit_init_flags := -Iinit/nsm -Iinit/tsm -isystem libtomcrypt

# The room of a test that is not called after it.
unit_attest_src := $(LIB_SRC) $(ATTEST_LIB_SRC) tests/attest/forge.c
unit_cca_room := attest
unit_cca_src := $(unit_attest_src)
unit_cca_libs := $(ATTEST_LIBS)
unit_log_room := attest
unit_log_src := $(LIB_SRC) $(ATTEST_LIB_SRC)
unit_log_libs := $(ATTEST_LIBS)
unit_publish_room := attest
unit_publish_src := $(LIB_SRC) $(ATTEST_LIB_SRC)
unit_publish_libs := $(ATTEST_LIBS)
unit_nitro_room := attest
unit_nitro_src := $(unit_attest_src)
unit_nitro_libs := $(ATTEST_LIBS)
unit_config_room := rootfs
unit_config_src := $(unit_rootfs_src)
unit_config_libs := $(ROOTFS_LIBS)
unit_measure_room := eif
unit_measure_src := $(unit_eif_src)
unit_measure_libs := $(EIF_LIBS)
unit_services_room := init
unit_services_src := $(addprefix init/,attest/request.c attest/respond.c ports/forward.c ports/rule.c service/confine.c nsm/nsm.c tsm/tsm.c)
unit_services_flags := $(addprefix -Iinit/,attest nsm ports service tsm)
unit_signature_room := eif
unit_signature_src := $(unit_eif_src)
unit_signature_libs := $(EIF_LIBS)
unit_stream_room := rootfs
unit_stream_src := $(unit_rootfs_src)
unit_stream_libs := $(ROOTFS_LIBS)
unit_room = $(or $(unit_$*_room),$*)

$(units): $(parts)/test/unit/test_%: tests/build-unit $(libtomcrypt) $(test_root)
	@$(RUN) --name unit-$* --root test --in build-unit=tests/build-unit --in src/lib=lib --in src/libtomcrypt=$(parts)/libtomcrypt \
		--in src/$(unit_room)=$(unit_room) --in src/tests/$(unit_room)=tests/$(unit_room) --out test_$*=$@ \
		-- sh /mint/in/build-unit $(unit_room) $* "$(CBASE) $(CWARN) $(unit_$*_flags)" "$(unit_$*_src)" "$(unit_$*_libs)"
$(addprefix $(parts)/test/unit/test_,cca log nitro publish): $(unit_attest_src) tests/attest/forge.h $(wildcard lib/*.h attest/*.h)
$(parts)/test/unit/test_cca: tests/attest/test_cca.c
$(parts)/test/unit/test_log: tests/attest/test_log.c
$(parts)/test/unit/test_publish: tests/attest/test_publish.c
$(parts)/test/unit/test_nitro: tests/attest/test_nitro.c
$(parts)/test/unit/test_eif: $(unit_eif_src) tests/eif/test_eif.c $(wildcard lib/*.h eif/*.h)
$(parts)/test/unit/test_measure: $(unit_eif_src) tests/eif/test_measure.c $(wildcard lib/*.h eif/*.h)
$(parts)/test/unit/test_config: $(unit_rootfs_src) tests/rootfs/test_config.c $(wildcard lib/*.h rootfs/*.h)
$(parts)/test/unit/test_rootfs: $(unit_rootfs_src) tests/rootfs/test_rootfs.c $(wildcard lib/*.h rootfs/*.h)
$(parts)/test/unit/test_init: $(unit_init_src) tests/init/test_init.c $(wildcard init/*.h init/nsm/*.h init/tsm/*.h)
$(parts)/test/unit/test_services: $(unit_services_src) tests/init/test_services.c $(wildcard init/*.h init/*/*.h)
$(parts)/test/unit/test_signature: $(unit_eif_src) tests/eif/test_signature.c $(wildcard lib/*.h eif/*.h)
$(parts)/test/unit/test_stream: $(unit_rootfs_src) tests/rootfs/test_stream.c $(wildcard lib/*.h rootfs/*.h)

# Images of other recipes than RECIPE are made by a make of their own, one after the other: they share their parts.
test_images := $(addprefix test-image-,$(test_recipes))
.PHONY: test $(test_images)
$(test_images): test-image-%: out/hello/nitro-x86_64/image.eif
	@+$(MAKE) image RECIPE=$* ROOTFS= >/dev/null
##@ Checks
test: out/hello/nitro-x86_64/image.eif $(bin_files) $(parts)/test/mkevidence $(vms_needed) $(units) $(test_images) ## run all tests; boots the image in QEMU
	@tests/run

# Apart from the others: they would wait for a second kernel.
$(parts)/test/aarch64/probe: tests/boot/probe.c tests/boot/build-parent $(parts)/aarch64/musl/lib/libc.a
	@$(RUN) $(call for_arch,probe,aarch64) --in boot=tests/boot --in init=init --in musl=$(parts)/aarch64/musl \
		--set ARCH=aarch64 --out parent=$(@D) -- sh /mint/in/boot/build-parent probe
.PHONY: test-aarch64
test-aarch64: $(vms_needed) $(vms_aarch64_needed) $(parts)/test/aarch64/probe $(parts)/aarch64/busybox/busybox ## build hello for nitro-aarch64, boot it in QEMU; not part of make test
	@+$(MAKE) out/hello/nitro-aarch64/image.eif RECIPE=hello ROOTFS= TARGETS=nitro-aarch64 >/dev/null
	@$(RUN) --tty --name test-aarch64 --root test $(vms) $(vms_aarch64) --in tests=tests --in bin/rootfs=out/libexec/rootfs \
		--in aarch64/probe=$(parts)/test/aarch64/probe --in aarch64/busybox=$(parts)/aarch64/busybox --set ARCH=aarch64 \
		--in images/aarch64.eif=out/hello/nitro-aarch64/image.eif --out consoles=out/test/consoles-aarch64 \
		-- sh -c 'cd /mint/in/boot && prove -v --merge --exec sh aarch64.t init.t helpers.t confine.t parent.t platform.t'

# The emulated machine is no realm, so that it boots the image that is content with any machine.
.PHONY: test-cca
test-cca: $(vms_needed) $(vms_aarch64_needed) out/libexec/realm ## build hello-plain for cca-aarch64, boot it in QEMU; not part of make test
	@+$(MAKE) out/hello-plain/cca-aarch64/image.igvm out/hello-plain/nitro-aarch64/initrd.cpio RECIPE=hello-plain ROOTFS= \
		TARGETS=cca-aarch64 >/dev/null
	@$(RUN) --tty --name test-cca --root test $(vms) $(vms_aarch64) --in tests=tests \
		--in realm=out/hello-plain/cca-aarch64 --in nitro.cpio=out/hello-plain/nitro-aarch64/initrd.cpio \
		--in ramdisk0.cpio=$(parts)/cca-aarch64/ramdisk0.cpio --in release=$(parts)/cca-aarch64/kernel/kernel.release \
		--in bin/realm=out/libexec/realm --in layouts=cca-image/layouts \
		-- prove -v --merge --exec sh /mint/in/boot/cca.t

# Pages in a browser, which has an environment of its own; what needs none is in tests/attest/site.t.
browser_root := $(toolchain) recipes/browser/pins.lock recipes/browser/root.sha256
out/test/site: out/libexec/attest tests/attest/lay-site tests/attest/site.sh $(test_root)
	@$(RUN) --name lay-site --root test --in bin/attest=out/libexec/attest --in tests=tests --out site=$@ -- sh /mint/in/tests/attest/lay-site
	@touch $@
.PHONY: test-site
test-site: out/test/site $(browser_root) recipes/axe-core/pins.lock ## look at the pages of make site in Chromium, with axe-core and screenshots; not part of make test
	@$(RUN) --tty --name test-site --root browser --in site=$< --in browse.py=tests/attest/browse.py --pin axe.tgz=recipes/axe-core/pins.lock \
		--out screenshots=out/test/screenshots -- python3 /mint/in/browse.py /mint/in/site /mint/in/axe.tgz /mint/out/screenshots
	@test ! -e out/test/screenshots/failed
