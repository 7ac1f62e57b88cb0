# The image: kernel, command line and ramdisks become image.eif, measurements.json and buildinfo.json.

$(image_dir)/nitro-x86_64/image.eif: $(kernel_nitro-x86_64)
$(image_dir)/nitro-aarch64/image.eif: $(kernel_nitro-aarch64)
$(image_dir)/%/image.eif: $(parts)/%/ramdisk0.cpio $(image_dir)/%/initrd.cpio \
		$(image_dir)/%/manifest.json kernel/cmdline/% kernel/words eif/assemble eif/pcr16 out/libexec/eif
	@$(RUN) --name $(recipe_name)-image --in kernel=$(parts)/$*/kernel --in cmdline=kernel/cmdline/$* \
		--in words=kernel/words --in ramdisk0.cpio=$(parts)/$*/ramdisk0.cpio \
		--in initrd.cpio=$(@D)/initrd.cpio --in manifest.json=$(@D)/manifest.json \
		--in bin/eif=out/libexec/eif --in assemble=eif/assemble --in pcr16=eif/pcr16 \
		--out measurements.json=$(@D)/measurements.json --out image.eif=$@ \
		-- sh /mint/in/assemble $(recipe_name) $* $(call recipe_get,CONFIG)

# Made with it, and first.
$(image_dir)/nitro-%/measurements.json: $(image_dir)/nitro-%/image.eif ;

# What a step sees, and the programs of the environment: looked at once for each environment.
observed_x86_64 := $(parts)/toolchain/observed
observed_aarch64 := $(parts)/cross-aarch64/observed
$(observed_x86_64): arch := x86_64
$(observed_aarch64): arch := aarch64
$(observed_aarch64): $(cross_aarch64)
$(observed_x86_64) $(observed_aarch64): env/observe env/run env/enter $(toolchain)
	@$(RUN) $(call for_arch,observe,$(arch)) --in observe=env/observe --out observed=$@ -- sh /mint/in/observe

# All that could influence the image. Hashed anew in each run; stays as it is when nothing changed.
$(image_dir)/inputs: FORCE
	@mkdir -p $(@D)
	@env/inputs $(recipe_dir) $@ $(sources)

# What went in, what made it, what came out. A lock file is called by its place in the recipe, or by its name alone.
named_locks := $(foreach l,$(recipe_locks),$(if $(filter $(recipe_dir)/%,$l),$(l:$(recipe_dir)/%=recipe/%),$(notdir $l)):$l)
$(image_dir)/nitro-x86_64/buildinfo.json: $(image_dir)/nitro-x86_64/image.eif
$(image_dir)/nitro-aarch64/buildinfo.json: $(image_dir)/nitro-aarch64/image.eif $(observed_aarch64) $(cross_aarch64)
$(image_dir)/cca-aarch64/buildinfo.json: $(image_dir)/cca-aarch64/image.igvm $(observed_aarch64) $(cross_aarch64)
$(image_dir)/%/buildinfo.json: $(image_dir)/%/blobs $(image_dir)/inputs $(observed_x86_64) out/libexec/rootfs \
		$(call pins_of,) recipes/toolchain/root.sha256 env/buildinfo ci/components ci/components-sums
	@env/buildinfo $(recipe_name) $* $(image_dir)/inputs $(observed_$(call arch_of,$*)) $(call pins_of,$*) $(named_locks) >$@.tmp
	@mv -f $@.tmp $@

# Remembers of which targets the last list was.
$(image_dir)/targets: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(TARGETS)' | cmp -s - $@ || printf '%s\n' '$(TARGETS)' >$@

# What a person checks a download against: what is handed over of each target, and what is made beside it.
results_nitro := image.eif measurements.json manifest.json buildinfo.json
results = $(addprefix $1/,$(results_$(firstword $(subst -, ,$1))))
$(image_dir)/SHA256SUMS: $(image_dir)/targets $(foreach t,$(TARGETS),$(addprefix $(image_dir)/,$(call results,$t) \
		$t/initrd.cpio $t/blobs))
	@cd $(@D) && sha256sum $(foreach t,$(TARGETS),$(call results,$t)) >.sums
	@mv -f $(@D)/.sums $@
