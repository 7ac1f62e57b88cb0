# The image: kernel, command line and ramdisks become image.eif, measurements.json and buildinfo.json.

$(image_dir)/%/image.eif: $(parts)/%/kernel/bzImage $(parts)/%/ramdisk0.cpio $(image_dir)/%/initrd.cpio \
		$(image_dir)/%/manifest.json kernel/cmdline/% kernel/words eif/assemble out/libexec/eif
	@$(RUN) --name $(recipe_name)-image --in kernel=$(parts)/$*/kernel --in cmdline=kernel/cmdline/$* \
		--in words=kernel/words --in ramdisk0.cpio=$(parts)/$*/ramdisk0.cpio \
		--in initrd.cpio=$(@D)/initrd.cpio --in manifest.json=$(@D)/manifest.json \
		--in bin/eif=out/libexec/eif --in assemble=eif/assemble \
		--out measurements.json=$(@D)/measurements.json --out image.eif=$@ \
		-- sh /mint/in/assemble $(recipe_name) $*

# What a step sees, and the programs of the environment: looked at once for each environment.
observed := $(parts)/toolchain/observed
$(observed): env/observe env/run env/enter $(toolchain)
	@$(RUN) --name observe --in observe=env/observe --out observed=$@ -- sh /mint/in/observe

# All that could influence the image. Hashed anew in each run; stays as it is when nothing changed.
$(image_dir)/inputs: FORCE
	@mkdir -p $(@D)
	@env/inputs $(recipe_dir) $@ $(sources)

# What went in, what made it, what came out. A lock file is called by its place in the recipe, or by its name alone.
named_locks := $(foreach l,$(recipe_locks),$(if $(filter $(recipe_dir)/%,$l),$(l:$(recipe_dir)/%=recipe/%),$(notdir $l)):$l)
$(image_dir)/%/buildinfo.json: $(image_dir)/%/image.eif $(image_dir)/%/blobs $(image_dir)/inputs $(observed) $(elf_files) \
		$(image_pins) recipes/toolchain/root.sha256 env/buildinfo ci/components ci/components-sums
	@env/buildinfo $(recipe_name) $* $(image_dir)/inputs $(observed) $(image_pins) $(named_locks) >$@.tmp
	@mv -f $@.tmp $@

# What a person checks a download against.
$(image_dir)/SHA256SUMS: $(foreach t,$(TARGETS),$(addprefix $(image_dir)/$(t)/,initrd.cpio manifest.json blobs image.eif buildinfo.json))
	@cd $(@D) && sha256sum $(foreach t,$(TARGETS), \
		$(addprefix $(t)/,image.eif measurements.json manifest.json buildinfo.json)) >.sums
	@mv -f $(@D)/.sums $@
