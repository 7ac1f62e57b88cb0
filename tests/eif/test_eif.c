/*
 * Properties of the eif library that need no command line: every byte of an image counts, no prefix
 * of one passes, and hostile structures cost nothing. Never reads or writes the checkout.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <zlib.h>

#include "../../eif/ramdisk.h"
#include "../../eif/room.h"

struct fixture {
	char dir[32];
	char image[64];	      /* path of a sound image */
	char ramdisk[64];     /* path of a ramdisk */
	unsigned char *bytes; /* of the image */
	size_t size;
	size_t metadata_size;
	struct eif_measurements measurements;
};

static void write_file(const char *path, const void *data, size_t size)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
}

static char *composed(const char *custom, size_t *size)
{
	struct eif_identity identity = {
		.name = "n",
		.version = "v",
		.kernel_version = "k",
		.custom = custom,
		.custom_size = custom ? strlen(custom) : 0,
	};
	struct err err = {0};
	char *text = eif_metadata_compose(&identity, size, &err);

	assert_non_null(text);
	assert_int_equal(err.status, 0);
	return text;
}

static int set_up(void **state)
{
	static struct fixture fixture;
	const char *ramdisks[3] = {fixture.ramdisk, fixture.ramdisk, fixture.ramdisk};
	struct eif_build build = {.kernel = fixture.ramdisk,
				  .ramdisks = ramdisks,
				  .ramdisk_count = 3,
				  .cmdline = "quiet",
				  .cmdline_size = 5};
	cleanup_free char *metadata = composed(NULL, &build.metadata_size);
	cleanup_fclose FILE *file = NULL;
	struct err err = {0};

	strcpy(fixture.dir, "/tmp/test_eif.XXXXXX");
	assert_non_null(mkdtemp(fixture.dir));
	snprintf(fixture.image, sizeof(fixture.image), "%s/image.eif", fixture.dir);
	snprintf(fixture.ramdisk, sizeof(fixture.ramdisk), "%s/ramdisk", fixture.dir);
	write_file(fixture.ramdisk, "070701\n", 7);
	build.metadata = metadata;
	fixture.metadata_size = build.metadata_size;
	assert_int_equal(eif_write(&build, fixture.image, &fixture.measurements, &err), 0);
	fixture.bytes = malloc(65536);
	assert_non_null(fixture.bytes);
	file = fopen(fixture.image, "rb");
	assert_non_null(file);
	fixture.size = fread(fixture.bytes, 1, 65536, file);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->image);
	unlink(fixture->ramdisk);
	free(fixture->bytes);
	return rmdir(fixture->dir);
}

static int read_bytes(const void *bytes, size_t size, struct eif_image *image, struct err *err)
{
	cleanup_close int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return eif_read(fd, "image", NULL, image, err);
}

static void test_read_what_was_written(void **state)
{
	const struct fixture *fixture = *state;
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	struct err err = {0};

	assert_int_equal(read_bytes(fixture->bytes, fixture->size, &image, &err), 0);
	assert_int_equal(err.status, 0);
	assert_int_equal(image.section_count, 6);
	assert_int_equal(image.file_size, fixture->size);
	assert_int_equal(image.default_memory, 1073741824);
	assert_int_equal(image.default_cpus, 2);
	assert_int_equal(image.cmdline_size, 5);
	assert_memory_equal(image.cmdline, "quiet", 5);
	assert_false(image.measurements.has_pcr8);
	assert_memory_equal(image.measurements.pcr, fixture->measurements.pcr,
			    sizeof(fixture->measurements.pcr));
}

static void test_read_from_a_pipe(void **state)
{
	const struct fixture *fixture = *state;
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	struct err err = {0};
	int fds[2];
	int result;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], fixture->bytes, fixture->size), fixture->size);
	close(fds[1]);
	result = eif_read(fds[0], "pipe", NULL, &image, &err);
	close(fds[0]);
	assert_int_equal(result, 0);
	assert_int_equal(image.file_size, fixture->size);
}

static void test_every_prefix_is_refused(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t size = 0; size < fixture->size; size++) {
		struct eif_image image;
		struct err err = {0};

		assert_int_equal(read_bytes(fixture->bytes, size, &image, &err), -1);
		assert_string_equal(err.name, "EIF-TRUNCATED");
		assert_int_equal(err.status, EXIT_MALFORMED);
		assert_null(image.cmdline);
		assert_null(image.metadata);
	}
}

static void test_every_flipped_bit_is_refused(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t bit = 0; bit < 8 * fixture->size; bit++) {
		unsigned char mask = (unsigned char)(1u << bit % 8);
		struct eif_image image;
		struct err err = {0};
		int result;

		fixture->bytes[bit / 8] ^= mask;
		result = read_bytes(fixture->bytes, fixture->size, &image, &err);
		fixture->bytes[bit / 8] ^= mask;
		assert_int_equal(result, -1);
		assert_int_equal(err.status, EXIT_MALFORMED);
		assert_memory_equal(err.name, "EIF-", 4);
	}
}

static int refuse(void *context, const struct eif_section *section, struct err *err)
{
	(void)context;
	if (section->type != EIF_RAMDISK)
		return 0;
	return err_set(err, EXIT_ENVIRONMENT, "TEST-SINK", "enough");
}

static int ignore(void *context, const void *data, size_t size, struct err *err)
{
	(void)data;
	(void)err;
	*(size_t *)context += size;
	return 0;
}

static void test_sink_may_end_the_reading(void **state)
{
	const struct fixture *fixture = *state;
	size_t seen = 0;
	const struct eif_sink sink = {.begin = refuse, .data = ignore, .context = &seen};
	cleanup_close int fd = open(fixture->image, O_RDONLY);
	struct eif_image image;
	struct err err = {0};

	assert_int_equal(eif_read(fd, "image", &sink, &image, &err), -1);
	assert_string_equal(err.name, "TEST-SINK");
	assert_int_equal(seen, 7 + 5 + fixture->metadata_size);
}

static void test_failed_write_leaves_what_was_there(void **state)
{
	const struct fixture *fixture = *state;
	const char *ramdisks[] = {"/nonexistent"};
	struct eif_build build = {.kernel = fixture->ramdisk,
				  .ramdisks = ramdisks,
				  .ramdisk_count = 1,
				  .cmdline = "",
				  .cmdline_size = 0};
	cleanup_free char *metadata = composed(NULL, &build.metadata_size);
	struct eif_measurements measurements = {.has_pcr8 = true};
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	cleanup_close int fd = -1;
	struct err err = {0};

	build.metadata = metadata;
	assert_int_equal(eif_write(&build, fixture->image, &measurements, &err), -1);
	assert_string_equal(err.name, "FILE-OPEN");
	assert_int_equal(err.status, EXIT_ENVIRONMENT);
	assert_true(measurements.has_pcr8);
	fd = open(fixture->image, O_RDONLY);
	err = (struct err){0};
	assert_int_equal(eif_read(fd, "image", NULL, &image, &err), 0);
}

static void test_metadata_keeps_tokens(void **state)
{
	static const char *const pairs[][2] = {
		{"{}", "{}"},
		{" {\n}\t", "{}"},
		{"{\"a b\" : \" c \\\" d \\\\\" }", "{\"a b\":\" c \\\" d \\\\\"}"},
		{"{\"a\": [1.50, 1e9, -0, 99999999999999999999]}",
		 "{\"a\":[1.50,1e9,-0,99999999999999999999]}"},
		{"{\"\\u00e9\": \"\xc3\xa9\"}", "{\"\\u00e9\":\"\xc3\xa9\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		size_t size = 0;
		cleanup_free char *text = composed(pairs[i][0], &size);
		cleanup_json json_t *parsed = NULL;
		const char *custom = strstr(text, ",\"CustomMetadata\":");
		struct err err = {0};

		assert_int_equal(strlen(text), size);
		assert_non_null(custom);
		custom += strlen(",\"CustomMetadata\":");
		assert_int_equal(strlen(custom), strlen(pairs[i][1]) + 1);
		assert_memory_equal(custom, pairs[i][1], strlen(pairs[i][1]));
		parsed = eif_metadata_parse(text, size, &err);
		assert_non_null(parsed);
	}
}

static void test_metadata_has_no_nul_bytes(void **state)
{
	static const char text[] = "{\"a\":true\0}";
	const struct eif_identity identity = {"n", "v", "k", text, sizeof(text) - 1};
	struct err err = {0};
	size_t size;

	(void)state;
	assert_null(eif_metadata_compose(&identity, &size, &err));
	assert_string_equal(err.name, "EIF-METADATA");
}

static void test_metadata_parse_refuses(void **state)
{
	static const char *const texts[] = {
		"",
		"null",
		"\"text\"",
		"{}",
		"{\"ImageName\":\"n\",\"ImageVersion\":\"v\"}",
		"{\"ImageName\":\"n\",\"ImageVersion\":\"v\",\"BuildMetadata\":[]}",
		"{\"ImageName\":\"n\",\"ImageVersion\":\"v\",\"BuildMetadata\":\"\"}",
		"\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = {0};

		assert_null(eif_metadata_parse(texts[i], strlen(texts[i]), &err));
		assert_string_equal(err.name, "EIF-METADATA");
		assert_int_equal(err.status, EXIT_MALFORMED);
	}
}

static void test_signature_takes_the_first(void **state)
{
	static const unsigned char section[] =
		"\x82\xa2\x73signing_certificate\x82\x01\x18\xff\x69signature\x81\x19\x00\x07"
		"\xa2\x69signature\x80\x73signing_certificate\x80";
	cleanup_with(eif_signature_clear) struct eif_signature signature = EIF_SIGNATURE_INIT;
	struct err err = {0};

	(void)state;
	assert_int_equal(eif_signature_parse(section, sizeof(section) - 1, &signature, &err), 0);
	assert_int_equal(signature.certificate_size, 2);
	assert_memory_equal(signature.certificate, "\x01\xff", 2);
	assert_int_equal(signature.cose_size, 1);
	assert_memory_equal(signature.cose, "\x07", 1);
	for (size_t size = 0; size < sizeof(section) - 1; size++) {
		struct eif_signature none = EIF_SIGNATURE_INIT;

		assert_int_equal(eif_signature_parse(section, size, &none, &err), -1);
		assert_string_equal(err.name, "EIF-SIGNATURE");
		assert_null(none.certificate);
		assert_null(none.cose);
	}
}

static void test_certificate_must_be_one(void **state)
{
	static const char *const texts[] = {
		"",
		"not PEM",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\nAAAA\n"
		"-----END CERTIFICATE-----\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		unsigned char pcr8[SHA384_SIZE];
		struct err err = {0};

		assert_int_equal(eif_certificate_pcr8(texts[i], strlen(texts[i]), pcr8, &err), -1);
		assert_string_equal(err.name, "EIF-SIGNATURE");
	}
}

static void test_describe_knows_its_members(void **state)
{
	const struct fixture *fixture = *state;
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	cleanup_json json_t *json = NULL;
	const char *key;
	json_t *value;
	struct err err = {0};

	assert_int_equal(read_bytes(fixture->bytes, fixture->size, &image, &err), 0);
	json = eif_describe(&image, &err);
	assert_non_null(json);
	json_object_foreach(json, key, value) assert_true(eif_describe_knows(key));
	assert_false(eif_describe_knows("TreeDigest"));
	assert_false(eif_describe_knows(""));
}

struct archive {
	unsigned char bytes[8192];
	size_t size;
};

static void add_entry(struct archive *archive, const char *path, const char *data)
{
	unsigned char *at = archive->bytes + archive->size;
	size_t path_size = strlen(path) + 1;
	size_t used;

	used = (size_t)sprintf(
		(char *)at, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0,
		0100644, 1, 2, 1, 0, (unsigned)strlen(data), 0, 0, 0, 0, (unsigned)path_size, 0);
	memcpy(at + used, path, path_size);
	used = (used + path_size + 3) & ~(size_t)3;
	memcpy(at + used, data, strlen(data));
	archive->size += (used + strlen(data) + 3) & ~(size_t)3;
}

static void add_gzip(struct archive *archive, const struct archive *plain)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)plain->bytes,
		      .avail_in = (uInt)plain->size,
		      .next_out = archive->bytes + archive->size,
		      .avail_out = (uInt)(sizeof(archive->bytes) - archive->size)};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), 0);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	archive->size += z.total_out;
	deflateEnd(&z);
}

static int log_entry(void *context, const struct newc_entry *entry, bool packed, struct err *err)
{
	char *text = context;

	(void)err;
	sprintf(text + strlen(text), "%s %llu %llu %d %02x\n", entry->path,
		(unsigned long long)entry->offset, (unsigned long long)entry->end, packed,
		entry->sha256[0]);
	return 0;
}

/* What a ramdisk holds, told in pieces of some bytes each; the end tells of the rest. */
static void list_ramdisk(const struct archive *archive, size_t piece, char *text)
{
	uint64_t unpack_left = 1 << 20;
	struct ramdisk ramdisk = {
		.entry = log_entry, .context = text, .digests = true, .unpack_left = &unpack_left};
	struct err err = {0};

	*text = '\0';
	for (size_t at = 0; at < archive->size; at += piece) {
		size_t left = archive->size - at;

		assert_int_equal(ramdisk_feed(&ramdisk, archive->bytes + at,
					      left < piece ? left : piece, &err),
				 0);
	}
	ramdisk_end(&ramdisk);
	sprintf(text + strlen(text), "%s %llu\n", ramdisk.rest_why ? ramdisk.rest_why : "all",
		(unsigned long long)ramdisk.rest_at);
	ramdisk_reset(&ramdisk);
}

static void test_ramdisk_in_pieces(void **state)
{
	static const size_t pieces[] = {1, 2, 3, 5, 7, 64, 109, 110, 111, 4096};
	struct archive plain = {.size = 0};
	struct archive mixed = {.size = 0};
	char expected[1024];
	char text[1024];
	size_t size;

	(void)state;
	add_entry(&plain, "init", "#!/bin/sh");
	add_entry(&plain, "etc/empty", "");
	add_entry(&plain, "TRAILER!!!", "");
	mixed = plain;
	mixed.size += 12;
	add_gzip(&mixed, &plain);
	list_ramdisk(&mixed, sizeof(mixed.bytes), expected);
	assert_string_equal(expected, "init 0 128 0 3a\netc/empty 128 248 0 e3\n"
				      "init 0 128 1 3a\netc/empty 128 248 1 e3\nall 0\n");
	size = mixed.size;
	memcpy(mixed.bytes + mixed.size, "junk behind", 11);
	mixed.size += 11;
	list_ramdisk(&mixed, sizeof(mixed.bytes), expected);
	sprintf(text, "neither an archive nor a compressed one %zu\n", size);
	assert_non_null(strstr(expected, text));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		list_ramdisk(&mixed, pieces[i], text);
		assert_string_equal(text, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_what_was_written),
		cmocka_unit_test(test_read_from_a_pipe),
		cmocka_unit_test(test_every_prefix_is_refused),
		cmocka_unit_test(test_every_flipped_bit_is_refused),
		cmocka_unit_test(test_sink_may_end_the_reading),
		cmocka_unit_test(test_failed_write_leaves_what_was_there),
		cmocka_unit_test(test_metadata_keeps_tokens),
		cmocka_unit_test(test_metadata_has_no_nul_bytes),
		cmocka_unit_test(test_metadata_parse_refuses),
		cmocka_unit_test(test_signature_takes_the_first),
		cmocka_unit_test(test_certificate_must_be_one),
		cmocka_unit_test(test_describe_knows_its_members),
		cmocka_unit_test(test_ramdisk_in_pieces),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
