# Sources of the rootfs room: variables only, sorted.
ROOTFS_LIB_SRC := \
	rootfs/add_file.c \
	rootfs/blobs.c \
	rootfs/bunzip.c \
	rootfs/compress.c \
	rootfs/decoder.c \
	rootfs/digest.c \
	rootfs/docker_archive.c \
	rootfs/document.c \
	rootfs/gunzip.c \
	rootfs/image.c \
	rootfs/input.c \
	rootfs/layer.c \
	rootfs/layout.c \
	rootfs/limit.c \
	rootfs/list_cpio.c \
	rootfs/manifest.c \
	rootfs/outsink.c \
	rootfs/pipeline.c \
	rootfs/place.c \
	rootfs/platform.c \
	rootfs/read_dir.c \
	rootfs/read_tar.c \
	rootfs/reference.c \
	rootfs/source.c \
	rootfs/spool.c \
	rootfs/stream.c \
	rootfs/tar_header.c \
	rootfs/tree.c \
	rootfs/unpack_cpio.c \
	rootfs/unxz.c \
	rootfs/unzstd.c \
	rootfs/write_cpio.c
ROOTFS_LIBS := -larchive -lcrypto -lisal -ljansson -llzma -lz -lzstd
ROOTFS_SRC := rootfs/main.c
