/*
 * Realm images for Arm CCA, and the measurements that a Realm Management Monitor (RMM) will make of
 * them: the Realm Initial Measurement (RIM) and the extensible ones (REM).
 *
 * All functions follow err.h: the error object is last, success leaves it untouched. Addresses are
 * intermediate physical addresses (IPA) of the realm, in bytes.
 *
 * Sources: TF-RMM lib/measurement (tag rmm-spec-v1.0-rel0 and bdb07f46), microsoft/igvm igvm_defs.
 */
#ifndef MINTMARK_REALM_H
#define MINTMARK_REALM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "err.h"
#include "hash.h"

#define REALM_TOOL_VERSION "0.1.0"

enum {
	REALM_PAGE = 4096,	  /* bytes of a granule */
	REALM_REMS = 4,		  /* extensible measurements, numbered from 1 */
	REALM_REM_MAX = 64,	  /* bytes that one extend may take */
	REALM_GPRS = 8,		  /* x0 to x7 of the boot processor */
	REALM_MAX_TREE = 1 << 20, /* bytes of a device tree */
	REALM_MAX_MATRIX = 4096,  /* measurements that one call makes */
};

#define REALM_ENTRY_MAX (1ULL << 39) /* bytes of the largest entry of a translation table */

/* Generations of the measurement rules: from 2.0 on setting RIPAS leaves no trace in the RIM. */
enum realm_rmm { REALM_RMM_1, REALM_RMM_2 };

enum realm_flags { REALM_LPA2 = 1, REALM_SVE = 2, REALM_PMU = 4 };

/* What REALM_CREATE measures: the fields as the RMM sees them. */
struct realm_params {
	uint64_t flags; /* of enum realm_flags */
	uint8_t s2sz;	/* bits of the address space */
	uint8_t sve_vl;
	uint8_t num_bps; /* one less than the number of breakpoints */
	uint8_t num_wps; /* likewise */
	uint8_t pmu_num_ctrs;
	enum hash_algorithm hash;
};

enum realm_event_type { REALM_EVENT_DATA, REALM_EVENT_REC, REALM_EVENT_RIPAS };

/* One operation after REALM_CREATE. */
struct realm_event {
	enum realm_event_type type;
	uint64_t base;	/* data: IPA; RIPAS: first byte */
	uint64_t top;	/* RIPAS: first byte behind */
	uint64_t flags; /* data: 1 when the content is measured; REC: 1 when it is runnable */
	uint64_t pc;
	uint64_t gprs[REALM_GPRS];
	unsigned char content[HASH_MAX_SIZE]; /* data: digest of the page, zeros if not measured */
};

/* ---- the RIM ---- */

struct realm_rim;

/* Is told of every operation, after it. */
struct realm_watcher {
	int (*event)(void *context, const struct realm_event *event, const struct realm_rim *rim,
		     struct err *err);
	void *context;
};

/* REALM_CREATE. REALM-HASH when that RMM has no such algorithm. Owned by the caller. */
struct realm_rim *realm_rim_new(enum realm_rmm rmm, const struct realm_params *params,
				struct err *err);
void realm_rim_free(struct realm_rim *rim);

/* From now on; NULL: nobody. What it points to stays the caller's. */
void realm_rim_watch(struct realm_rim *rim, const struct realm_watcher *watcher);

/* DATA_CREATE of one page of REALM_PAGE bytes; NULL for a page that is not measured. */
int realm_rim_data(struct realm_rim *rim, uint64_t ipa, const void *page, struct err *err);

/* Any operation; that of a page brings its digest. A REC that is not runnable changes nothing. */
int realm_rim_event(struct realm_rim *rim, const struct realm_event *event, struct err *err);

/* The value, and its length, which is that of the hash. */
const unsigned char *realm_rim_value(const struct realm_rim *rim);
size_t realm_rim_size(const struct realm_rim *rim);

static inline void cleanup_rim_at(struct realm_rim **rim)
{
	realm_rim_free(*rim);
}
#define cleanup_rim cleanup_with(cleanup_rim_at)

/* ---- extensible measurements ---- */

/* REM = H(REM || value), of 1 to 64 bytes; rem begins as zeros of the digest's length. */
int realm_rem_extend(enum hash_algorithm algorithm, unsigned char *rem, const void *value,
		     size_t size, struct err *err);

/* ---- names ---- */

/* "sha-256", "sha-384", "sha-512"; "1.0", "2.0". False when there is no such. */
bool realm_hash_parse(const char *text, enum hash_algorithm *hash);
const char *realm_hash_name(enum hash_algorithm hash);
bool realm_rmm_parse(const char *text, enum realm_rmm *rmm);
const char *realm_rmm_name(enum realm_rmm rmm);

/* The number by which RMM and IGVM know it: 0 SHA-256, 1 SHA-512, 2 SHA-384. */
unsigned realm_hash_number(enum hash_algorithm hash);
bool realm_hash_of_number(uint64_t number, enum hash_algorithm *hash);

/* ---- traces: operations as JSON, schema rim-traces/1 ---- */

struct realm_replay {
	enum realm_rmm rmm;
	bool check; /* compare with what the trace says itself */
	/* Is given each value in order: after REALM_CREATE, after each operation. */
	int (*value)(void *context, const unsigned char *rim, size_t size, struct err *err);
	void *context;
};

/*
 * Replays every trace of a file. TRACE- errors are malformed files; REALM-RIM, with exit status 1,
 * is a value that is not as the trace says.
 */
int realm_replay(const char *path, const struct realm_replay *replay, struct err *err);

/* The same of bytes; files that pages come from lie beside path. */
int realm_replay_bytes(const char *text, size_t size, const char *path,
		       const struct realm_replay *replay, struct err *err);

/* ---- layouts: what a VMM of some version does, as data ---- */

struct realm_layout;

/* LAYOUT- errors name file and line. Owned by the caller. */
struct realm_layout *realm_layout_load(const char *path, struct err *err);
struct realm_layout *realm_layout_parse(const char *text, size_t size, const char *path,
					struct err *err);
void realm_layout_free(struct realm_layout *layout);

/* The value of a key, or NULL when it is not there. */
const char *realm_layout_get(const struct realm_layout *layout, const char *key);

static inline void cleanup_layout_at(struct realm_layout **layout)
{
	realm_layout_free(*layout);
}
#define cleanup_layout cleanup_with(cleanup_layout_at)

/* What a realm is made of. A path that is NULL: there is none. */
struct realm_parts {
	const char *kernel;
	const char *initrd;
	const char *tree;    /* a device tree; NULL: the one that the layout describes */
	const char *cmdline; /* for that one; NULL: empty */
	uint64_t memory;     /* bytes */
	uint64_t cpus;
};

/* What hardware and host decide, and the layout cannot know. */
struct realm_host {
	uint64_t breakpoints; /* as many, at least 1 */
	uint64_t watchpoints;
	uint64_t ipa_bits; /* 0: by the layout's rule */
	uint64_t flags;	   /* of enum realm_flags */
	uint64_t sve_vl;
	uint64_t pmu_counters;
};

/* Where everything lies. */
struct realm_plan {
	uint64_t kernel, kernel_size; /* size of the file */
	uint64_t initrd, initrd_size;
	uint64_t tree, tree_size;   /* bytes that it takes in memory */
	unsigned char *tree_data;   /* that many */
	uint64_t ram_base, ram_end; /* of the realm's memory */
	uint64_t round;		    /* what pages are rounded to */
	uint64_t ripas_block;	    /* RMM 1.x: entries are at most that large */
	uint64_t pc;
	uint64_t gprs[REALM_GPRS];
	struct realm_params params;
};

#define REALM_PLAN_INIT ((struct realm_plan){.tree_data = NULL})

/* Places everything. LAYOUT-, TREE- and REALM- errors. */
int realm_plan(const struct realm_layout *layout, const struct realm_parts *parts,
	       const struct realm_host *host, enum hash_algorithm hash, struct realm_plan *plan,
	       struct err *err);
void realm_plan_clear(struct realm_plan *plan);

/* Whether the layout goes with this RMM, with this hash: REALM-RMM, REALM-HASH. */
int realm_layout_allows(const struct realm_layout *layout, enum realm_rmm rmm,
			enum hash_algorithm hash, struct err *err);

/*
 * The RIM of the plan's realm, in the order of the layout. The value has hash_size() bytes. The
 * watcher may be NULL.
 */
int realm_measure(const struct realm_layout *layout, const struct realm_parts *parts,
		  const struct realm_plan *plan, enum realm_rmm rmm,
		  const struct realm_watcher *watcher, unsigned char *rim, struct err *err);

/* ---- device trees ---- */

/* A value of a name in a layout's or a tree's expressions. */
struct realm_name {
	const char *name;
	uint64_t value;
};

/* Numbers (0x, K, M, G), names, + - * / %, min max align_up align_down log2. LAYOUT-EXPRESSION. */
int realm_expression(const char *text, size_t size, const struct realm_name *names, size_t count,
		     uint64_t *value, struct err *err);

/*
 * Writes a device tree as the description in text says; size gets that of the blob, at most room.
 * TREE- errors name file and line. Text that expressions cannot hold (the command line) is given.
 */
int realm_tree_write(const char *text, size_t text_size, const char *path,
		     const struct realm_name *names, size_t count, const char *cmdline,
		     unsigned char *blob, size_t room, size_t *size, struct err *err);

/* TREE-BLOB unless the bytes are a sound device tree that is not longer. */
int realm_tree_check(const void *blob, size_t size, const char *path, struct err *err);

/* ---- IGVM ---- */

/* Exact content of a policy header. */
struct igvm_policy {
	uint64_t zeroes, ones; /* attributes */
	uint8_t hash;	       /* by number */
	uint8_t lfa;
};

/* Some pages in a row. */
struct igvm_memory {
	uint64_t gpa, size;
};

enum { IGVM_MAX_MEMORY = 64 };

struct igvm_image {
	uint64_t file_size;
	uint32_t checksum;
	unsigned char sha256[SHA256_SIZE]; /* of the file, once igvm_digest() was there */
	struct igvm_policy policy;
	struct igvm_memory memory[IGVM_MAX_MEMORY]; /* required, ascending */
	size_t memory_count;
	uint64_t pages, unmeasured, empty; /* numbers of pages; empty: of zeros, without data */
	bool corim_slot;		   /* there is a header for a document */
	uint64_t corim_offset, corim_size; /* 0 when it is empty */
	uint64_t signature_offset, signature_size;
	uint64_t pc, gprs[REALM_GPRS];
};

/* One page, in the order of the file; data is NULL for a page of zeros without data. */
struct igvm_sink {
	int (*page)(void *context, uint64_t gpa, bool measured, const unsigned char *data,
		    struct err *err);
	void *context;
};

/*
 * Reads an image strictly: IGVM- names what is wrong. The sink may be NULL; it is called only after
 * all headers were found sound. fd must be a regular file.
 */
int igvm_read(int fd, const char *path, const struct igvm_sink *sink, struct igvm_image *image,
	      struct err *err);

/* The digest of the whole file of an image that was read. */
int igvm_digest(int fd, const char *path, struct igvm_image *image, struct err *err);

/* A file, or memory, that begins at a page. What is missing in its last page is zeros. */
struct igvm_part {
	uint64_t gpa;
	uint64_t size;	  /* of pages, a multiple of REALM_PAGE; may be more than the file has */
	const char *path; /* NULL: data */
	const unsigned char *data;
	bool unmeasured;
};

struct igvm_build {
	struct igvm_policy policy;
	const struct igvm_memory *memory;
	size_t memory_count;
	const struct igvm_part *parts; /* ascending */
	size_t part_count;
	bool corim_slot;
	uint64_t pc, gprs[REALM_GPRS];
};

/* Writes an image that igvm_read() takes; appears whole or not at all. */
int igvm_write(const struct igvm_build *build, const char *path, struct err *err);

/* Puts a document into the slot of an image; size 0 makes the slot empty again. */
int igvm_set_corim(int fd, const char *path, const void *document, size_t size, const char *out,
		   struct err *err);

/* Each run of pages as a file, and what does not lie in pages as image.json, in a new folder. */
int igvm_extract(int fd, const char *path, const char *folder, struct err *err);

/* How an RMM gets to see an IGVM image. */
struct igvm_loading {
	enum realm_rmm rmm;
	struct realm_params params;
	uint64_t ripas_block; /* RMM 1.x: entries of required memory are at most that large */
	bool ripas_last;      /* behind everything else, instead of before it */
};

/* The RIM of an image. fd is read from its beginning. */
int igvm_measure(int fd, const char *path, const struct igvm_loading *loading,
		 const struct realm_watcher *watcher, unsigned char *rim, struct err *err);

/* Facts about an image. */
json_t *igvm_describe(const struct igvm_image *image, struct err *err);

/* The fields of REALM_CREATE as JSON, in the shape of a trace's params. NULL without memory. */
json_t *realm_params_json(const struct realm_params *params);

#endif
