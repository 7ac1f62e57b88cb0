/*
 * What a fuzz target is, and what all of them share. A target takes any bytes, feeds them to a part
 * of a room and aborts when something happens that must never happen; it keeps nothing between two
 * runs and never writes anything with a name on disk.
 */
#ifndef MINTMARK_FUZZ_H
#define MINTMARK_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* libFuzzer's own mutation of bytes in place: gives the new size, at most max. */
typedef size_t fuzz_mutate_bytes(uint8_t *data, size_t size, size_t max);

/* Chance, all of it from one number, so that a mutation can be repeated. */
struct dice {
	uint64_t state;
	fuzz_mutate_bytes *bytes;
};

/* A number below sides, which is not 0. */
size_t dice_throw(struct dice *dice, size_t sides);

struct target {
	const char *name;
	/* 0, or -1 for an input that shall not become part of the corpus. */
	int (*run)(const uint8_t *data, size_t size);
	/* Changes data in place, gives the new size, at most max; NULL: libFuzzer's own will do. */
	size_t (*mutate)(uint8_t *data, size_t size, size_t max, struct dice *dice);
};

extern const struct target fuzz_certificates, fuzz_config, fuzz_cpio, fuzz_deb, fuzz_devicetree,
	fuzz_docker, fuzz_eif, fuzz_evidence, fuzz_extract, fuzz_guest, fuzz_igvm, fuzz_key,
	fuzz_layout, fuzz_log, fuzz_manifest, fuzz_metadata, fuzz_oci, fuzz_packages, fuzz_proof,
	fuzz_reference, fuzz_release, fuzz_runspec, fuzz_signature, fuzz_site, fuzz_statement,
	fuzz_stream, fuzz_tar, fuzz_trace;

/* Ends at NULL. */
extern const struct target *const fuzz_targets[];

const struct target *fuzz_find(const char *name);

/* A mutation: bytes of which some are replaced by others, as far as there is room. */
struct bytes {
	uint8_t *data;
	size_t size;
	size_t max;
};

/* Replaces old bytes at offset by size new ones, which may not lie in it; 0 when there is no room.
 */
int bytes_splice(struct bytes *bytes, size_t offset, size_t old, const void *data, size_t size);

/* Lets libFuzzer change size bytes at offset, and moves what is behind them. Gives the new size. */
size_t bytes_mutate(struct bytes *bytes, size_t offset, size_t size, struct dice *dice);

size_t mutate_tar(uint8_t *data, size_t size, size_t max, struct dice *dice);
size_t mutate_cpio(uint8_t *data, size_t size, size_t max, struct dice *dice);
size_t mutate_eif(uint8_t *data, size_t size, size_t max, struct dice *dice);

/* A file in memory, which has a path as long as it is open. */
struct memory_file {
	int fd;
	char path[32];
};

struct memory_file memory_file_new(const void *data, size_t size);
void memory_file_close(const struct memory_file *file);

/* An enclave image whose checksum has been put right. */
struct memory_file eif_with_right_crc(const uint8_t *data, size_t size);

/* All of it, owned by the caller. */
uint8_t *memory_file_read(const struct memory_file *file, size_t *size);

/* Prints why and aborts. */
__attribute__((noreturn, format(printf, 1, 2))) void fuzz_fail(const char *fmt, ...);

/*
 * Aborts unless the error is one that malformed input may cause: exit status 3, one printable line,
 * and a name that begins with one of the prefixes, which end at NULL.
 */
void fuzz_refused(const struct err *err, const char *const *prefixes);

/* Aborts unless nothing failed. */
void fuzz_expect(int result, const struct err *err, const char *what);

#endif
