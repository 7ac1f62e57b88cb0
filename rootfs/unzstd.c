/*
 * zstd through libzstd, frame by frame; skippable frames are skipped. Never decodes a frame whose
 * window is above the limit.
 */
#include "decoder.h"

#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

struct unzstd {
	struct decoder decoder;
	ZSTD_DCtx *context;
	bool in_frame;
	bool ended; /* after the one frame that was asked for */
};

static int failed(const struct unzstd *unzstd, size_t result, struct err *err)
{
	const struct decoder *decoder = &unzstd->decoder;

	if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge) {
		limit_exceeded(decoder->limits, "zstd-window", "a larger one", err);
		return err_wrap(err, "%s", decoder->input->name);
	}
	return decoder_damaged(decoder, "whole zstd frames", ZSTD_getErrorName(result), err);
}

/* One step further: 1, 0 at the end of the last frame, -1. */
static int advance(struct unzstd *unzstd, ZSTD_outBuffer *out, struct err *err)
{
	struct decoder *decoder = &unzstd->decoder;
	ZSTD_inBuffer in;
	size_t result;
	int more = decoder_refill(decoder, err);

	if (more < 0)
		return -1;
	if (more == 0 && !unzstd->in_frame)
		return 0;
	in = (ZSTD_inBuffer){decoder->next, decoder->left, 0};
	result = ZSTD_decompressStream(unzstd->context, out, &in);
	decoder->next += in.pos;
	decoder->left -= in.pos;
	if (ZSTD_isError(result))
		return failed(unzstd, result, err);
	unzstd->in_frame = result != 0;
	unzstd->ended = result == 0 && decoder->single;
	if (more == 0 && unzstd->in_frame && out->pos < out->size)
		return decoder_damaged(decoder, "whole zstd frames",
				       "the end of the file within one", err);
	return 1;
}

static int log_of(uint64_t window)
{
	int log = 10; /* the least that libzstd takes */

	while (log < 31 && window >> (log + 1))
		log++;
	return log;
}

static int start(struct unzstd *unzstd, struct err *err)
{
	const struct decoder *decoder = &unzstd->decoder;

	unzstd->context = ZSTD_createDCtx();
	if (!unzstd->context ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(unzstd->context, ZSTD_d_windowLogMax,
						log_of(decoder->limits->zstd_window))))
		return err_errno(err, "ROOTFS-MEMORY", "%s", decoder->input->name);
	return 0;
}

static ssize_t unzstd_read(struct decoder *decoder, void *data, size_t size, struct err *err)
{
	struct unzstd *unzstd = (struct unzstd *)decoder;
	ZSTD_outBuffer out = {data, size, 0};
	int more = 1;

	if (!unzstd->context && start(unzstd, err) < 0)
		return -1;
	while (out.pos < out.size && more > 0 && !unzstd->ended)
		more = advance(unzstd, &out, err);
	return more < 0 ? -1 : (ssize_t)out.pos;
}

static void unzstd_close(struct decoder *decoder)
{
	struct unzstd *unzstd = (struct unzstd *)decoder;

	ZSTD_freeDCtx(unzstd->context);
	free(unzstd);
}

struct decoder *unzstd_new(const char *name, struct err *err)
{
	struct unzstd *unzstd = calloc(1, sizeof(*unzstd));

	if (!unzstd) {
		err_errno(err, "ROOTFS-MEMORY", "%s", name);
		return NULL;
	}
	unzstd->decoder.read = unzstd_read;
	unzstd->decoder.close = unzstd_close;
	return &unzstd->decoder;
}
