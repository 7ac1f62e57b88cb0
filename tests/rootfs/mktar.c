/*
 * Makes tar archives, good and bad ones, from lines of text on standard input:
 *   entry TYPE PATH [KEY=VALUE]...    a header and its data; the keys are
 *         mode=OCTAL uid=N gid=N size=N mtime=N major=N minor=N
 *                              numbers as octal digits; ~N writes them in GNU's base 256, ~-N too
 *         link=TEXT magic=gnu|old
 *         data=TEXT file=NAME  what follows the header, and its size unless size= says another
 *         sparse=OFFSET:SIZE,... realsize=N more=yes
 *                              GNU's old sparse map, of four regions; more=yes: blocks follow
 *         FIELD:TEXT           the bytes of a header field, whatever they are: name mode uid gid
 * size mtime sum link magic version uname gname major minor prefix
 *         @OFFSET:TEXT         bytes at that place of the header
 *         sum=bad|signed       a wrong checksum; the sum of signed bytes
 *   sparseblock OFFSET:SIZE,... [more]    one more block of an old sparse map, 21 regions
 *   pax KEY=VALUE...      a pax header for the entry that follows; "global" makes it a global one
 *   rawpax TEXT           the same with a body that need not be well-formed
 *   long L|K NAME         a GNU long name or long link
 *   bytes TEXT            these bytes, as they are
 *   zeros N               N zero bytes
 *   repeat N LINE         the line N times, with # as the count from 0
 *   end N                 N zero blocks; without such a line two of them end the archive
 * \n, \s (a space), \\ and \xHH stand for bytes; TEXT*N repeats N times what
 * stands between '=' (or the beginning) and '*'. Never checks whether
 * what it makes is a sensible archive.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, TEXT_MAX = 3 << 20 };

struct text {
	size_t size;
	char bytes[TEXT_MAX];
};

static void fail(const char *what)
{
	fprintf(stderr, "mktar: %s\n", what);
	exit(2);
}

static void add(struct text *t, const char *bytes, size_t size)
{
	if (size > sizeof(t->bytes) - t->size - 1)
		fail("text too long");
	memcpy(t->bytes + t->size, bytes, size);
	t->size += size;
	t->bytes[t->size] = '\0';
}

static void unescape(struct text *t, const char *word)
{
	const char *star = strrchr(word, '*');
	const char *end = star ? star : word + strlen(word);
	long repeat = star ? strtol(star + 1, NULL, 10) : 1;
	const char *start = star ? memchr(word, '=', (size_t)(star - word)) : NULL;
	size_t before;
	size_t once;

	t->size = 0;
	t->bytes[0] = '\0';
	for (const char *p = word; p < end; p++) {
		char hex[3] = "";
		char byte = *p;

		if (byte == '\\' && p + 1 < end) {
			byte = *++p;
			if (byte == 'n')
				byte = '\n';
			else if (byte == 's')
				byte = ' ';
			else if (byte == 'x' && end - p > 2) {
				memcpy(hex, p + 1, 2);
				byte = (char)strtol(hex, NULL, 16);
				p += 2;
			}
		}
		add(t, &byte, 1);
	}
	before = start ? (size_t)(start - word) + 1 : 0;
	once = t->size - before;
	while (--repeat > 0)
		add(t, t->bytes + before, once);
}

static void put(const void *data, size_t size)
{
	if (size > 0 && fwrite(data, 1, size, stdout) != size)
		fail("cannot write");
}

static void put_padded(const void *data, size_t size)
{
	static const char zeros[BLOCK];

	put(data, size);
	put(zeros, -size % BLOCK);
}

/* A text that is put over the header, and where. */
struct patch {
	size_t at, size;
	char bytes[BLOCK];
};

enum { PATCHES_MAX = 16 };

struct header {
	char type;
	const char *path, *link, *magic, *sparse;
	const char *mode, *uid, *gid, *size, *mtime, *major, *minor, *realsize;
	size_t data_size;
	char sum; /* 'b'ad, 's'igned */
	int more;
	int patches;
	struct patch patch[PATCHES_MAX];
};

static const struct field {
	const char *name;
	size_t at, room;
} fields[] = {
	{"name", 0, 100},  {"mode", 100, 8},	{"uid", 108, 8},      {"gid", 116, 8},
	{"size", 124, 12}, {"mtime", 136, 12},	{"sum", 148, 8},      {"link", 157, 100},
	{"magic", 257, 6}, {"version", 263, 2}, {"uname", 265, 32},   {"gname", 297, 32},
	{"major", 329, 8}, {"minor", 337, 8},	{"prefix", 345, 155},
};

static void copy(char *block, size_t at, size_t room, const char *text)
{
	size_t size = strlen(text);

	memcpy(block + at, text, size < room ? size : room);
}

static void octal(char *block, size_t at, size_t room, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*lo", (int)room - 1, value);
	copy(block, at, room, text);
}

/* GNU's base 256: big-endian in two's complement, with the first bit set whatever the sign. */
static void base256(char *block, size_t at, size_t room, const char *text)
{
	unsigned long value = (unsigned long)strtoll(text, NULL, 10);

	if (*text != '-')
		value = strtoul(text, NULL, 10);
	memset(block + at, *text == '-' ? 0xff : 0, room);
	for (size_t i = room; i-- > 0 && i + sizeof(value) >= room; value >>= 8)
		block[at + i] = (char)(value & 0xff);
	block[at] = (char)(block[at] | 0x80);
}

static void number(char *block, size_t at, size_t room, const char *text, int base)
{
	if (*text == '~')
		base256(block, at, room, text + 1);
	else
		octal(block, at, room, strtoul(text, NULL, base));
}

/* Pairs of a sparse map: twelve octal digits and twelve more for each region. */
static void sparse_map(char *block, size_t at, int regions, const char *text)
{
	while (*text && regions-- > 0) {
		char *rest;

		octal(block, at, 12, strtoul(text, &rest, 10));
		octal(block, at + 12, 12, *rest ? strtoul(rest + 1, &rest, 10) : 0);
		text = *rest ? rest + 1 : rest;
		at += 24;
	}
}

static unsigned long checksum(const char *block, int as_signed)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += as_signed ? (unsigned long)(signed char)block[i] : (unsigned char)block[i];
	return sum;
}

static void put_header(const struct header *h)
{
	char block[BLOCK] = {0};

	copy(block, 0, 100, h->path);
	number(block, 100, 8, h->mode ? h->mode : "644", 8);
	number(block, 108, 8, h->uid ? h->uid : "0", 10);
	number(block, 116, 8, h->gid ? h->gid : "0", 10);
	if (h->size)
		number(block, 124, 12, h->size, 10);
	else
		octal(block, 124, 12, h->data_size);
	number(block, 136, 12, h->mtime ? h->mtime : "0", 10);
	memset(block + 148, ' ', 8);
	block[156] = h->type == '-' ? '\0' : h->type;
	copy(block, 157, 100, h->link);
	if (strcmp(h->magic, "gnu") == 0)
		memcpy(block + 257, "ustar  ", 8);
	else if (strcmp(h->magic, "old") != 0)
		memcpy(block + 257, "ustar\00000", 8);
	number(block, 329, 8, h->major ? h->major : "0", 10);
	number(block, 337, 8, h->minor ? h->minor : "0", 10);
	if (h->sparse)
		sparse_map(block, 386, 4, h->sparse);
	if (h->realsize)
		number(block, 483, 12, h->realsize, 10);
	block[482] = (char)h->more;
	for (int i = 0; i < h->patches; i++)
		if (h->patch[i].at != 148)
			memcpy(block + h->patch[i].at, h->patch[i].bytes, h->patch[i].size);
	octal(block, 148, 7, checksum(block, h->sum == 's') + (h->sum == 'b'));
	for (int i = 0; i < h->patches; i++)
		if (h->patch[i].at == 148)
			memcpy(block + 148, h->patch[i].bytes, h->patch[i].size);
	put(block, BLOCK);
}

static void put_extension(char type, const struct text *body)
{
	const struct header h = {.type = type,
				 .path = "extension",
				 .link = "",
				 .magic = "posix",
				 .data_size = body->size};

	put_header(&h);
	put_padded(body->bytes, body->size);
}

static void pax(char type, char *words)
{
	static struct text body, record;

	body.size = 0;
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		char line[32];
		size_t length;
		size_t before = 0;

		unescape(&record, word);
		length = record.size + 2;
		do {
			before = length;
			length = record.size + 2 +
				 (size_t)snprintf(line, sizeof(line), "%zu", before);
		} while (length != before);
		add(&body, line, strlen(line));
		add(&body, " ", 1);
		add(&body, record.bytes, record.size);
		add(&body, "\n", 1);
	}
	put_extension(type, &body);
}

static int set(struct header *h, const char *key, const char *value)
{
	const struct {
		const char *key;
		const char **value;
	} keys[] = {
		{"mode", &h->mode},	    {"uid", &h->uid},	  {"gid", &h->gid},
		{"size", &h->size},	    {"mtime", &h->mtime}, {"major", &h->major},
		{"minor", &h->minor},	    {"magic", &h->magic}, {"sparse", &h->sparse},
		{"realsize", &h->realsize},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i].key) == 0) {
			*keys[i].value = value;
			return 1;
		}
	return 0;
}

static void set_patch(struct header *h, const char *where, const char *value)
{
	static struct text text;
	struct patch *patch = &h->patch[h->patches++];
	size_t room = 0;

	if (h->patches > PATCHES_MAX)
		fail("too many fields");
	if (*where == '@') {
		patch->at = strtoul(where + 1, NULL, 10);
		room = patch->at < BLOCK ? BLOCK - patch->at : 0;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(where, fields[i].name) == 0) {
			patch->at = fields[i].at;
			room = fields[i].room;
		}
	unescape(&text, value);
	if (text.size > room)
		fail("a field of the header, and a text that it has room for, expected");
	patch->size = text.size;
	memcpy(patch->bytes, text.bytes, text.size);
}

static void read_file(struct text *text, const char *name)
{
	FILE *file = fopen(name, "rb");

	if (!file)
		fail(name);
	text->size = fread(text->bytes, 1, sizeof(text->bytes) - 1, file);
	if (!feof(file))
		fail("file too long");
	fclose(file);
}

static void set_word(struct header *h, char *word, struct text *link, struct text *data)
{
	char *value = word + strcspn(word, "=:");
	const char separator = *value;

	if (!separator)
		fail("KEY=VALUE or FIELD:TEXT expected");
	*value++ = '\0';
	if (separator == ':') {
		set_patch(h, word, value);
	} else if (strcmp(word, "link") == 0) {
		unescape(link, value);
		h->link = link->bytes;
	} else if (strcmp(word, "data") == 0) {
		unescape(data, value);
	} else if (strcmp(word, "file") == 0) {
		read_file(data, value);
	} else if (strcmp(word, "sum") == 0) {
		h->sum = *value;
	} else if (strcmp(word, "more") == 0) {
		h->more = 1;
	} else if (!set(h, word, value)) {
		fail("unknown key");
	}
}

static void entry(char *words)
{
	static struct text path, link, data;
	struct header h = {.link = "", .magic = "posix"};
	const char *type = strtok(words, " ");
	const char *name = strtok(NULL, " ");
	char *word;

	if (!type || !name)
		fail("entry TYPE PATH expected");
	data.size = 0;
	unescape(&path, strcmp(name, "\"\"") == 0 ? "" : name);
	h.type = *type;
	h.path = path.bytes;
	while ((word = strtok(NULL, " ")))
		set_word(&h, word, &link, &data);
	h.data_size = data.size;
	put_header(&h);
	put_padded(data.bytes, data.size);
}

static void sparse_block(const char *regions)
{
	char block[BLOCK] = {0};

	block[504] = strstr(regions, "more") != NULL;
	sparse_map(block, 0, 21, regions);
	put(block, BLOCK);
}

static void zeros(size_t size)
{
	static const char block[65536];

	for (; size > sizeof(block); size -= sizeof(block))
		put(block, sizeof(block));
	put(block, size);
}

static int line_of(char *line);

static int repeat(const char *rest)
{
	char *pattern;
	long times = strtol(rest, &pattern, 10);
	size_t hash = strcspn(pattern, "#");
	int ended = 0;

	for (long i = 0; i < times; i++) {
		static char line[TEXT_MAX];

		snprintf(line, sizeof(line), "%.*s", (int)hash, pattern + 1);
		if (pattern[hash])
			snprintf(line + hash - 1, sizeof(line) - hash, "%ld%s", i,
				 pattern + hash + 1);
		ended |= line_of(line);
	}
	return ended;
}

static int command(const char *name, char *rest)
{
	static struct text text;

	if (strcmp(name, "entry") == 0) {
		entry(rest);
	} else if (strcmp(name, "pax") == 0) {
		pax('x', rest);
	} else if (strcmp(name, "global") == 0) {
		pax('g', rest);
	} else if (strcmp(name, "rawpax") == 0) {
		unescape(&text, rest);
		put_extension('x', &text);
	} else if (strcmp(name, "long") == 0) {
		unescape(&text, rest + 2);
		add(&text, "", 1);
		put_extension(*rest, &text);
	} else if (strcmp(name, "bytes") == 0) {
		unescape(&text, rest);
		put(text.bytes, text.size);
	} else if (strcmp(name, "sparseblock") == 0) {
		sparse_block(rest);
	} else if (strcmp(name, "zeros") == 0) {
		zeros(strtoul(rest, NULL, 10));
	} else if (strcmp(name, "repeat") == 0) {
		return repeat(rest);
	} else if (strcmp(name, "end") == 0) {
		zeros(strtoul(rest, NULL, 10) * BLOCK);
		return 1;
	} else {
		fail("unknown line");
	}
	return 0;
}

static int line_of(char *line)
{
	char *space = strchr(line, ' ');

	if (!space)
		fail("a line with arguments expected");
	*space = '\0';
	return command(line, space + 1);
}

int main(void)
{
	static char line[TEXT_MAX];
	int ended = 0;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && *line != '#')
			ended |= line_of(line);
	}
	if (!ended)
		zeros(2 * BLOCK);
	return fflush(stdout) == 0 ? 0 : 2;
}
