/*
 * Writes the tar of the benchmark's image to standard output: FILES regular files of BYTES in all in
 * folders of a hundred, text and machine code mixed so that gzip leaves about a third. The same bytes
 * for the same arguments, always; never reads anything.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, PER_FOLDER = 100, WORDS = 4096 };

static uint64_t state = 0x6d696e746d61726b;

static uint64_t next(void) /* xorshift64* */
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1d;
}

static char words[WORDS][16];

static void make_words(void)
{
	for (int i = 0; i < WORDS; i++) {
		int length = 2 + (int)(next() % 12);

		for (int j = 0; j < length; j++)
			words[i][j] = (char)('a' + next() % 26);
		words[i][length] = i % 16 == 0 ? '\n' : ' ';
	}
}

static void header(const char *name, char type, uint64_t size)
{
	unsigned char block[BLOCK] = {0};
	unsigned int sum = 0;

	snprintf((char *)block, 100, "%s", name);
	snprintf((char *)block + 100, 8, "%07o", type == '5' ? 0755 : 0644);
	snprintf((char *)block + 108, 8, "%07o", 0);
	snprintf((char *)block + 116, 8, "%07o", 0);
	snprintf((char *)block + 124, 12, "%011llo", (unsigned long long)size);
	snprintf((char *)block + 136, 12, "%011o", 0);
	memset(block + 148, ' ', 8);
	block[156] = (unsigned char)type;
	memcpy(block + 257, "ustar\00000", 8);
	for (int i = 0; i < BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
	fwrite(block, 1, BLOCK, stdout);
}

/* Rare words are as rare as in prose: the product of three favours small ones. */
static void text(unsigned char *p, size_t size)
{
	for (size_t used = 0; used < size;) {
		uint64_t r = next();
		const char *word = words[(r & 0xfff) * (r >> 16 & 0xfff) / WORDS * (r >> 32 & 0xfff) / WORDS];
		size_t length = strlen(word);

		if (length > size - used)
			length = size - used;
		memcpy(p + used, word, length);
		used += length;
	}
}

/* Eight bytes at a time: repeated opcodes, small operands, sometimes noise. */
static void code(unsigned char *p, size_t size)
{
	for (size_t used = 0; used + 8 <= size; used += 8) {
		uint64_t r = next();
		uint64_t value = r % 14 == 0 ? r : 0x0000248b480000e8 ^ (r & 0x3f00) ^ (r >> 20 & 0x7);

		memcpy(p + used, &value, 8);
	}
}

int main(int argc, char **argv)
{
	uint64_t files = argc > 2 ? strtoull(argv[1], NULL, 10) : 60000;
	uint64_t bytes = argc > 2 ? strtoull(argv[2], NULL, 10) : 1ULL << 30;
	uint64_t mean = bytes / files;
	uint64_t done = 0;
	size_t room = (size_t)(600 * mean) + BLOCK;
	unsigned char *data = malloc(room);
	char name[64];

	if (!data)
		return 4;
	make_words();
	for (uint64_t i = 0; i < files; i++) {
		/* Most files are small; one in a thousand is large; the last takes the rest. */
		uint64_t size = i % 1000 == 999 ? mean * 250 : next() % (mean * 3 / 2);

		if (i + 1 == files || done + size > bytes)
			size = bytes - done < room - BLOCK ? bytes - done : room - BLOCK;
		if (i % PER_FOLDER == 0) {
			snprintf(name, sizeof(name), "usr/share/d%05llu/",
				 (unsigned long long)(i / PER_FOLDER * 7919 % 99991));
			header(name, '5', 0);
		}
		snprintf(name, sizeof(name), "usr/share/d%05llu/f%06llu",
			 (unsigned long long)(i / PER_FOLDER * 7919 % 99991),
			 (unsigned long long)(i * 104729 % 1299709));
		header(name, '0', size);
		memset(data, 0, (size_t)size + BLOCK);
		if (i % 2)
			code(data, (size_t)size);
		else
			text(data, (size_t)size);
		fwrite(data, 1, (size_t)((size + BLOCK - 1) / BLOCK * BLOCK), stdout);
		done += size;
	}
	memset(data, 0, BLOCK);
	fwrite(data, 1, BLOCK, stdout);
	fwrite(data, 1, BLOCK, stdout);
	fprintf(stderr, "%llu files, %llu bytes\n", (unsigned long long)files,
		(unsigned long long)done);
	return fflush(stdout) != 0 || ferror(stdout) ? 4 : 0;
}
