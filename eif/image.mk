# The image: kernel, command line and ramdisks become image.eif and measurements.json.

$(image_dir)/%/image.eif: $(parts)/%/kernel/bzImage $(parts)/%/ramdisk0.cpio $(image_dir)/%/initrd.cpio \
		kernel/cmdline/% kernel/words eif/assemble out/libexec/eif
	@$(RUN) --name $(recipe_name)-image --in kernel=$(parts)/$*/kernel --in cmdline=kernel/cmdline/$* \
		--in words=kernel/words --in ramdisk0.cpio=$(parts)/$*/ramdisk0.cpio \
		--in initrd.cpio=$(@D)/initrd.cpio --in manifest.json=$(@D)/manifest.json \
		--in bin/eif=out/libexec/eif --in assemble=eif/assemble \
		--out measurements.json=$(@D)/measurements.json --out image.eif=$@ \
		-- sh /mint/in/assemble $(recipe_name) $*

# What a person checks a download against.
$(image_dir)/SHA256SUMS: $(foreach t,$(TARGETS),$(image_dir)/$(t)/image.eif)
	@cd $(@D) && sha256sum $(foreach t,$(TARGETS),$(t)/image.eif $(t)/measurements.json $(t)/manifest.json) >.sums
	@mv -f $(@D)/.sums $@
