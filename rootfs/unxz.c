/*
 * xz through liblzma, with every check that the file names. Never uses more memory than the limit.
 */
#include "decoder.h"

#include <stdlib.h>

#include <lzma.h>

struct unxz {
	struct decoder decoder;
	lzma_stream lzma;
	bool started;
	bool ended;
};

static const char *reason(lzma_ret result)
{
	switch (result) {
	case LZMA_FORMAT_ERROR:
		return "something else";
	case LZMA_OPTIONS_ERROR:
		return "options that liblzma does not know";
	case LZMA_UNSUPPORTED_CHECK:
		return "a checksum that liblzma does not know";
	case LZMA_BUF_ERROR:
		return "the end of the file within one";
	case LZMA_DATA_ERROR:
		return "damaged data";
	default:
		return "an error of liblzma";
	}
}

static int failed(const struct unxz *unxz, lzma_ret result, struct err *err)
{
	const struct decoder *decoder = &unxz->decoder;

	if (result == LZMA_MEM_ERROR)
		return err_errno(err, "ROOTFS-MEMORY", "%s", decoder->input->name);
	if (result == LZMA_MEMLIMIT_ERROR) {
		limit_exceeded(decoder->limits, "xz-memory", "a need for more", err);
		return err_wrap(err, "%s", decoder->input->name);
	}
	return decoder_damaged(decoder, "whole xz streams", reason(result), err);
}

/* A checksum that cannot be compared is an error, not a warning. */
static int start(struct unxz *unxz, struct err *err)
{
	uint32_t flags = LZMA_TELL_UNSUPPORTED_CHECK;
	lzma_ret result;

	if (!unxz->decoder.single)
		flags |= LZMA_CONCATENATED;
	result = lzma_stream_decoder(&unxz->lzma, unxz->decoder.limits->xz_memory, flags);
	unxz->started = true;
	return result == LZMA_OK ? 0 : failed(unxz, result, err);
}

static int advance(struct unxz *unxz, struct err *err)
{
	struct decoder *decoder = &unxz->decoder;
	int more = decoder_refill(decoder, err);
	lzma_ret result;

	if (more < 0)
		return -1;
	unxz->lzma.next_in = decoder->next;
	unxz->lzma.avail_in = decoder->left;
	result = lzma_code(&unxz->lzma, more ? LZMA_RUN : LZMA_FINISH);
	decoder->next = unxz->lzma.next_in;
	decoder->left = unxz->lzma.avail_in;
	unxz->ended = result == LZMA_STREAM_END;
	return result == LZMA_OK || unxz->ended ? 0 : failed(unxz, result, err);
}

static ssize_t unxz_read(struct decoder *decoder, void *data, size_t size, struct err *err)
{
	struct unxz *unxz = (struct unxz *)decoder;

	if (!unxz->started && start(unxz, err) < 0)
		return -1;
	unxz->lzma.next_out = data;
	unxz->lzma.avail_out = size;
	while (unxz->lzma.avail_out > 0 && !unxz->ended)
		if (advance(unxz, err) < 0)
			return -1;
	return (ssize_t)(size - unxz->lzma.avail_out);
}

static void unxz_close(struct decoder *decoder)
{
	struct unxz *unxz = (struct unxz *)decoder;

	lzma_end(&unxz->lzma);
	free(unxz);
}

struct decoder *unxz_new(const char *name, struct err *err)
{
	struct unxz *unxz = calloc(1, sizeof(*unxz));

	if (!unxz) {
		err_errno(err, "ROOTFS-MEMORY", "%s", name);
		return NULL;
	}
	unxz->decoder.read = unxz_read;
	unxz->decoder.close = unxz_close;
	return &unxz->decoder;
}
