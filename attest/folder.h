/* Files of a folder that is published, for the room's own files. */
#ifndef MINTMARK_ATTEST_FOLDER_H
#define MINTMARK_ATTEST_FOLDER_H

#include "room.h"

/* FOLDER/NAME, or FOLDER/MIDDLE/NAME; owned by the caller, NULL with MEMORY. */
char *folder_path(const char *folder, const char *middle, const char *name, struct err *err);

/* The names of folders in it that hold a file of a name, sorted, as a JSON array. */
json_t *folder_with(const char *folder, const char *file, struct err *err);

/* The names of plain files in it that end like this, sorted, as a JSON array; empty without a
 * folder. */
json_t *folder_files(const char *folder, const char *suffix, struct err *err);

/* Whole or not at all. */
int file_write(const char *path, const void *data, size_t size, struct err *err);

/* The same, and on the disk when it returns 0: for what must survive a power cut. */
int file_write_durable(const char *path, const void *data, size_t size, struct err *err);

/* Sorted by keys, in lines for people or as compact as can be; with a newline in either case. */
int file_write_json(const char *path, const json_t *json, bool compact, struct err *err);

/* Lower-case hexadecimal of a file's SHA-256. */
int file_sha256(const char *path, char hex[HASH_MAX_HEX], struct err *err);

/* The same of bytes. */
int data_sha256(const void *data, size_t size, char hex[HASH_MAX_HEX], struct err *err);

enum { SUMS_MAX = 4 * 1024 * 1024 }; /* bytes of a SHA256SUMS */

/* {PATH: SHA-256} of a SHA256SUMS, as sha256sum writes it for plain names; NULL for another. */
json_t *sums_parse(const char *text);

/* A folder, unless it is there. FILE-CREATE. */
int folder_make(const char *path, struct err *err);

#endif
