/* A log's entries, for the room's own files. */
#ifndef MINTMARK_ATTEST_LOG_H
#define MINTMARK_ATTEST_LOG_H

#include "note.h"
#include "tree.h"

enum { LOG_MAX = 1 << 20, REASON_MAX = 1024 }; /* entries that are kept in memory */

/* A log that was read and checked. */
struct attest_log {
	struct tree tree;
	char *folder;
	char *note;
	struct checkpoint checkpoint;
	struct note_key key;
	json_t *entries;
};

/* An entry's bytes, the only ones for what it says: sorted, compact. Owned by the caller. */
char *entry_text(const json_t *entry, size_t *size, struct err *err);

/*
 * What bytes say, the caller's; NULL with ATTEST-LOG-ENTRY unless they are those of entry_text()
 * for a release, or for the withdrawal of an entry before index.
 */
json_t *entry_parse(const void *data, size_t size, uint64_t index, struct err *err);

/* Reads FOLDER/checkpoint. The text stays the caller's. */
char *log_checkpoint(const char *folder, struct checkpoint *checkpoint, struct err *err);

/* Signatures and times; ATTEST-LOG-SIGNATURE, ATTEST-LOG-WITNESS, ATTEST-LOG-STALE. */
int log_check_signatures(const struct checkpoint *checkpoint, const struct attest_log_trust *trust,
			 struct err *err);

/* An older checkpoint, which the same log signed: ATTEST-LOG-CHECKPOINT, ATTEST-LOG-SIGNATURE. */
int older_read(const void *data, size_t size, const struct note_key *key, const char *origin,
	       struct checkpoint *older, struct err *err);

/* The checkpoint in a proof of an entry, as it stands there. ATTEST-LOG-PROOF. */
int proof_note(const void *data, size_t size, struct slice *note, struct err *err);

/* Whether what was seen is kept in this folder, so that nobody else changes a log in it. */
bool log_seen_locks(const struct attest_log_seen *seen, const char *folder);

/* A proof that the log of a checkpoint continues one of so many entries. */
struct consistency {
	uint64_t from;
	struct node nodes[PROOF_MAX];
	size_t count;
	struct checkpoint newer;
};

/* Takes one apart, in place; whoever signed its checkpoint. ATTEST-LOG-CONSISTENCY. */
int consistency_read(const void *data, size_t size, struct consistency *proof, struct err *err);

/* Whether it leads from an older checkpoint: ATTEST-LOG-FORK, ATTEST-LOG-CONSISTENCY. */
int consistency_holds(const struct consistency *proof, const struct checkpoint *older,
		      struct err *err);

/* Whether a release's entry has these measurements. */
bool entry_has(const json_t *entry, const struct attest_values *found);

/* Values of an object of registers; ATTEST-REFERENCE. */
int values_parse(const json_t *object, const char *path, struct attest_values *values,
		 struct err *err);

#endif
