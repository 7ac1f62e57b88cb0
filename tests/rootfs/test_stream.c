/*
 * Unit tests of streams: gzip against zlib on damaged input, the other compressions, threads that
 * end early, late or not at all, and limits. Everything is in memory; the same inputs every time.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <lzma.h>
#include <openssl/evp.h>
#include <zlib.h>
#include <zstd.h>

#include "../../rootfs/stream.h"

/* Of the threads that are made from now on: bit n stands for the one after n others. */
static unsigned no_threads;

static bool slow_digest;
static size_t no_digest; /* of pieces of that size, which comes late */

/* Stands before the C library's, so that a test can run out of threads. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *data)
{
	typedef int creator(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	static creator *create;
	bool fails = no_threads & 1;

	if (!create)
		*(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
	no_threads >>= 1;
	return fails ? EAGAIN : create(thread, attributes, run, data);
}

/* Stands before OpenSSL's, so that a digest can be behind, or fail. */
int EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t size)
{
	typedef int updater(EVP_MD_CTX *, const void *, size_t);
	static updater *update;

	if (!update)
		*(void **)&update = dlsym(RTLD_NEXT, "EVP_DigestUpdate");
	if (slow_digest && size > 256 * 1024)
		usleep(3000);
	if (no_digest && size == no_digest) {
		usleep(50000);
		return 0;
	}
	return update(context, data, size);
}

struct bytes {
	size_t size;
	unsigned char *data;
};

static void free_bytes(struct bytes *bytes)
{
	free(bytes->data);
}
#define cleanup_bytes cleanup_with(free_bytes)

static uint64_t state;

static uint32_t next(void) /* xorshift64* */
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 0x2545f4914f6cdd1d >> 32);
}

/* Text that compresses, with noise in every third kilobyte. */
static struct bytes make_plain(size_t size)
{
	struct bytes plain = {size, malloc(size + 1)};

	assert_non_null(plain.data);
	for (size_t i = 0; i < size; i++)
		plain.data[i] = (unsigned char)(i / 1024 % 3 == 2 ? next() : 'a' + next() % 4);
	return plain;
}

/* Appends a member; level 0 stores, strategy Z_FIXED has the fixed codes. */
static void add_member(struct bytes *to, const struct bytes *plain, int level, int strategy,
		       gz_header *header)
{
	z_stream z = {0};
	size_t room = plain->size + plain->size / 8 + 4096;

	to->data = realloc(to->data, to->size + room);
	assert_non_null(to->data);
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, strategy), Z_OK);
	if (header)
		assert_int_equal(deflateSetHeader(&z, header), Z_OK);
	z.next_in = plain->data;
	z.avail_in = (unsigned)plain->size;
	z.next_out = to->data + to->size;
	z.avail_out = (unsigned)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	to->size += room - z.avail_out;
	deflateEnd(&z);
}

static gz_header full_header(void)
{
	static unsigned char extra[300];
	static unsigned char name[] = "name";
	static unsigned char comment[] = "comment";

	return (gz_header){.text = 1,
			   .time = 12345,
			   .os = 3,
			   .extra = extra,
			   .extra_len = sizeof(extra),
			   .name = name,
			   .comment = comment,
			   .hcrc = 1};
}

static int file_of(const struct bytes *bytes)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes->data, bytes->size), bytes->size);
	return fd;
}

/* Reads all of it in pieces; 0 or -1 with err. Checks the digests of what was sound. */
static int read_all(const struct bytes *stored, struct bytes *plain, size_t piece, struct err *err)
{
	cleanup_close int fd = file_of(stored);
	const struct stream_part part = {fd, 0, stored->size, "test"};
	cleanup_stream struct stream *stream = stream_open_part(&part, err);
	struct stream_digests digests;
	unsigned char expected[SHA256_SIZE];
	struct hash *hash;
	size_t room = 0;
	ssize_t n = 1;

	*plain = (struct bytes){0};
	assert_non_null(stream);
	while (n > 0) {
		if (plain->size + piece > room) {
			room = 2 * room + piece;
			plain->data = realloc(plain->data, room);
			assert_non_null(plain->data);
		}
		n = stream_read(stream, plain->data + plain->size, piece, err);
		plain->size += n > 0 ? (size_t)n : 0;
	}
	if (n < 0 || stream_settle(stream, err) < 0)
		return -1;
	assert_int_equal(stream_digests(stream, &digests, err), 0);
	hash = hash_new(HASH_SHA256, err);
	assert_int_equal(hash_update(hash, plain->data, plain->size, err), 0);
	assert_int_equal(hash_final(hash, expected, err), 0);
	hash_free(hash);
	assert_memory_equal(digests.plain, expected, SHA256_SIZE);
	return 0;
}

/* What zlib says: 0 with the data, or -1. Members behind each other, nothing else. */
static int zlib_all(const struct bytes *stored, struct bytes *plain)
{
	z_stream z = {.next_in = stored->data, .avail_in = (unsigned)stored->size};
	size_t room = 1 << 20;
	int result = Z_STREAM_END;

	*plain = (struct bytes){0, malloc(room)};
	assert_non_null(plain->data);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	while (result == Z_STREAM_END && z.avail_in > 0) {
		inflateReset(&z);
		z.next_out = plain->data + plain->size;
		z.avail_out = (unsigned)(room - plain->size);
		result = inflate(&z, Z_FINISH);
		plain->size = room - z.avail_out;
	}
	inflateEnd(&z);
	return result == Z_STREAM_END ? 0 : -1;
}

static void expect_damage(const struct bytes *stored)
{
	struct err err = {0};
	cleanup_bytes struct bytes plain = {0};

	assert_int_equal(read_all(stored, &plain, 4096, &err), -1);
	assert_string_equal(err.name, "TAR-COMPRESSION");
	assert_int_equal(err.status, EXIT_MALFORMED);
}

static void expect_plain(const struct bytes *stored, const struct bytes *expected, size_t piece)
{
	struct err err = {0};
	cleanup_bytes struct bytes plain = {0};

	if (read_all(stored, &plain, piece, &err) < 0)
		fail_msg("%s: %s", err.name, err.text);
	assert_int_equal(plain.size, expected->size);
	assert_memory_equal(plain.data, expected->data, plain.size);
}

/* Members of every kind of block, with headers of every kind. */
static struct bytes make_gzip(const struct bytes *plain)
{
	struct bytes stored = {0};
	struct bytes none = {0};
	gz_header header = full_header();

	add_member(&stored, plain, 6, Z_DEFAULT_STRATEGY, &header);
	add_member(&stored, plain, 0, Z_DEFAULT_STRATEGY, NULL);
	add_member(&stored, &none, 6, Z_DEFAULT_STRATEGY, NULL);
	add_member(&stored, plain, 9, Z_FIXED, NULL);
	add_member(&stored, plain, 1, Z_HUFFMAN_ONLY, NULL);
	return stored;
}

static void gzip_members(void **unused)
{
	static const size_t pieces[] = {1, 511, 65536, 3 << 20};
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes four = {0};
	cleanup_bytes struct bytes stored = {0};

	(void)unused;
	state = 1;
	plain = make_plain(300000);
	stored = make_gzip(&plain);
	four = (struct bytes){4 * plain.size, malloc(4 * plain.size)};
	for (size_t i = 0; i < 4; i++)
		memcpy(four.data + i * plain.size, plain.data, plain.size);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		expect_plain(&stored, &four, pieces[i]);
	no_threads = 3;
	expect_plain(&stored, &four, 65536);
}

static void gzip_cut_anywhere(void **unused)
{
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes stored = {0};
	gz_header header = full_header();

	(void)unused;
	state = 2;
	plain = make_plain(3000);
	add_member(&stored, &plain, 6, Z_DEFAULT_STRATEGY, &header);
	for (size_t size = 2; size < stored.size; size++) {
		const struct bytes cut = {size, stored.data};

		expect_damage(&cut);
	}
}

static void gzip_with_something_behind(void **unused)
{
	static const char *const behind[] = {
		"\0", "\0\0\0\0\0\0\0\0\0\0\0\0", "x", "\x1f", "\x1f\x8b", "\x1f\x8b\x08"};
	static const size_t sizes[] = {1, 12, 1, 1, 2, 3};
	cleanup_bytes struct bytes plain = {0};

	(void)unused;
	state = 3;
	plain = make_plain(1000);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cleanup_bytes struct bytes stored = {0};

		add_member(&stored, &plain, 6, Z_DEFAULT_STRATEGY, NULL);
		memcpy(stored.data + stored.size, behind[i], sizes[i]);
		stored.size += sizes[i];
		expect_damage(&stored);
	}
}

static void gzip_header_bits(void **unused)
{
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes stored = {0};
	gz_header header = full_header();

	(void)unused;
	state = 4;
	plain = make_plain(1000);
	add_member(&stored, &plain, 6, Z_DEFAULT_STRATEGY, &header);
	/* The header's CRC covers each of its bits. */
	for (size_t bit = 16; bit < 8 * (10 + 2 + 300 + 5 + 8 + 2); bit++) {
		stored.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		expect_damage(&stored);
		stored.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	/* Without one, reserved flags and methods are refused all the same. */
	stored.size = 0;
	add_member(&stored, &plain, 6, Z_DEFAULT_STRATEGY, NULL);
	for (unsigned flag = 0x20; flag <= 0x80; flag <<= 1) {
		stored.data[3] = (unsigned char)flag;
		expect_damage(&stored);
	}
	stored.data[3] = 0;
	stored.data[2] = 7;
	expect_damage(&stored);
}

/* Turns bits, exchanges and repeats stretches, cuts. */
static void damage(struct bytes *stored)
{
	size_t at = next() % stored->size;
	size_t length = 1 + next() % 16;

	if (at + length > stored->size)
		length = stored->size - at;
	switch (next() % 5) {
	case 0:
	case 1:
		stored->data[at] ^= (unsigned char)(1 << next() % 8);
		break;
	case 2:
		stored->data[at] = (unsigned char)next();
		break;
	case 3:
		memmove(stored->data + next() % (stored->size - length + 1), stored->data + at,
			length);
		break;
	default:
		stored->size = at;
	}
}

/*
 * zlib and we must agree on every input, with two exceptions: beginnings that are no gzip file at
 * all are plain bytes for us, and ISA-L takes codes that zlib finds incomplete, when they give data
 * of the right CRC and length.
 */
static void gzip_damage_as_zlib_finds_it(void **unused)
{
	const char *rounds = getenv("STREAM_ROUNDS");
	unsigned long count = rounds ? strtoul(rounds, NULL, 10) : 3000;
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes sound = {0};
	cleanup_bytes struct bytes sound_plain = {0};
	unsigned long lenient = 0;
	unsigned long refused = 0;

	(void)unused;
	state = 5;
	plain = make_plain(700);
	sound = make_gzip(&plain);
	assert_int_equal(zlib_all(&sound, &sound_plain), 0);
	for (unsigned long i = 0; i < count; i++) {
		struct err err = {0};
		cleanup_bytes struct bytes stored = {sound.size, malloc(sound.size)};
		cleanup_bytes struct bytes expected = {0};
		cleanup_bytes struct bytes found = {0};
		int ours;
		int theirs;

		memcpy(stored.data, sound.data, sound.size);
		damage(&stored);
		if (stored.size < 2 || stored.data[0] != 0x1f || stored.data[1] != 0x8b)
			continue;
		theirs = zlib_all(&stored, &expected);
		ours = read_all(&stored, &found, 1 + next() % 5000, &err);
		refused += ours < 0;
		if (ours == 0 && theirs < 0) {
			lenient++;
			assert_int_equal(found.size, sound_plain.size);
			assert_memory_equal(found.data, sound_plain.data, found.size);
			continue;
		}
		if (ours != theirs)
			fail_msg("round %lu: zlib %d, found %d: %s", i, theirs, ours, err.text);
		if (ours == 0) {
			assert_int_equal(found.size, expected.size);
			assert_memory_equal(found.data, expected.data, found.size);
		}
	}
	print_message("# %lu inputs, %lu refused, %lu that only zlib refuses\n", count, refused,
		      lenient);
	assert_true(refused > count / 2 && lenient <= count / 100);
}

static struct bytes make_zstd(const struct bytes *plain, int window_log)
{
	struct bytes stored = {0};
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(plain->size);
	ZSTD_outBuffer out;
	ZSTD_inBuffer in = {plain->data, plain->size, 0};

	stored.data = malloc(room);
	out = (ZSTD_outBuffer){stored.data, room, 0};
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
	/* Without knowing the size zstd keeps the window. */
	assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
	ZSTD_freeCCtx(context);
	stored.size = out.pos;
	return stored;
}

static struct bytes make_xz(const struct bytes *plain)
{
	struct bytes stored = {0};
	size_t room = lzma_stream_buffer_bound(plain->size);

	stored.data = malloc(room);
	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, plain->data,
						 plain->size, stored.data, &stored.size, room),
			 LZMA_OK);
	return stored;
}

static void cut_damage_double(const struct bytes *plain, struct bytes *stored)
{
	cleanup_bytes struct bytes twice = {2 * stored->size, malloc(2 * stored->size)};
	cleanup_bytes struct bytes both = {2 * plain->size, malloc(2 * plain->size)};

	memcpy(twice.data, stored->data, stored->size);
	memcpy(twice.data + stored->size, stored->data, stored->size);
	memcpy(both.data, plain->data, plain->size);
	memcpy(both.data + plain->size, plain->data, plain->size);
	expect_plain(stored, plain, 1000);
	expect_plain(&twice, &both, 65536);
	for (size_t size = 8; size < stored->size; size += 1 + size / 64) {
		const struct bytes cut = {size, stored->data};

		expect_damage(&cut);
	}
	twice.data[stored->size / 2] ^= 1;
	expect_damage(&twice);
	twice.data[stored->size / 2] ^= 1;
	twice.size = stored->size + 3;
	memcpy(twice.data + stored->size, "end", 3);
	expect_damage(&twice);
}

static void other_compressions(void **unused)
{
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes zstd = {0};
	cleanup_bytes struct bytes xz = {0};

	(void)unused;
	state = 6;
	plain = make_plain(50000);
	zstd = make_zstd(&plain, 20);
	xz = make_xz(&plain);
	cut_damage_double(&plain, &zstd);
	cut_damage_double(&plain, &xz);
	expect_plain(&plain, &plain, 777);
}

/* A layer that is larger than all buffers. */
static struct bytes make_large(struct bytes *plain)
{
	struct bytes stored = {0};

	state = 7;
	*plain = make_plain(12 << 20);
	add_member(&stored, plain, 1, Z_DEFAULT_STRATEGY, NULL);
	return stored;
}

static void closed_early(void **unused)
{
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes stored = make_large(&plain);
	cleanup_close int fd = file_of(&stored);
	const struct stream_part part = {fd, 0, stored.size, "test"};
	static unsigned char piece[1 << 20];

	(void)unused;
	for (int i = 0; i < 40; i++) {
		struct err err = {0};
		cleanup_stream struct stream *stream = stream_open_part(&part, &err);

		assert_non_null(stream);
		/* Before the threads begin, while they run, when all buffers are full. */
		if (i % 4 > 0)
			assert_int_equal(stream_read(stream, piece, 1, &err), 1);
		if (i % 4 > 1)
			assert_int_equal(stream_read(stream, piece, sizeof(piece), &err),
					 sizeof(piece));
		if (i % 4 > 2)
			usleep(20000);
	}
}

/* The digest's thread is the first, the decoder's the second. */
static void threads_that_cannot_be_made(void **unused)
{
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes stored = make_large(&plain);

	(void)unused;
	slow_digest = true;
	for (unsigned fails = 0; fails < 4; fails++) {
		no_threads = fails;
		expect_plain(&stored, &plain, 1 << 20);
	}
	slow_digest = false;
}

/* Whoever takes digests must hear of it, however late and in whatever thread it happened. */
static void digest_that_fails(void **unused)
{
	static unsigned char piece[200000];
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes stored = {0};
	cleanup_close int fd = -1;

	(void)unused;
	state = 8;
	plain = make_plain(100003);
	add_member(&stored, &plain, 6, Z_DEFAULT_STRATEGY, NULL);
	fd = file_of(&stored);
	no_digest = plain.size;
	for (unsigned fails = 0; fails < 4; fails++) {
		const struct stream_part part = {fd, 0, stored.size, "test"};
		struct err err = {0};
		struct stream_digests digests;
		cleanup_stream struct stream *stream = stream_open_part(&part, &err);

		assert_non_null(stream);
		no_threads = fails;
		if (stream_read(stream, piece, sizeof(piece), &err) >= 0 &&
		    stream_settle(stream, &err) == 0)
			assert_int_equal(stream_digests(stream, &digests, &err), -1);
		assert_int_equal(err.status, EXIT_ENVIRONMENT);
	}
	no_digest = 0;
}

static void trouble_comes_last(void **unused)
{
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes stored = make_large(&plain);
	cleanup_bytes struct bytes found = {0};

	(void)unused;
	stored.data[stored.size - 5] ^= 1; /* of the CRC */
	for (unsigned fails = 0; fails < 4; fails++) {
		struct err err = {0};

		no_threads = fails;
		free_bytes(&found);
		assert_int_equal(read_all(&stored, &found, 100000, &err), -1);
		assert_string_equal(err.name, "TAR-COMPRESSION");
		/* All that was decoded before, up to the slot that failed. */
		assert_true(found.size > 11 << 20);
		assert_memory_equal(found.data, plain.data, found.size);
	}
}

static void slow_reader(void **unused)
{
	cleanup_bytes struct bytes plain = {0};
	cleanup_bytes struct bytes stored = make_large(&plain);
	struct err err = {0};
	ssize_t n = 1;
	static unsigned char piece[1 << 20];

	(void)unused;
	stored.size -= 3;
	{
		cleanup_close int fd = file_of(&stored);
		const struct stream_part part = {fd, 0, stored.size, "test"};
		cleanup_stream struct stream *stream = stream_open_part(&part, &err);

		while (n > 0) {
			usleep(10000);
			n = stream_read(stream, piece, sizeof(piece), &err);
		}
	}
	assert_int_equal(n, -1);
	assert_string_equal(err.name, "TAR-COMPRESSION");
}

static void expect_limit(const struct bytes *stored, const struct rootfs_limits *limits,
			 const char *name)
{
	cleanup_close int fd = file_of(stored);
	const struct stream_part part = {fd, 0, stored->size, "test"};
	struct err err = {0};
	cleanup_stream struct stream *stream = stream_open_part(&part, &err);
	static unsigned char piece[1 << 20];
	ssize_t n;

	stream_limit(stream, limits);
	do
		n = stream_read(stream, piece, sizeof(piece), &err);
	while (n > 0);
	assert_int_equal(n, -1);
	assert_string_equal(err.name, "ROOTFS-LIMIT");
	assert_int_equal(err.status, EXIT_MALFORMED);
	assert_non_null(strstr(err.text, name));
}

static void limits_of_streams(void **unused)
{
	cleanup_bytes struct bytes zeros = {100 << 20, calloc(1, 100 << 20)};
	cleanup_bytes struct bytes bomb = {0};
	cleanup_bytes struct bytes few = {5 << 20, calloc(1, 5 << 20)};
	cleanup_bytes struct bytes zstd = make_zstd(&few, 24);
	cleanup_bytes struct bytes xz = make_xz(&few);
	struct rootfs_limits limits = rootfs_default_limits;

	(void)unused;
	add_member(&bomb, &zeros, 6, Z_DEFAULT_STRATEGY, NULL);
	expect_limit(&bomb, &limits, "--limit ratio=");
	limits.ratio = 2000;
	limits.bytes = 50 << 20;
	expect_limit(&bomb, &limits, "--limit bytes=");
	limits.zstd_window = 8 << 20;
	expect_limit(&zstd, &limits, "--limit zstd-window=");
	limits.xz_memory = 1 << 20;
	expect_limit(&xz, &limits, "--limit xz-memory=");
	expect_plain(&zstd, &few, 65536);
	expect_plain(&xz, &few, 65536);
}

static void limits_are_numbers(void **unused)
{
	static const char *const bad[] = {"entries",	       "entries=",
					  "entries=0",	       "entries=-1",
					  "entries=1x",	       "entries=1kk",
					  "entrie=1",	       "=1",
					  "entries= 1",	       "bytes=99999999999999999999",
					  "bytes=99999999999G"};
	struct rootfs_limits limits = rootfs_default_limits;

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};

		assert_int_equal(limits_set(&limits, bad[i], &err), -1);
		assert_int_equal(err.status, EXIT_USAGE);
	}
	assert_memory_equal(&limits, &rootfs_default_limits, sizeof(limits));
	assert_int_equal(limits_set(&limits, "entries=3k", NULL), 0);
	assert_int_equal(limits_set(&limits, "xz-memory=2G", NULL), 0);
	assert_int_equal(limits.entries, 3072);
	assert_int_equal(limits.xz_memory, 2ULL << 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_members),
		cmocka_unit_test(gzip_cut_anywhere),
		cmocka_unit_test(gzip_with_something_behind),
		cmocka_unit_test(gzip_header_bits),
		cmocka_unit_test(gzip_damage_as_zlib_finds_it),
		cmocka_unit_test(other_compressions),
		cmocka_unit_test(closed_early),
		cmocka_unit_test(threads_that_cannot_be_made),
		cmocka_unit_test(digest_that_fails),
		cmocka_unit_test(trouble_comes_last),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(limits_of_streams),
		cmocka_unit_test(limits_are_numbers),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
