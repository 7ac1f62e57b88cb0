/*
 * gzip as zlib writes it at level 9, with no name and no time; zstd as the zstd command writes it
 * at ZSTD_LEVEL from a file. Never lets processors, clock or the size of a write change a byte.
 */
#include "compress.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

enum {
	/* Measured, see docs/rootfs.md; the window is 2 MiB, Linux takes up to 128 MiB. */
	ZSTD_LEVEL = 6,
	/*
	 * zstd cuts its input into jobs as soon as there is a worker, and cuts the same ones for
	 * any number of workers: a constant, not what the machine has.
	 */
	ZSTD_WORKERS = 2,
	GZIP_WINDOW = 15 + 16, /* the largest window, and gzip's header and trailer, see zlib.h */
	GZIP_MEMORY = 8,       /* zlib's default */
	GZIP_OS_UNIX = 3,
	ALIGNMENT = 4, /* of the archive that may follow: the kernel skips zeros */
};

struct compressor {
	struct sink sink;
	enum rootfs_compression kind;
	struct outfile *out;
	uint64_t written;
	uint64_t left; /* of what was announced */
	z_stream z;
	gz_header header;
	ZSTD_CCtx *zstd;
	unsigned char buffer[131072];
};

int rootfs_compression_parse(const char *name, enum rootfs_compression *compression,
			     struct err *err)
{
	static const char *const names[] = {
		[ROOTFS_PLAIN] = "none",
		[ROOTFS_GZIP] = "gzip",
		[ROOTFS_ZSTD] = "zstd",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			*compression = (enum rootfs_compression)i;
			return 0;
		}
	}
	return err_set(err, EXIT_USAGE, "USAGE",
		       "none, gzip or zstd expected after --compress, found %s", name);
}

static int put(struct compressor *c, size_t size, struct err *err)
{
	c->written += size;
	return outfile_write(c->out, c->buffer, size, err);
}

static int engine_failed(const char *reason, struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-COMPRESS", "data cannot be compressed: %s",
		       reason);
}

static int deflate_all(struct compressor *c, int flush, struct err *err)
{
	int result;

	do {
		c->z.next_out = c->buffer;
		c->z.avail_out = sizeof(c->buffer);
		result = deflate(&c->z, flush);
		if (result == Z_STREAM_ERROR)
			return engine_failed("an error of zlib", err);
		if (put(c, sizeof(c->buffer) - c->z.avail_out, err) < 0)
			return -1;
	} while (c->z.avail_out == 0);
	return 0;
}

static int take_gzip(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct compressor *c = (struct compressor *)sink;

	/* zlib's interface lacks const; no piece of an archive has 4 GiB. */
	c->z.next_in = (unsigned char *)(uintptr_t)data;
	c->z.avail_in = (unsigned int)size;
	return deflate_all(c, Z_NO_FLUSH, err);
}

static int zstd_all(struct compressor *c, ZSTD_inBuffer *in, ZSTD_EndDirective end, struct err *err)
{
	size_t left;

	do {
		ZSTD_outBuffer out = {c->buffer, sizeof(c->buffer), 0};

		left = ZSTD_compressStream2(c->zstd, &out, in, end);
		if (ZSTD_isError(left))
			return engine_failed(ZSTD_getErrorName(left), err);
		if (put(c, out.pos, err) < 0)
			return -1;
	} while (in->pos < in->size || (end == ZSTD_e_end && left > 0));
	return 0;
}

/* The end comes with the last byte: after it, it would be a block more where one is just full. */
static int take_zstd(struct sink *sink, const void *data, size_t size, struct err *err)
{
	struct compressor *c = (struct compressor *)sink;
	ZSTD_inBuffer in = {data, size, 0};

	if (size > c->left)
		return engine_failed("more of it than was announced", err);
	c->left -= size;
	return zstd_all(c, &in, c->left ? ZSTD_e_continue : ZSTD_e_end, err);
}

static int finish_zstd(const struct compressor *c, struct err *err)
{
	return c->left ? engine_failed("less of it than was announced", err) : 0;
}

static int start_gzip(struct compressor *c, struct err *err)
{
	c->sink.take = take_gzip;
	c->header.os = GZIP_OS_UNIX;
	if (deflateInit2(&c->z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflateSetHeader(&c->z, &c->header) != Z_OK)
		return err_errno(err, "ROOTFS-MEMORY", "gzip");
	return 0;
}

static int start_zstd(struct compressor *c, uint64_t size, struct err *err)
{
	const struct {
		ZSTD_cParameter name;
		int value;
	} parameters[] = {
		{ZSTD_c_compressionLevel, ZSTD_LEVEL},
		{ZSTD_c_contentSizeFlag, 1},
		{ZSTD_c_checksumFlag, 1},
		{ZSTD_c_nbWorkers, ZSTD_WORKERS},
	};
	size_t result;

	c->sink.take = take_zstd;
	c->zstd = ZSTD_createCCtx();
	if (!c->zstd)
		return err_errno(err, "ROOTFS-MEMORY", "zstd");
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		result = ZSTD_CCtx_setParameter(c->zstd, parameters[i].name, parameters[i].value);
		if (ZSTD_isError(result))
			return engine_failed(ZSTD_getErrorName(result), err);
	}
	result = ZSTD_CCtx_setPledgedSrcSize(c->zstd, size);
	return ZSTD_isError(result) ? engine_failed(ZSTD_getErrorName(result), err) : 0;
}

struct sink *compressor_new(enum rootfs_compression compression, uint64_t size, struct outfile *out,
			    struct err *err)
{
	cleanup_compressor struct sink *sink = NULL;
	struct compressor *c = calloc(1, sizeof(*c));

	if (!c) {
		err_errno(err, "ROOTFS-MEMORY", "compression");
		return NULL;
	}
	sink = &c->sink;
	c->kind = compression;
	c->out = out;
	c->left = size;
	if ((compression == ROOTFS_GZIP ? start_gzip(c, err) : start_zstd(c, size, err)) < 0)
		return NULL;
	return steal_ptr(sink);
}

int compressor_finish(struct sink *sink, struct err *err)
{
	struct compressor *c = (struct compressor *)sink;

	c->z.avail_in = 0;
	if ((c->kind == ROOTFS_GZIP ? deflate_all(c, Z_FINISH, err) : finish_zstd(c, err)) < 0)
		return -1;
	memset(c->buffer, 0, ALIGNMENT);
	return put(c, (size_t)(-c->written % ALIGNMENT), err);
}

void compressor_free(struct sink *sink)
{
	struct compressor *c = (struct compressor *)sink;

	if (!c)
		return;
	deflateEnd(&c->z);
	ZSTD_freeCCtx(c->zstd);
	free(c);
}
