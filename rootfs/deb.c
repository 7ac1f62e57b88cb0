/*
 * The ar archive of a Debian package, member by member. Accepts what dpkg-deb and ar write and
 * nothing else: no long names, no further members, no bytes between or behind them.
 */
#include "deb.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { AR_MAGIC = 8, AR_HEADER = 60, AR_NAME = 16, AR_SIZE_AT = 48, AR_SIZE = 10, AR_END_AT = 58 };

static int malformed(const struct deb *deb, off_t at, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "DEBS-FORMAT",
		       "%s: offset %lld: %s expected, found something else", deb->name,
		       (long long)at, expected);
}

/* Fewer bytes only at the end of the file. */
static ssize_t read_at(const struct deb *deb, void *data, size_t size, off_t offset,
		       struct err *err)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = pread(deb->blob.part.fd, (char *)data + used, size - used,
				  offset + (off_t)used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "ROOTFS-READ", "%s", deb->name);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/* Adds what of size bytes at offset lies in the part. */
static int hash_overlap(struct hash *hash, const struct stream_part *part, const char *data,
			uint64_t offset, size_t size, struct err *err)
{
	uint64_t first = (uint64_t)part->offset > offset ? (uint64_t)part->offset : offset;
	uint64_t end = (uint64_t)part->offset + part->size;

	if (end > offset + size)
		end = offset + size;
	return first < end ? hash_update(hash, data + (first - offset), (size_t)(end - first), err)
			   : 0;
}

/* In one pass the whole and its members, which are read again: what is used then is compared. */
static int hash_all(struct deb *deb, unsigned char digest[SHA256_SIZE], struct err *err)
{
	cleanup_hash struct hash *whole = hash_new(HASH_SHA256, err);
	cleanup_hash struct hash *control = whole ? hash_new(HASH_SHA256, err) : NULL;
	cleanup_hash struct hash *data = control ? hash_new(HASH_SHA256, err) : NULL;
	char buffer[65536];
	uint64_t done = 0;
	ssize_t n = 1;

	while (data && (n = read_at(deb, buffer, sizeof(buffer), (off_t)done, err)) > 0) {
		if (hash_update(whole, buffer, (size_t)n, err) < 0 ||
		    hash_overlap(control, &deb->control, buffer, done, (size_t)n, err) < 0 ||
		    hash_overlap(data, &deb->data, buffer, done, (size_t)n, err) < 0)
			return -1;
		done += (uint64_t)n;
	}
	if (!data || n < 0 || hash_final(whole, digest, err) < 0 ||
	    hash_final(control, deb->control_sha256, err) < 0)
		return -1;
	return hash_final(data, deb->data_sha256, err);
}

int deb_compare(const struct deb *deb, struct stream *stream,
		const unsigned char sha256[SHA256_SIZE], struct err *err)
{
	struct stream_digests digests;

	if (stream_digests(stream, &digests, err) < 0)
		return -1;
	if (memcmp(digests.stored, sha256, SHA256_SIZE) == 0)
		return 0;
	return err_set(err, EXIT_ENVIRONMENT, "ROOTFS-CHANGED",
		       "%s: an unchanged file expected, found it changed", deb->name);
}

static int check_pin(struct deb *deb, const struct deb_pin *pin, struct err *err)
{
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	if (deb->blob.part.size != pin->size)
		return err_set(err, EXIT_MALFORMED, "DEBS-SIZE",
			       "%s: a file of %llu bytes expected, found %llu", deb->name,
			       (unsigned long long)pin->size,
			       (unsigned long long)deb->blob.part.size);
	if (hash_all(deb, digest, err) < 0)
		return -1;
	hash_hex(digest, sizeof(digest), hex);
	if (strcmp(hex, pin->sha256) != 0)
		return err_set(err, EXIT_MALFORMED, "DEBS-DIGEST",
			       "%s: sha256 %s expected, found %s", deb->name, pin->sha256, hex);
	return 0;
}

/* Which ending of a member's name its first bytes ask for. */
static const char *ending_of(const unsigned char *data, size_t size)
{
	static const struct {
		const char *ending;
		const char *magic;
		size_t size;
	} known[] = {
		{".gz", "\x1f\x8b", 2},
		{".xz",
		 "\xfd"
		 "7zXZ\0",
		 6},
		{".zst", "\x28\xb5\x2f\xfd", 4},
		{".bz2", "BZh", 3},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (size >= known[i].size && memcmp(data, known[i].magic, known[i].size) == 0)
			return known[i].ending;
	return "";
}

/* The name is the wanted one with spaces, or as GNU ar has it with a slash and spaces. */
static bool has_name(const char *header, const char *wanted)
{
	size_t size = strlen(wanted);

	if (memcmp(header, wanted, size) != 0)
		return false;
	if (header[size] == '/')
		size++;
	while (size < AR_NAME && header[size] == ' ')
		size++;
	return size == AR_NAME;
}

static bool parse_size(const char *field, uint64_t *size)
{
	size_t digits = 0;

	*size = 0;
	while (digits < AR_SIZE && field[digits] >= '0' && field[digits] <= '9')
		*size = *size * 10 + (uint64_t)(field[digits++] - '0');
	for (size_t i = digits; i < AR_SIZE; i++)
		if (field[i] != ' ')
			return false;
	return digits > 0;
}

/* The padding of a member whose size is odd; moves *at behind it. */
static int skip_padding(const struct deb *deb, off_t *at, struct err *err)
{
	char padding = '\n';

	if (*at % 2 == 0)
		return 0;
	if (read_at(deb, &padding, 1, *at, err) < 0)
		return -1;
	if (*at >= (off_t)deb->blob.part.size || padding != '\n')
		return malformed(deb, *at, "a newline as padding", err);
	++*at;
	return 0;
}

/* Reads the member at *at, which must be called name and, for a tar, as its compression says. */
static int next_member(const struct deb *deb, off_t *at, const char *name, struct stream_part *part,
		       struct err *err)
{
	char header[AR_HEADER];
	unsigned char magic[8];
	char full[AR_NAME];
	ssize_t n = read_at(deb, header, sizeof(header), *at, err);
	uint64_t size;

	if (n < 0)
		return -1;
	if (n < AR_HEADER || memcmp(header + AR_END_AT, "`\n", 2) != 0 ||
	    !parse_size(header + AR_SIZE_AT, &size))
		return malformed(deb, *at, "the header of a member", err);
	if (size > (uint64_t)((off_t)deb->blob.part.size - *at - AR_HEADER))
		return malformed(deb, *at, "a member that ends inside the file", err);
	n = read_at(deb, magic, sizeof(magic), *at + AR_HEADER, err);
	if (n < 0)
		return -1;
	if ((uint64_t)n > size)
		n = (ssize_t)size;
	snprintf(full, sizeof(full), "%s%s", name, ending_of(magic, (size_t)n));
	if (!has_name(header, full) || strcmp(ending_of(magic, (size_t)n), ".bz2") == 0) {
		snprintf(full, sizeof(full), "%s", name);
		return err_set(err, EXIT_MALFORMED, "DEBS-FORMAT",
			       "%s: offset %lld: the member %s expected (plain or as .gz, .xz or "
			       ".zst, as its bytes are), found \"%.16s\"",
			       deb->name, (long long)*at, full, header);
	}
	*part = (struct stream_part){deb->blob.part.fd, *at + AR_HEADER, size, deb->name};
	*at += AR_HEADER + (off_t)size;
	return skip_padding(deb, at, err);
}

static int find_members(struct deb *deb, struct err *err)
{
	struct stream_part version;
	char text[AR_MAGIC];
	off_t at = AR_MAGIC;

	if (read_at(deb, text, AR_MAGIC, 0, err) < 0)
		return -1;
	if ((off_t)deb->blob.part.size < AR_MAGIC || memcmp(text, "!<arch>\n", AR_MAGIC) != 0)
		return malformed(deb, 0, "an ar archive", err);
	if (next_member(deb, &at, "debian-binary", &version, err) < 0 ||
	    read_at(deb, text, 4, version.offset, err) < 0)
		return -1;
	if (version.size != 4 || memcmp(text, "2.0\n", 4) != 0)
		return malformed(deb, version.offset, "version 2.0", err);
	if (next_member(deb, &at, "control.tar", &deb->control, err) < 0 ||
	    next_member(deb, &at, "data.tar", &deb->data, err) < 0)
		return -1;
	if (at != (off_t)deb->blob.part.size)
		return malformed(deb, at, "the end after data.tar", err);
	return 0;
}

int deb_open(struct deb *deb, const char *path, const struct deb_pin *pin, struct err *err)
{
	struct err form = {0};
	int failed;

	deb->name = pin->name;
	if (access(path, F_OK) < 0)
		return err_errno(err, "DEBS-MISSING", "%s: %s", pin->name, path);
	if (blob_open(&deb->blob, path, err) < 0)
		return -1;
	/* Members first: what does not match the pin is called that, whatever form it has. */
	failed = find_members(deb, &form);
	if (check_pin(deb, pin, err) < 0)
		return -1;
	if (failed < 0)
		*err = form;
	return failed;
}

int deb_settle(const struct deb *deb, struct err *err)
{
	return blob_settle(&deb->blob, err);
}

void deb_close(struct deb *deb)
{
	blob_close(&deb->blob);
}
