# The two ramdisks of an image. Ramdisk 0 holds init alone and is the same for every image of a target;
# ramdisk 1 holds the application's root below rootfs/ and the run specification.

rootfs_tool := --in bin/rootfs=out/libexec/rootfs
ramdisk0 := $(parts)/nitro-x86_64/ramdisk0.cpio

$(ramdisk0): $(init)/init out/libexec/rootfs
	@$(RUN) --name ramdisk0 --in init=$(init)/init $(rootfs_tool) --out ramdisk0.cpio=$@ \
		-- /mint/in/bin/rootfs pack --add init=/mint/in/init:0755 -o /mint/out/ramdisk0.cpio

# Where the root comes from: ROOTFS= on the command line, or the recipe's SOURCE.
source := $(if $(ROOTFS),$(ROOTFS),$(call recipe_get,SOURCE))
source_kind := $(firstword $(subst :, ,$(source)))
source_file := $(patsubst $(source_kind):%,%,$(source))
source_path := $(if $(ROOTFS)$(filter /%,$(source_file)),$(source_file),$(recipe_dir)/$(source_file))
image_dir := out/$(recipe_name)

.PHONY: FORCE
FORCE:

# Remembers what the last image was made of, so that another source makes another image.
$(image_dir)/source: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(source)' | cmp -s - $@ || printf '%s\n' '$(source)' >$@

ifeq ($(source_kind),program)
# One C file against musl and init/nsm.c; BUSYBOX = yes puts the small userland beside it.
packed := $(image_dir)/nitro-x86_64/root
packed_arg := dir:/mint/in/source
packed_by := $(packed)/bin
$(packed)/bin: $(image_dir)/source $(source_path) $(recipe_dir)/image.conf rootfs/program \
		$(NSM_SRC) init/nsm.h $(musl)/lib/libc.a $(busybox)/busybox
	@$(RUN) --name $(recipe_name)-program --in source.c=$(source_path) --in program=rootfs/program \
		--in init=init --in musl=$(musl) --in busybox=$(busybox) --out root=$(packed) \
		-- sh /mint/in/program $(basename $(notdir $(source_path))) $(call recipe_get,BUSYBOX)
else
# A folder or archive of the user's: make cannot see into it, so it is packed anew each time, and what
# stands on it is rebuilt only when the result differs.
packed := $(source_path)
packed_arg := $(source_kind):/mint/in/source
packed_by := FORCE
endif

$(image_dir)/%/initrd.cpio: $(image_dir)/source $(packed_by) $(recipe_dir)/image.conf rootfs/pack-image \
		env/recipe out/libexec/rootfs
	@mkdir -p $(@D)
	@env/recipe $(recipe_dir) runspec >$(@D)/runspec
	@$(RUN) --name $(recipe_name)-initrd --in source=$(packed) --in runspec=$(@D)/runspec \
		--in pack-image=rootfs/pack-image $(rootfs_tool) --out initrd=$(@D)/packed \
		-- sh /mint/in/pack-image $(packed_arg)
	@$(if $(filter FORCE,$(packed_by)),cmp -s $(@D)/packed/initrd.cpio $@ ||) mv -f $(@D)/packed/* $(@D)/
	@rm -rf $(@D)/packed
