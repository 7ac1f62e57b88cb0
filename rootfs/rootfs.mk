# Sources of the rootfs room: variables only, sorted.
ROOTFS_LIB_SRC := \
	rootfs/account.c \
	rootfs/add_file.c \
	rootfs/blobs.c \
	rootfs/bunzip.c \
	rootfs/compress.c \
	rootfs/config.c \
	rootfs/deb.c \
	rootfs/debs.c \
	rootfs/decode_run.c \
	rootfs/decoder.c \
	rootfs/digest.c \
	rootfs/docker_archive.c \
	rootfs/document.c \
	rootfs/gunzip.c \
	rootfs/image.c \
	rootfs/inflate.c \
	rootfs/input.c \
	rootfs/layer.c \
	rootfs/layout.c \
	rootfs/licence.c \
	rootfs/limit.c \
	rootfs/lint.c \
	rootfs/list_cpio.c \
	rootfs/manifest.c \
	rootfs/outsink.c \
	rootfs/packages.c \
	rootfs/pipeline.c \
	rootfs/place.c \
	rootfs/platform.c \
	rootfs/read_cpio.c \
	rootfs/read_dir.c \
	rootfs/read_manifest.c \
	rootfs/read_tar.c \
	rootfs/reference.c \
	rootfs/run_file.c \
	rootfs/run_settings.c \
	rootfs/runspec.c \
	rootfs/sbom.c \
	rootfs/signals.c \
	rootfs/source.c \
	rootfs/spool.c \
	rootfs/stanza.c \
	rootfs/stream.c \
	rootfs/tar_header.c \
	rootfs/tree.c \
	rootfs/unpack_cpio.c \
	rootfs/unxz.c \
	rootfs/unzstd.c \
	rootfs/verify.c \
	rootfs/write_cpio.c \
	rootfs/xattr.c
ROOTFS_LIBS := -larchive -lcrypto -lisal -ljansson -llzma -lz -lzstd
ROOTFS_SRC := rootfs/main.c
