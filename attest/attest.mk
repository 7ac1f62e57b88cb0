# What is handed to others: the release folder, and the digests that everybody's build is compared with.

.PHONY: publishable publish expect
publishable:
	@ROOTFS='$(ROOTFS)' attest/publishable $(MAKECMDGOALS)

##@ Publishing
publish: publishable image out/bin/attest ## lay down the release folder of RECIPE in out/RECIPE/release, sign it with KEY for SIGNER; with PREVIOUS=folder, roll-over policies
	@attest/publish $(recipe_dir) $(TARGETS)

.PHONY: site
site: out/bin/attest ## write static pages about the releases in RELEASES and their LOG into out/site
	@attest/render $(recipe_name)

$(image_dir)/%/sbom.spdx.json: $(image_dir)/%/initrd.cpio attest/sbom out/libexec/rootfs $(image_pins)
	@attest/sbom $(recipe_dir) $* $(@D)
$(image_dir)/cca-%/sbom.spdx.json: $(image_dir)/cca-%/ramdisk1/initrd.cpio attest/sbom out/libexec/rootfs $(image_pins)
	@attest/sbom $(recipe_dir) cca-$* $(@D)

.PHONY: sbom lint
sbom: $(TARGETS:%=$(image_dir)/%/sbom.spdx.json) ## write bills of materials of the image, SPDX and CycloneDX, beside it
	@ls -l $(foreach t,$(TARGETS),$(image_dir)/$(t)/sbom.spdx.json $(image_dir)/$(t)/sbom.cdx.json)

lint: $(target_dir)/$(if $(filter cca-%,$(TARGET)),ramdisk1/)initrd.cpio out/bin/rootfs ## list what had better not be in the image of RECIPE
	@out/bin/rootfs lint cpio:$<

expect: publishable image ## write what this build came to into the recipe's expected/, show what changed
	@ROOTFS='$(ROOTFS)' attest/expect $(recipe_dir) $(TARGETS)
