/*
 * Parses tar headers strictly: whatever two readers could understand differently is an error.
 * Never decides where in the tree an entry belongs.
 */
#include "tar_header.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
	ATTRIBUTES_MAX = 64,	 /* of an entry */
	EXTENSION_MAX = 1 << 20, /* bytes of a pax header or a GNU long name */
};

/* Offsets and lengths in the header block. */
#define NAME	 0, 100
#define MODE	 100, 8
#define UID	 108, 8
#define GID	 116, 8
#define SIZE	 124, 12
#define CHECKSUM 148, 8
#define LINK	 157, 100
#define MAJOR	 329, 8
#define MINOR	 337, 8
#define PREFIX	 345, 155
enum { TYPE = 156, MAGIC = 257 };

static int malformed(const struct tar *tar, struct err *err, const char *name, const char *expected,
		     const char *found)
{
	return err_set(err, EXIT_MALFORMED, name, "header at offset %llu: %s expected, found %s",
		       (unsigned long long)tar->header, expected, found);
}

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "tar header");
}

static ssize_t read_part(const struct tar *tar, void *data, size_t size, struct err *err)
{
	const struct stream_part *part = tar->part;
	uint64_t left = tar->offset < part->size ? part->size - tar->offset : 0;
	size_t used = 0;

	if (size > left)
		size = (size_t)left;
	while (used < size) {
		ssize_t n = pread(part->fd, (char *)data + used, size - used,
				  part->offset + (off_t)(tar->offset + used));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "ROOTFS-READ", "%s", part->name);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

/* Reads size bytes, fewer only at the end: what stopped a stream is told by the read after it. */
static ssize_t read_some(struct tar *tar, void *data, size_t size, struct err *err)
{
	size_t used = 0;
	ssize_t n;

	do {
		char *to = (char *)data + used;

		n = tar->part ? read_part(tar, to, size - used, err)
			      : stream_read(tar->stream, to, size - used, err);
		if (n < 0)
			return -1;
		used += (size_t)n;
		tar->offset += (uint64_t)n;
	} while (n > 0 && used < size);
	return (ssize_t)used;
}

static int read_all(struct tar *tar, void *data, size_t size, struct err *err)
{
	ssize_t n = read_some(tar, data, size, err);

	if (n < 0)
		return -1;
	if ((size_t)n < size)
		return err_set(err, EXIT_MALFORMED, "TAR-TRUNCATED",
			       "offset %llu: %zu more bytes expected, found the end",
			       (unsigned long long)tar->offset, size - (size_t)n);
	return 0;
}

static int skip(struct tar *tar, uint64_t size, struct err *err)
{
	char buffer[16384];

	if (tar->part && size <= tar->part->size && tar->offset <= tar->part->size - size) {
		tar->offset += size;
		return 0;
	}
	while (size > 0) {
		size_t part = size < sizeof(buffer) ? (size_t)size : sizeof(buffer);

		if (read_all(tar, buffer, part, err) < 0)
			return -1;
		size -= part;
	}
	return 0;
}

static bool all_zero(const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i])
			return false;
	return true;
}

/* After one zero block: another one, then zeros to the end of the file. */
static int check_end(struct tar *tar, struct err *err)
{
	unsigned char block[TAR_BLOCK];
	uint64_t zeros = TAR_BLOCK;

	for (;;) {
		ssize_t n = read_some(tar, block, sizeof(block), err);

		if (n < 0)
			return -1;
		if (!all_zero(block, (size_t)n))
			return malformed(tar, err, "TAR-END", "nothing but zeros after the end",
					 "data");
		zeros += (uint64_t)n;
		if ((size_t)n < sizeof(block))
			break;
	}
	if (zeros < 2 * TAR_BLOCK)
		return malformed(tar, err, "TAR-END", "two zero blocks", "one");
	return 0;
}

static int check_sum(const struct tar *tar, const unsigned char *block, uint64_t stored,
		     struct err *err)
{
	unsigned int sum = 8 * ' ';

	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (i < 148 || i >= 156)
			sum += block[i];
	if (sum == stored)
		return 0;
	return err_set(err, EXIT_MALFORMED, "TAR-CHECKSUM",
		       "header at offset %llu: checksum %u expected, found %llu",
		       (unsigned long long)tar->header, sum, (unsigned long long)stored);
}

/* Octal digits between spaces and NULs, or GNU's base 256 with the first bit set. */
static int parse_number(const struct tar *tar, const unsigned char *block, size_t offset,
			size_t size, uint64_t *value, struct err *err)
{
	const unsigned char *p = block + offset;
	const unsigned char *end = p + size;

	*value = 0;
	if (*p == 0x80) {
		for (p++; p < end; p++) {
			if (*value >> 56)
				return malformed(tar, err, "TAR-FIELD", "a number below 2^64",
						 "a larger one");
			*value = *value << 8 | *p;
		}
		return 0;
	}
	while (p < end && *p == ' ')
		p++;
	for (; p < end && *p >= '0' && *p <= '7'; p++)
		*value = *value << 3 | (uint64_t)(*p - '0');
	for (; p < end; p++)
		if (*p != ' ' && *p != '\0')
			return malformed(tar, err, "TAR-FIELD", "octal digits or a positive number",
					 "something else");
	return 0;
}

static char *copy_field(const unsigned char *block, size_t offset, size_t size)
{
	return strndup((const char *)block + offset, size);
}

/* What extension headers said about the entry that follows them. */
struct extension {
	char *path;
	char *link;
	struct xattr *xattrs;
	size_t attributes;
	bool has_size, has_uid, has_gid, has_pax;
	uint64_t size, uid, gid;
};

static void extension_clear(struct extension *x)
{
	free(x->path);
	free(x->link);
	xattrs_free(x->xattrs);
}

static int parse_decimal(const struct tar *tar, const char *text, uint64_t *value, struct err *err)
{
	*value = 0;
	if (!*text || strlen(text) > 18)
		return malformed(tar, err, "TAR-PAX", "a decimal number", "something else");
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return malformed(tar, err, "TAR-PAX", "a decimal number", "something else");
		*value = *value * 10 + (uint64_t)(*text - '0');
	}
	return 0;
}

static int set_number(const struct tar *tar, const char *text, bool *has, uint64_t *value,
		      struct err *err)
{
	if (*has)
		return malformed(tar, err, "TAR-PAX", "each keyword once", "one twice");
	*has = true;
	return parse_decimal(tar, text, value, err);
}

static int set_text(const struct tar *tar, const char *text, char **value, struct err *err)
{
	if (*value)
		return malformed(tar, err, "TAR-PAX", "one name for an entry", "two");
	if (!*text)
		return malformed(tar, err, "TAR-PAX", "a name", "an empty one");
	*value = strdup(text);
	return *value ? 0 : no_memory(err);
}

/* Six bits of base64, 64 for another character. */
static unsigned int sextet(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (unsigned int)(at - alphabet) : 64;
}

/* Decodes base64 in place, with or without '=' at the end; returns the size, or -1. */
static ssize_t decode_base64(char *text)
{
	size_t length = strlen(text);
	size_t used = 0;
	uint32_t bits = 0;

	for (int i = 0; i < 2 && length % 4 == 0 && length > 0 && text[length - 1] == '='; i++)
		text[--length] = '\0';
	if (length % 4 == 1)
		return -1;
	for (size_t i = 0; i < length; i++) {
		unsigned int six = sextet(text[i]);

		if (six > 63)
			return -1;
		bits = bits << 6 | six;
		if (i % 4 != 0)
			text[used++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	/* What is left over of the last character says nothing, and must be zero. */
	if (length % 4 != 0 && (bits & (length % 4 == 2 ? 15 : 3)) != 0)
		return -1;
	return (ssize_t)used;
}

/* The same attribute may come twice, as bsdtar writes it in both forms; the values must agree. */
static int add_attribute(const struct tar *tar, struct extension *x, const char *name,
			 const void *value, size_t size, struct err *err)
{
	const struct xattr *known = xattrs_find(x->xattrs, name);

	/* GNU tar writes the host's label under two keywords, with and without a closing NUL. */
	if (attribute_of_host(name))
		return 0;
	if (!known && x->attributes++ == ATTRIBUTES_MAX)
		return malformed(tar, err, "TAR-PAX", "at most 64 extended attributes", "more");
	if (!known)
		return xattrs_add(&x->xattrs, name, value, size, err);
	if (known->size != size || memcmp(known->value, value, size) != 0)
		return malformed(tar, err, "TAR-PAX", "one value of an extended attribute", "two");
	return 0;
}

/*
 * "VENDOR.keyword" is whose vendor it is for POSIX, Go and libarchive, such as
 * APK-TOOLS.checksum.SHA1. Those whose keywords we know may say something about the tree.
 */
static bool is_foreign(const char *key)
{
	static const char *const known[] = {"GNU", "LIBARCHIVE", "RHT", "SCHILY", "SUN"};
	size_t length = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	if (length == 0 || key[length] != '.' || !key[length + 1])
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == length && strncmp(key, known[i], length) == 0)
			return false;
	return true;
}

/* Keywords that say nothing about the tree: times, names of owners, and where the files lay. */
static bool is_harmless(const char *key)
{
	static const char *const keys[] = {
		"LIBARCHIVE.creationtime",
		"SCHILY.dev",
		"SCHILY.ino",
		"SCHILY.nlink",
		"atime",
		"comment",
		"ctime",
		"gname",
		"hdrcharset",
		"mtime",
		"uname",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* Whether key carries an attribute, which then is taken: 1, 0 for another keyword, -1. */
static int take_attribute(const struct tar *tar, struct extension *x, const char *key, char *value,
			  size_t size, struct err *err)
{
	static const char base64[] = "LIBARCHIVE.xattr.";
	static const char plain[] = "SCHILY.xattr.";
	ssize_t decoded;

	if (strncmp(key, plain, strlen(plain)) == 0) {
		key += strlen(plain);
	} else if (strncmp(key, base64, strlen(base64)) == 0) {
		key += strlen(base64);
		decoded = memchr(value, '\0', size) ? -1 : decode_base64(value);
		if (decoded < 0)
			return malformed(tar, err, "TAR-PAX", "an attribute in base64",
					 "something else");
		size = (size_t)decoded;
	} else if (strcmp(key, "RHT.security.selinux") == 0) {
		key = "security.selinux";
	} else if (strncmp(key, "SCHILY.acl.", 11) != 0 && strcmp(key, "SCHILY.fflags") != 0) {
		return 0;
	}
	return add_attribute(tar, x, key, value, size, err) < 0 ? -1 : 1;
}

/* Of GNU tar, star and Solaris' tar: the data is not simply the file. */
static bool is_sparse(const char *key)
{
	return strncmp(key, "GNU.sparse.", 11) == 0 || strcmp(key, "SCHILY.realsize") == 0 ||
	       strcmp(key, "SUN.holesdata") == 0;
}

static int sparse(const struct tar *tar, struct err *err)
{
	return malformed(tar, err, "TAR-SPARSE", "files stored in full", "a sparse one");
}

static int take_record(const struct tar *tar, struct extension *x, const char *key, char *value,
		       size_t size, struct err *err)
{
	int attribute = take_attribute(tar, x, key, value, size, err);

	if (attribute != 0)
		return attribute < 0 ? -1 : 0;
	if (is_harmless(key) || is_foreign(key))
		return 0;
	if (is_sparse(key))
		return sparse(tar, err);
	if (memchr(value, '\0', size))
		return malformed(tar, err, "TAR-PAX", "values without NUL", "one with NUL");
	if (strcmp(key, "path") == 0)
		return set_text(tar, value, &x->path, err);
	if (strcmp(key, "linkpath") == 0)
		return set_text(tar, value, &x->link, err);
	if (strcmp(key, "size") == 0)
		return set_number(tar, value, &x->has_size, &x->size, err);
	if (strcmp(key, "uid") == 0)
		return set_number(tar, value, &x->has_uid, &x->uid, err);
	if (strcmp(key, "gid") == 0)
		return set_number(tar, value, &x->has_gid, &x->gid, err);
	return err_set(err, EXIT_MALFORMED, "TAR-PAX",
		       "header at offset %llu: known keywords expected, found %.100s",
		       (unsigned long long)tar->header, key);
}

/* One "LENGTH KEY=VALUE\n", the length counting itself. Returns how long it was, 0 on failure. */
static size_t parse_record(const struct tar *tar, struct extension *x, char *data, size_t size,
			   struct err *err)
{
	size_t length = 0;
	size_t digits = 0;
	char *equals;
	char *value;

	for (; digits < size && digits < 8 && data[digits] >= '0' && data[digits] <= '9'; digits++)
		length = length * 10 + (size_t)(data[digits] - '0');
	if (digits == 0 || digits >= size || data[digits] != ' ' || length > size ||
	    length < digits + 4 || data[length - 1] != '\n') {
		malformed(tar, err, "TAR-PAX", "\"LENGTH KEY=VALUE\" lines", "something else");
		return 0;
	}
	data[length - 1] = '\0';
	equals = memchr(data + digits + 1, '=', length - digits - 2);
	if (!equals || equals == data + digits + 1 ||
	    memchr(data + digits + 1, '\0', (size_t)(equals - data) - digits - 1)) {
		malformed(tar, err, "TAR-PAX", "KEY=VALUE", "something else");
		return 0;
	}
	*equals = '\0';
	value = equals + 1;
	if (take_record(tar, x, data + digits + 1, value, length - (size_t)(value - data) - 1,
			err) < 0)
		return 0;
	return length;
}

/* The body of an extension header, NUL-terminated; owned by the caller. */
static char *read_body(struct tar *tar, uint64_t size, struct err *err)
{
	cleanup_free char *body = NULL;

	if (size == 0 || size > EXTENSION_MAX) {
		malformed(tar, err, "TAR-FIELD", "an extension of 1 to 1048576 bytes",
			  size ? "a longer one" : "an empty one");
		return NULL;
	}
	body = malloc((size_t)size + 1);
	if (!body) {
		no_memory(err);
		return NULL;
	}
	if (read_all(tar, body, (size_t)size, err) < 0 || skip(tar, -size % TAR_BLOCK, err) < 0)
		return NULL;
	body[size] = '\0';
	return steal_ptr(body);
}

static int read_pax(struct tar *tar, struct extension *x, uint64_t size, struct err *err)
{
	cleanup_free char *body = NULL;
	size_t used = 0;

	if (x->has_pax)
		return malformed(tar, err, "TAR-PAX", "one pax header for an entry", "two");
	x->has_pax = true;
	body = read_body(tar, size, err);
	if (!body)
		return -1;
	while (used < size) {
		size_t length = parse_record(tar, x, body + used, (size_t)size - used, err);

		if (length == 0)
			return -1;
		used += length;
	}
	return 0;
}

/* A global header would speak for all entries that follow; only one that says nothing is known. */
static int read_global(struct tar *tar, uint64_t size, struct err *err)
{
	cleanup_with(extension_clear) struct extension x = {0};

	if (read_pax(tar, &x, size, err) < 0)
		return -1;
	if (x.path || x.link || x.xattrs || x.has_size || x.has_uid || x.has_gid)
		return malformed(tar, err, "TAR-PAX", "no global header that changes entries",
				 "one");
	return 0;
}

static int read_long_name(struct tar *tar, char **value, uint64_t size, struct err *err)
{
	cleanup_free char *body = read_body(tar, size, err);

	if (!body)
		return -1;
	if (strlen(body) < size - 1)
		return malformed(tar, err, "TAR-FIELD", "a long name without NUL", "one with NUL");
	return set_text(tar, body, value, err);
}

/* Whether the block is an extension header: 1 when it was read, 0 when it is not one. */
static int read_extension(struct tar *tar, struct extension *x, char type, uint64_t size,
			  struct err *err)
{
	int failed;

	switch (type) {
	case 'x':
		failed = read_pax(tar, x, size, err);
		break;
	case 'g':
		/* Go forgets what stands before it. */
		if (x->has_pax || x->path || x->link)
			return malformed(tar, err, "TAR-PAX", "the entry of an extension header",
					 "a global header");
		failed = read_global(tar, size, err);
		break;
	case 'L':
		failed = read_long_name(tar, &x->path, size, err);
		break;
	case 'K':
		failed = read_long_name(tar, &x->link, size, err);
		break;
	default:
		return 0;
	}
	return failed < 0 ? -1 : 1;
}

static char *ustar_path(const unsigned char *block)
{
	cleanup_free char *name = copy_field(block, NAME);
	cleanup_free char *prefix = NULL;
	char *path = NULL;

	/* Only POSIX's magic has a prefix; GNU's "ustar  " keeps times there. */
	if (memcmp(block + MAGIC, "ustar\0", 6) != 0 || block[345] == '\0')
		return steal_ptr(name);
	prefix = copy_field(block, PREFIX);
	if (!name || !prefix || asprintf(&path, "%s/%s", prefix, name) < 0)
		return NULL;
	return path;
}

static int fill_names(struct tar_entry *entry, struct extension *x, const unsigned char *block,
		      struct err *err)
{
	entry->path = x->path ? steal_ptr(x->path) : ustar_path(block);
	if (entry->type == '1' || entry->type == '2')
		entry->link = x->link ? steal_ptr(x->link) : copy_field(block, LINK);
	else
		entry->link = strdup("");
	entry->xattrs = steal_ptr(x->xattrs);
	return entry->path && entry->link ? 0 : no_memory(err);
}

static int check_owner(const struct tar *tar, uint64_t value, uint32_t *out, struct err *err)
{
	if (value > UINT32_MAX)
		return malformed(tar, err, "ROOTFS-OWNER", "uid and gid of 32 bits",
				 "a larger one");
	*out = (uint32_t)value;
	return 0;
}

static int fill_numbers(const struct tar *tar, struct tar_entry *entry, const struct extension *x,
			const unsigned char *block, struct err *err)
{
	uint64_t mode, uid, gid;

	if (parse_number(tar, block, MODE, &mode, err) < 0 ||
	    parse_number(tar, block, UID, &uid, err) < 0 ||
	    parse_number(tar, block, GID, &gid, err) < 0 ||
	    check_owner(tar, x->has_uid ? x->uid : uid, &entry->uid, err) < 0 ||
	    check_owner(tar, x->has_gid ? x->gid : gid, &entry->gid, err) < 0)
		return -1;
	entry->mode = (uint32_t)(mode & 07777);
	if (entry->type == '3' || entry->type == '4')
		return parse_number(tar, block, MAJOR, &entry->major, err) < 0 ||
				       parse_number(tar, block, MINOR, &entry->minor, err) < 0
			       ? -1
			       : 0;
	return 0;
}

static int fill_size(struct tar *tar, struct tar_entry *entry, const struct extension *x,
		     uint64_t size, struct err *err)
{
	/* The octal field ends at 8 GiB; below that both must say the same. */
	if (x->has_size && x->size != size && x->size < (1ULL << 33))
		return malformed(tar, err, "TAR-FIELD", "the same size in header and pax header",
				 "two sizes");
	entry->size = x->has_size ? x->size : size;
	if (entry->type != '0' && entry->size > 0)
		return err_set(err, EXIT_MALFORMED,
			       entry->type == '1' ? "ROOTFS-HARDLINK" : "TAR-FIELD",
			       "%s: no data expected for an entry of type %c, found %llu bytes",
			       entry->path, entry->type, (unsigned long long)entry->size);
	tar->data_left = entry->size;
	tar->padding = -entry->size % TAR_BLOCK;
	return 0;
}

static int check_type(const struct tar *tar, struct tar_entry *entry, char type, struct err *err)
{
	char found[] = {'t', 'y', 'p', 'e', ' ', type, '\0'};

	if (type == 'S')
		return sparse(tar, err);
	/* Old archives write NUL for a file, some writers '7'. */
	entry->type = type == '\0' || type == '7' ? '0' : type;
	if (entry->type < '0' || entry->type > '6')
		return malformed(tar, err, "TAR-TYPE", "type 0 to 7, x, g, L or K", found);
	return 0;
}

/* A time of GNU's format: what Go cannot read as one makes a prefix of the name for it. */
static int check_time(const struct tar *tar, const unsigned char *block, size_t offset,
		      struct err *err)
{
	uint64_t time;

	if (parse_number(tar, block, offset, 12, &time, err) < 0)
		return -1;
	return time >> 63 ? malformed(tar, err, "TAR-FIELD", "a time below 2^63", "a larger one")
			  : 0;
}

/* Go, which containerd and umoci are written in, reads these as other names than the rest does. */
static int check_magic(const struct tar *tar, const unsigned char *block, struct err *err)
{
	if (memcmp(block + MAGIC, "ustar\0", 6) == 0 && memcmp(block + 508, "tar\0", 4) == 0)
		return malformed(tar, err, "TAR-FIELD", "ustar, pax or GNU", "star's own format");
	if (memcmp(block + MAGIC, "ustar ", 6) != 0)
		return 0;
	return check_time(tar, block, 345, err) < 0 ? -1 : check_time(tar, block, 357, err);
}

static int fill_entry(struct tar *tar, struct tar_entry *entry, struct extension *x,
		      const unsigned char *block, uint64_t size, struct err *err)
{
	size_t length;

	if (check_magic(tar, block, err) < 0 ||
	    check_type(tar, entry, (char)block[TYPE], err) < 0 ||
	    fill_names(entry, x, block, err) < 0)
		return -1;
	length = strlen(entry->path);
	/* Before there was a type for it, a folder was a file whose name ends with a slash. */
	if (entry->type == '0' && length > 0 && entry->path[length - 1] == '/') {
		if (block[TYPE] != '\0')
			return malformed(tar, err, "TAR-TYPE", "a file's name without slash",
					 "one that ends with it");
		entry->type = '5';
	}
	if (fill_numbers(tar, entry, x, block, err) < 0)
		return -1;
	return fill_size(tar, entry, x, size, err);
}

static int read_block(struct tar *tar, unsigned char *block, uint64_t *size, struct err *err)
{
	uint64_t sum;

	tar->header = tar->offset;
	if (read_all(tar, block, TAR_BLOCK, err) < 0)
		return -1;
	if (all_zero(block, TAR_BLOCK))
		return 0;
	if (parse_number(tar, block, CHECKSUM, &sum, err) < 0)
		return malformed(tar, err, "TAR-CHECKSUM", "a tar header", "no checksum");
	if (check_sum(tar, block, sum, err) < 0 || parse_number(tar, block, SIZE, size, err) < 0)
		return -1;
	return 1;
}

int tar_next(struct tar *tar, struct tar_entry *entry, struct err *err)
{
	cleanup_with(extension_clear) struct extension x = {0};
	unsigned char block[TAR_BLOCK];
	uint64_t size;
	int found;

	tar_entry_clear(entry);
	if (skip(tar, tar->data_left, err) < 0 || skip(tar, tar->padding, err) < 0)
		return -1;
	tar->data_left = 0;
	tar->padding = 0;
	do {
		found = read_block(tar, block, &size, err);
		if (found < 0)
			return -1;
		if (found == 0 && (x.has_pax || x.path || x.link))
			return malformed(tar, err, "TAR-END", "an entry after its extension header",
					 "the end");
		if (found == 0)
			return check_end(tar, err);
		found = read_extension(tar, &x, (char)block[TYPE], size, err);
	} while (found > 0);
	if (found < 0 || fill_entry(tar, entry, &x, block, size, err) < 0)
		return -1;
	return 1;
}

ssize_t tar_read(struct tar *tar, void *data, size_t size, struct err *err)
{
	if (size > tar->data_left)
		size = (size_t)tar->data_left;
	if (read_all(tar, data, size, err) < 0)
		return -1;
	tar->data_left -= size;
	return (ssize_t)size;
}

void tar_entry_clear(struct tar_entry *entry)
{
	free(entry->path);
	free(entry->link);
	xattrs_free(entry->xattrs);
	*entry = (struct tar_entry){0};
}
