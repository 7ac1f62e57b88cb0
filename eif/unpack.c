/*
 * gzip by zlib, zstd by libzstd, xz by liblzma, one stream each. A bomb costs time and a bounded
 * window, never memory by what it says about itself.
 */
#include "unpack.h"

#include <stdint.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "cleanup.h"

enum { OUT_SIZE = 128 * 1024, XZ_MEMORY = 192 * 1024 * 1024 };

struct unpack {
	/* Takes some of the input, sets *used, gives OUT_SIZE bytes at most, sets the states. */
	size_t (*step)(struct unpack *unpack, const unsigned char *data, size_t size, size_t *used);
	unpack_sink *sink;
	void *context;
	uint64_t *left;
	bool ended;
	bool broken;
	z_stream gzip;
	lzma_stream xz;
	ZSTD_DCtx *zstd;
	unsigned char out[OUT_SIZE];
};

static size_t step_gzip(struct unpack *unpack, const unsigned char *data, size_t size, size_t *used)
{
	z_stream *z = &unpack->gzip;
	int result;

	z->next_in = (unsigned char *)(uintptr_t)data;
	z->avail_in = (uInt)size;
	z->next_out = unpack->out;
	z->avail_out = OUT_SIZE;
	result = inflate(z, Z_NO_FLUSH);
	unpack->ended = result == Z_STREAM_END;
	unpack->broken = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
	*used = size - z->avail_in;
	return OUT_SIZE - z->avail_out;
}

static size_t step_xz(struct unpack *unpack, const unsigned char *data, size_t size, size_t *used)
{
	lzma_stream *xz = &unpack->xz;
	lzma_ret result;

	xz->next_in = data;
	xz->avail_in = size;
	xz->next_out = unpack->out;
	xz->avail_out = OUT_SIZE;
	result = lzma_code(xz, LZMA_RUN);
	unpack->ended = result == LZMA_STREAM_END;
	unpack->broken = result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR;
	*used = size - xz->avail_in;
	return OUT_SIZE - xz->avail_out;
}

static size_t step_zstd(struct unpack *unpack, const unsigned char *data, size_t size, size_t *used)
{
	ZSTD_inBuffer in = {data, size, 0};
	ZSTD_outBuffer out = {unpack->out, OUT_SIZE, 0};
	size_t result = ZSTD_decompressStream(unpack->zstd, &out, &in);

	unpack->ended = result == 0;
	unpack->broken = ZSTD_isError(result);
	*used = in.pos;
	return out.pos;
}

static int open_stream(struct unpack *unpack, const char *format)
{
	if (strcmp(format, "gzip") == 0) {
		unpack->step = step_gzip;
		return inflateInit2(&unpack->gzip, 16 + MAX_WBITS) == Z_OK ? 0 : -1;
	}
	if (strcmp(format, "xz") == 0) {
		unpack->step = step_xz;
		return lzma_stream_decoder(&unpack->xz, XZ_MEMORY, 0) == LZMA_OK ? 0 : -1;
	}
	unpack->step = step_zstd;
	unpack->zstd = ZSTD_createDCtx();
	return unpack->zstd ? 0 : -1;
}

struct unpack *unpack_new(const char *format, uint64_t *left, unpack_sink *sink, void *context,
			  struct err *err)
{
	struct unpack *unpack;

	if (!format || (strcmp(format, "gzip") != 0 && strcmp(format, "zstd") != 0 &&
			strcmp(format, "xz") != 0))
		return NULL;
	unpack = calloc(1, sizeof(*unpack));
	if (unpack) {
		unpack->left = left;
		unpack->broken = *left < OUT_SIZE;
		*left -= unpack->broken ? 0 : OUT_SIZE;
		unpack->sink = sink;
		unpack->context = context;
		unpack->xz = (lzma_stream)LZMA_STREAM_INIT;
		if (open_stream(unpack, format) == 0)
			return unpack;
	}
	unpack_free(unpack);
	err_errno(err, "MEMORY", "decompression");
	return NULL;
}

ssize_t unpack_feed(struct unpack *unpack, const unsigned char *data, size_t size, struct err *err)
{
	size_t fed = 0;
	bool idle = false;

	while (!unpack->ended && !unpack->broken && !(fed == size && idle)) {
		size_t used;
		size_t made = unpack->step(unpack, data + fed, size - fed, &used);

		fed += used;
		if (made > *unpack->left || (made == 0 && used == 0 && fed < size))
			unpack->broken = true;
		made = made < *unpack->left ? made : (size_t)*unpack->left;
		*unpack->left -= made;
		idle = made < OUT_SIZE;
		if (made > 0 && unpack->sink(unpack->context, unpack->out, made, err) < 0)
			return -1;
	}
	return (ssize_t)fed;
}

bool unpack_ended(const struct unpack *unpack)
{
	return unpack->ended;
}

bool unpack_broken(const struct unpack *unpack)
{
	return unpack->broken;
}

void unpack_free(struct unpack *unpack)
{
	if (!unpack)
		return;
	if (unpack->step == step_gzip)
		inflateEnd(&unpack->gzip);
	if (unpack->step == step_xz)
		lzma_end(&unpack->xz);
	ZSTD_freeDCtx(unpack->zstd);
	free(unpack);
}
