# What is handed to others: the release folder, and the digests that everybody's build is compared with.

.PHONY: publishable publish expect
publishable:
	@ROOTFS='$(ROOTFS)' attest/publishable $(MAKECMDGOALS)

##@ Publishing
publish: publishable image ## lay down the release folder of RECIPE in out/RECIPE/release
	@attest/publish $(recipe_dir) $(TARGETS)

expect: publishable image ## write what this build came to into the recipe's expected/, show what changed
	@ROOTFS='$(ROOTFS)' attest/expect $(recipe_dir) $(TARGETS)
