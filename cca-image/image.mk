# The realm: kernel and both ramdisks, as a VMM is handed them.

cca_image := $(image_dir)/cca-aarch64
results_cca := kernel initrd.cpio manifest.json

# initrd.cpio is made last, by the step that also makes kernel and manifest.json: what a realm consists of.
# The image and its measurements (image.igvm, image.dtb, measurements.json) belong here: cca-image/assemble makes them of
# the same inputs, and results_cca names them.
$(cca_image)/initrd.cpio: $(kernel_cca-aarch64) $(parts)/cca-aarch64/ramdisk0.cpio $(cca_image)/ramdisk1/initrd.cpio \
		$(cca_image)/ramdisk1/manifest.json kernel/cmdline/cca-aarch64 kernel/words cca-image/assemble
	@$(RUN) --name $(recipe_name)-realm --in kernel=$(parts)/cca-aarch64/kernel --in cmdline=kernel/cmdline/cca-aarch64 \
		--in words=kernel/words --in ramdisk0.cpio=$(parts)/cca-aarch64/ramdisk0.cpio \
		--in ramdisk1=$(cca_image)/ramdisk1 --in assemble=cca-image/assemble --out kernel=$(@D)/kernel \
		--out cmdline=$(@D)/cmdline --out manifest.json=$(@D)/manifest.json --out blobs=$(@D)/blobs --out initrd.cpio=$@ \
		-- sh /mint/in/assemble $(recipe_name) cca-aarch64
$(addprefix $(cca_image)/,kernel manifest.json blobs cmdline): $(cca_image)/initrd.cpio ;
