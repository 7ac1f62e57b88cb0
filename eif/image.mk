# The image: kernel, command line and ramdisks become image.eif, measurements.json and buildinfo.json.

$(image_dir)/nitro-x86_64/image.eif: $(kernel_x86_64)
$(image_dir)/nitro-aarch64/image.eif: $(kernel_aarch64)
$(image_dir)/%/image.eif: $(parts)/%/ramdisk0.cpio $(image_dir)/%/initrd.cpio \
		$(image_dir)/%/manifest.json kernel/cmdline/% kernel/words eif/assemble out/libexec/eif
	@$(RUN) --name $(recipe_name)-image --in kernel=$(parts)/$*/kernel --in cmdline=kernel/cmdline/$* \
		--in words=kernel/words --in ramdisk0.cpio=$(parts)/$*/ramdisk0.cpio \
		--in initrd.cpio=$(@D)/initrd.cpio --in manifest.json=$(@D)/manifest.json \
		--in bin/eif=out/libexec/eif --in assemble=eif/assemble \
		--out measurements.json=$(@D)/measurements.json --out image.eif=$@ \
		-- sh /mint/in/assemble $(recipe_name) $*

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
$(image_dir)/nitro-aarch64/buildinfo.json: $(observed_aarch64) $(cross_aarch64)
$(image_dir)/%/buildinfo.json: $(image_dir)/%/image.eif $(image_dir)/%/blobs $(image_dir)/inputs $(observed_x86_64) out/libexec/eif out/libexec/rootfs \
		$(call pins_of,) recipes/toolchain/root.sha256 env/buildinfo ci/components ci/components-sums
	@env/buildinfo $(recipe_name) $* $(image_dir)/inputs $(observed_$(*:nitro-%=%)) $(call pins_of,$*) $(named_locks) >$@.tmp
	@mv -f $@.tmp $@

# Remembers of which targets the last list was.
$(image_dir)/targets: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(TARGETS)' | cmp -s - $@ || printf '%s\n' '$(TARGETS)' >$@

# What a person checks a download against.
$(image_dir)/SHA256SUMS: $(image_dir)/targets $(foreach t,$(TARGETS),$(addprefix $(image_dir)/$(t)/,initrd.cpio manifest.json blobs image.eif buildinfo.json))
	@cd $(@D) && sha256sum $(foreach t,$(TARGETS), \
		$(addprefix $(t)/,image.eif measurements.json manifest.json buildinfo.json)) >.sums
	@mv -f $(@D)/.sums $@
