# The realm: kernel, command line and both ramdisks become image.igvm, and the padded parts that VMMs are handed instead;
# measurements.json has the RIMs of each under the conditions named here.

cca_image := $(image_dir)/cca-aarch64
cca_parts := kernel initrd.cpio image.dtb cmdline
results_cca := image.igvm $(cca_parts) measurements.json manifest.json buildinfo.json
cca_made := $(filter-out manifest.json buildinfo.json,$(results_cca)) blobs manifest.json
# The image's own memory and processors come first; RIMs of the parts are told for all of them.
cca_memory := 512M,1G,2G,4G
cca_cpus := 1,2,4,8

# manifest.json is that of ramdisk 1, and what make sees last: all others are there when it is.
$(cca_image)/manifest.json: $(kernel_cca-aarch64) $(parts)/cca-aarch64/ramdisk0.cpio $(cca_image)/ramdisk1/initrd.cpio \
		$(cca_image)/ramdisk1/manifest.json $(wildcard cca-image/layouts/*) kernel/cmdline/cca-aarch64 kernel/words \
		cca-image/assemble cca-image/rem0 cca-image/image.mk out/libexec/realm
	@$(RUN) --name $(recipe_name)-realm --in kernel=$(parts)/cca-aarch64/kernel --in cmdline=kernel/cmdline/cca-aarch64 \
		--in words=kernel/words --in ramdisk0.cpio=$(parts)/cca-aarch64/ramdisk0.cpio \
		--in ramdisk1=$(cca_image)/ramdisk1 --in layouts=cca-image/layouts --in bin/realm=out/libexec/realm \
		--in assemble=cca-image/assemble --in rem0=cca-image/rem0 \
		$(foreach f,$(cca_made),--out $f=$(cca_image)/$f) \
		-- sh /mint/in/assemble $(recipe_name) cca-aarch64 $(cca_memory) $(cca_cpus) $(call recipe_get,CONFIG)
$(addprefix $(cca_image)/,$(filter-out manifest.json,$(cca_made))): $(cca_image)/manifest.json ;
