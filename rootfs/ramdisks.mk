# The two ramdisks of an image. Ramdisk 0 holds init and what init starts for an application that asks for it, and is the
# same for every image of a target; ramdisk 1 holds the application's root below rootfs/ and the run specification.

rootfs_tool := --in bin/rootfs=out/libexec/rootfs
ramdisk0s := $(known_targets:%=$(parts)/%/ramdisk0.cpio)

$(ramdisk0s): $(parts)/%/ramdisk0.cpio: $(parts)/%/init/init out/libexec/rootfs
	@$(RUN) --name ramdisk0 --in init=$(<D) $(rootfs_tool) --out ramdisk0.cpio=$@ \
		-- /mint/in/bin/rootfs pack $(foreach p,init attest ports,--add $p=/mint/in/init/$p:$(if $(filter init,$p),0755,0711)) -o /mint/out/ramdisk0.cpio

image_dir := out/$(recipe_name)

.PHONY: FORCE
FORCE:

# Remembers what the last image was made of, so that another source makes another image.
$(image_dir)/source: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(sources)' | cmp -s - $@ || printf '%s\n' '$(sources)' >$@

# One C file against musl and init/nsm/nsm.c; BUSYBOX = yes puts the small userland beside it.
program := $(patsubst program:%,%,$(filter program:%,$(sources)))
program_roots := $(known_targets:%=$(image_dir)/%/root/bin)
$(filter %-x86_64/root/bin,$(program_roots)): $(parts)/x86_64/musl/lib/libc.a $(parts)/x86_64/busybox/busybox
$(filter %-aarch64/root/bin,$(program_roots)): $(parts)/aarch64/musl/lib/libc.a $(parts)/aarch64/busybox/busybox
$(program_roots): $(image_dir)/%/root/bin: $(image_dir)/source $(image_dir)/inputs $(program) $(recipe_dir)/image.conf \
		rootfs/program $(NSM_SRC) init/nsm/nsm.h
	@$(RUN) $(call for_arch,$(recipe_name)-program,$(call arch_of,$*)) --in source.c=$(program) --in program=rootfs/program \
		--in init=init --in musl=$(parts)/$(call arch_of,$*)/musl --in busybox=$(parts)/$(call arch_of,$*)/busybox \
		--out root=$(@D) \
		-- sh /mint/in/program $(basename $(notdir $(program))) $(call recipe_get,BUSYBOX)

# What a digest pins does not change. Folders and archives of the user's: make cannot see into them, so they are
# packed anew each time, and what stands on them is rebuilt only when the result differs. A file that was replaced by an
# older one makes inputs newer.
packed_by := $(recipe_locks) \
	$(if $(filter-out program:% debs:% docker://% docker-daemon:%,$(sources)),FORCE)

packed_from := $(image_dir)/source $(image_dir)/inputs $(packed_by) $(recipe_dir)/image.conf \
	rootfs/pack-recipe rootfs/pack-image rootfs/image-layout env/json.awk env/recipe out/libexec/rootfs
# $(call pack,TARGET)
define pack
	@rootfs/pack-recipe $(recipe_dir) $1 $(call recipe_get,COMPRESSION) $(image_dir)/inputs $(@D) \
		$(image_dir)/$1/root $(sources)
	@$(if $(filter FORCE,$(packed_by)),,touch $@)
endef

$(image_dir)/%/initrd.cpio: $(if $(program),$(image_dir)/%/root/bin) $(packed_from)
	$(call pack,$*)
# A realm is handed both ramdisks as one, so that its second one has a place of its own.
$(image_dir)/cca-%/ramdisk1/initrd.cpio: $(if $(program),$(image_dir)/cca-%/root/bin) $(packed_from)
	$(call pack,cca-$*)

# Made with it; newer when they differ.
$(image_dir)/%/manifest.json: $(image_dir)/%/initrd.cpio ;
$(image_dir)/%/blobs: $(image_dir)/%/initrd.cpio ;
