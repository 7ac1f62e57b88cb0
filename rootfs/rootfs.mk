# Sources of the rootfs room: variables only, sorted.
ROOTFS_LIB_SRC := \
	rootfs/account.c \
	rootfs/add_file.c \
	rootfs/config.c \
	rootfs/digest.c \
	rootfs/gunzip.c \
	rootfs/input.c \
	rootfs/list_cpio.c \
	rootfs/manifest.c \
	rootfs/read_dir.c \
	rootfs/read_tar.c \
	rootfs/run_file.c \
	rootfs/runspec.c \
	rootfs/signals.c \
	rootfs/source.c \
	rootfs/spool.c \
	rootfs/stream.c \
	rootfs/tar_header.c \
	rootfs/tree.c \
	rootfs/unpack_cpio.c \
	rootfs/write_cpio.c \
	rootfs/xattr.c
ROOTFS_LIBS := -larchive -lcrypto -ljansson -lz
ROOTFS_SRC := rootfs/main.c
