/*
 * Records of "key: value" lines, as package databases hold them: dpkg's control format, apk's
 * installed, os-release. Takes a file's bytes in pieces. Internal to the rootfs room.
 */
#ifndef MINTMARK_ROOTFS_STANZA_H
#define MINTMARK_ROOTFS_STANZA_H

#include "tree.h"

enum {
	STANZA_LINE_MAX = 8192, /* bytes of a line that is asked for; others may have any length */
	STANZA_KEYS_MAX = 8,
};

enum stanza_syntax {
	STANZA_CONTROL,	   /* deb822: "Key: value", a space goes on with the line before */
	STANZA_APK,	   /* "K:value" */
	STANZA_ASSIGNMENT, /* os-release: KEY=value, perhaps in quotes; the whole file is one */
};

struct stanza_reader {
	struct sink sink; /* what read_contents() fills */
	enum stanza_syntax syntax;
	const char *const *keys; /* the values that are asked for; ends with NULL */
	/*
	 * Takes one record: values[i] belongs to keys[i], NULL when there is none; of a value that
	 * goes on only the first line. Whatever a terminal or JSON could not stand is '?' in it.
	 */
	int (*take)(struct stanza_reader *reader, char **values, struct err *err);
	void *to; /* for take */
	char *values[STANZA_KEYS_MAX];
	size_t used; /* of line */
	bool long_line;
	bool begun;
	char line[STANZA_LINE_MAX + 1];
};

/* Readies the reader; syntax, keys, take and to are set already. */
void stanza_begin(struct stanza_reader *reader);

/* Takes the last record, which nothing may follow. */
int stanza_end(struct stanza_reader *reader, struct err *err);

/* Frees the values of a record that was not taken. */
void stanza_clear(struct stanza_reader *reader);

#endif
