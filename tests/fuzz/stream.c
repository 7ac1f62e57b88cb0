/*
 * Decompression of any bytes. Where they are gzip, zlib says independently what must come out, and
 * whether anything may.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "hash.h"
#include "stream.h"

enum { PLAIN_MAX = 1 << 22, GZIP = 15 + 16 };

static const char *const names[] = {"TAR-COMPRESSION", NULL};

struct result {
	bool accepted;
	bool stopped;	 /* at PLAIN_MAX, or at a limit of the stream's own */
	bool incomplete; /* zlib stopped at a set of codes, of which ISA-L takes some */
	size_t size;
	uLong crc;
};

/* Reads in pieces of odd sizes, because callers do. */
static struct result read_stream(struct stream *stream, struct hash *plain, struct err *err)
{
	static unsigned char buffer[10007];
	struct result result = {0};
	size_t want = 1;
	ssize_t n;

	do {
		n = stream_read(stream, buffer, want, err);
		if (n < 0)
			return result;
		result.crc = crc32_z(result.crc, buffer, (size_t)n);
		result.size += (size_t)n;
		if (hash_update(plain, buffer, (size_t)n, err) < 0)
			fuzz_fail("hashing");
		if (result.size > PLAIN_MAX) {
			result.stopped = true;
			return result;
		}
		want = want * 7 % sizeof(buffer);
	} while (n > 0);
	result.accepted = stream_settle(stream, err) == 0;
	return result;
}

static struct hash *new_hash(void)
{
	struct err err = {0};
	struct hash *hash = hash_new(HASH_SHA256, &err);

	if (!hash)
		fuzz_fail("no memory");
	return hash;
}

static void check_digest(struct hash *hash, const unsigned char *found, const char *what)
{
	struct err err = {0};
	unsigned char expected[SHA256_SIZE];

	fuzz_expect(hash_final(hash, expected, &err), &err, "hashing");
	if (memcmp(found, expected, sizeof(expected)) != 0)
		fuzz_fail("the digest of all %s bytes expected, found another", what);
}

static void check_digests(struct stream *stream, const uint8_t *data, size_t size,
			  struct hash *plain)
{
	struct err err = {0};
	struct stream_digests digests;
	cleanup_hash struct hash *stored = new_hash();

	fuzz_expect(hash_update(stored, data, size, &err), &err, "hashing");
	fuzz_expect(stream_digests(stream, &digests, &err), &err, "digests");
	check_digest(stored, digests.stored, "stored");
	check_digest(plain, digests.plain, "plain");
}

static struct result decompress(const uint8_t *data, size_t size)
{
	struct memory_file file = memory_file_new(data, size);
	const struct stream_part part = {file.fd, 0, size, "fuzz"};
	struct err err = {0};
	struct stream *stream = stream_open_part(&part, &err);
	cleanup_hash struct hash *plain = new_hash();
	struct result result = {0};

	if (stream)
		result = read_stream(stream, plain, &err);
	if (!result.accepted && strcmp(err.name, "ROOTFS-LIMIT") == 0)
		result.stopped = true;
	if (result.accepted)
		check_digests(stream, data, size, plain);
	else if (!result.stopped)
		fuzz_refused(&err, names);
	stream_close(stream);
	memory_file_close(&file);
	return result;
}

/* What zlib says of codes that RFC 1951 does not allow and that ISA-L decodes all the same. */
static bool is_incomplete(const char *reason)
{
	return reason && (strcmp(reason, "invalid distances set") == 0 ||
			  strcmp(reason, "invalid literal/lengths set") == 0 ||
			  strcmp(reason, "invalid code lengths set") == 0);
}

/* Whole members, one behind the other, and nothing else. */
static struct result inflate_all(const uint8_t *data, size_t size)
{
	static unsigned char buffer[65536];
	struct result result = {0};
	z_stream z = {.next_in = (unsigned char *)data, .avail_in = (unsigned)size};
	int end = Z_STREAM_END;

	if (inflateInit2(&z, GZIP) != Z_OK)
		fuzz_fail("no memory");
	while (z.avail_in > 0 || end != Z_STREAM_END) {
		size_t n;

		z.next_out = buffer;
		z.avail_out = sizeof(buffer);
		end = inflate(&z, Z_NO_FLUSH);
		n = sizeof(buffer) - z.avail_out;
		result.crc = crc32_z(result.crc, buffer, n);
		result.size += n;
		if (end == Z_STREAM_END)
			inflateReset(&z);
		else if (end != Z_OK || result.size > PLAIN_MAX)
			break;
	}
	result.incomplete = end == Z_DATA_ERROR && is_incomplete(z.msg);
	inflateEnd(&z);
	result.accepted = end == Z_STREAM_END;
	return result;
}

static int run(const uint8_t *data, size_t size)
{
	struct result found = decompress(data, size);
	struct result expected;

	if (found.stopped)
		return -1;
	if (size < 2 || data[0] != 0x1f || data[1] != 0x8b)
		return 0;
	expected = inflate_all(data, size);
	if (found.accepted && expected.incomplete)
		return 0;
	if (found.accepted != expected.accepted)
		fuzz_fail("gzip: %s as by zlib expected",
			  expected.accepted ? "accepted" : "refused");
	if (found.accepted && (found.size != expected.size || found.crc != expected.crc))
		fuzz_fail("gzip: other bytes than zlib's");
	return 0;
}

/* Puts the right trailer behind the first member's data, when they end anywhere. */
static void repair(uint8_t *data, size_t size)
{
	static unsigned char plain[PLAIN_MAX];
	z_stream z = {.next_in = data + 10, .avail_in = (unsigned)size - 10};
	uLong sums[2];

	if (inflateInit2(&z, -15) != Z_OK)
		fuzz_fail("no memory");
	z.next_out = plain;
	z.avail_out = sizeof(plain);
	if (inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in >= 8) {
		sums[0] = crc32_z(0, plain, z.total_out);
		sums[1] = z.total_out;
		for (size_t i = 0; i < 8; i++)
			data[10 + z.total_in + i] = (uint8_t)(sums[i / 4] >> (8 * (i % 4)));
	}
	inflateEnd(&z);
}

static size_t mutate(uint8_t *data, size_t size, size_t max, struct dice *dice)
{
	size = dice->bytes(data, size, max);
	/* Without optional fields in the header, the data begin at byte 10. */
	if (size > 18 && data[0] == 0x1f && data[1] == 0x8b && data[3] == 0 && dice_throw(dice, 8))
		repair(data, size);
	return size;
}

const struct target fuzz_stream = {"stream", run, mutate};
