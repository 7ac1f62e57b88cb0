/*
 * Makes tar archives, good and bad ones, from lines of text on standard input:
 *   entry TYPE PATH [mode=OCTAL] [uid=N] [gid=N] [link=TARGET] [data=TEXT] [size=N] [major=N]
 *         [minor=N] [uidfield=TEXT] [sum=bad] [magic=gnu|old]
 *   pax KEY=VALUE...      a pax header for the entry that follows; "global" makes it a global one
 *   rawpax TEXT           the same with a body that need not be well-formed
 *   long L|K NAME         a GNU long name or long link
 *   bytes TEXT            these bytes, as they are
 *   end N                 N zero blocks; without such a line two of them end the archive
 * \n, \s (a space), \\ and \xHH stand for bytes; TEXT*N repeats N times what
 * stands between '=' (or the beginning) and '*'. Never checks whether
 * what it makes is a sensible archive.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512 };

struct text {
	size_t size;
	char bytes[70000];
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

struct header {
	char type;
	const char *path, *link, *uidfield, *magic;
	unsigned long mode, uid, gid, size, major, minor;
	int bad_sum;
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

static void put_header(const struct header *h)
{
	char block[BLOCK] = {0};
	unsigned long sum = 0;

	copy(block, 0, 100, h->path);
	octal(block, 100, 8, h->mode);
	octal(block, 108, 8, h->uid);
	if (h->uidfield)
		copy(block, 108, 8, h->uidfield);
	octal(block, 116, 8, h->gid);
	octal(block, 124, 12, h->size);
	octal(block, 136, 12, 0);
	memset(block + 148, ' ', 8);
	block[156] = h->type == '-' ? '\0' : h->type;
	copy(block, 157, 100, h->link);
	if (strcmp(h->magic, "gnu") == 0)
		memcpy(block + 257, "ustar  ", 8);
	else if (strcmp(h->magic, "old") != 0)
		memcpy(block + 257, "ustar\00000", 8);
	octal(block, 329, 8, h->major);
	octal(block, 337, 8, h->minor);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	octal(block, 148, 7, sum + (h->bad_sum ? 1 : 0));
	put(block, BLOCK);
}

static void put_extension(char type, const struct text *body)
{
	const struct header h = {.type = type,
				 .path = "extension",
				 .link = "",
				 .magic = "posix",
				 .size = body->size};

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
	static const char *const keys[] = {"mode", "uid", "gid", "size", "major", "minor"};
	unsigned long *const numbers[] = {&h->mode, &h->uid,   &h->gid,
					  &h->size, &h->major, &h->minor};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i]) == 0) {
			*numbers[i] = strtoul(value, NULL, i == 0 ? 8 : 10);
			return 1;
		}
	return 0;
}

static void entry(char *words)
{
	static struct text path, link, data, uidfield;
	struct header h = {.mode = 0644, .link = "", .magic = "posix"};
	const char *type = strtok(words, " ");
	const char *name = strtok(NULL, " ");
	char *word;

	if (!type || !name)
		fail("entry TYPE PATH expected");
	data.size = 0;
	unescape(&path, strcmp(name, "\"\"") == 0 ? "" : name);
	h.type = *type;
	h.path = path.bytes;
	while ((word = strtok(NULL, " "))) {
		char *value = strchr(word, '=');

		if (!value)
			fail("KEY=VALUE expected");
		*value++ = '\0';
		if (strcmp(word, "link") == 0) {
			unescape(&link, value);
			h.link = link.bytes;
		} else if (strcmp(word, "data") == 0) {
			unescape(&data, value);
			h.size = data.size;
		} else if (strcmp(word, "uidfield") == 0) {
			unescape(&uidfield, value);
			h.uidfield = uidfield.bytes;
		} else if (strcmp(word, "sum") == 0) {
			h.bad_sum = 1;
		} else if (strcmp(word, "magic") == 0) {
			h.magic = value;
		} else if (!set(&h, word, value)) {
			fail("unknown key");
		}
	}
	put_header(&h);
	put_padded(data.bytes, data.size);
}

static int end(long blocks)
{
	static const char zeros[BLOCK];

	while (blocks-- > 0)
		put(zeros, BLOCK);
	return 1;
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
	} else if (strcmp(name, "end") == 0) {
		return end(strtol(rest, NULL, 10));
	} else {
		fail("unknown line");
	}
	return 0;
}

int main(void)
{
	static char line[100000];
	int ended = 0;

	while (fgets(line, sizeof(line), stdin)) {
		char *space;

		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		space = strchr(line, ' ');
		if (!space)
			fail("a line with arguments expected");
		*space = '\0';
		ended |= command(line, space + 1);
	}
	if (!ended)
		end(2);
	return fflush(stdout) == 0 ? 0 : 2;
}
