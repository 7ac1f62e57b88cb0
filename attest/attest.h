/*
 * The public face of the attest room; files of the room include room.h instead.
 *
 * Evidence (AWS Nitro attestation documents, Arm CCA tokens) is held against reference values that
 * were published; reference values, provenance and key policies are written; a log of releases is
 * kept and checked. docs/attest.md has formats, names of errors and limits.
 */
#ifndef MINTMARK_ATTEST_H
#define MINTMARK_ATTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "digest.h"
#include "err.h"

#define ATTEST_TOOL_VERSION "0.1.0"

/* The SHA-256 of the DER of AWS's root certificate for Nitro enclaves, as AWS publishes it. */
#define ATTEST_AWS_ROOT_SHA256 "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"

enum {
	ATTEST_MAX_EVIDENCE = 65536,	/* bytes of a document or token */
	ATTEST_MAX_REFERENCE = 1048576, /* bytes of a file with reference values */
	ATTEST_MAX_NONCE = 512,		/* what the security module takes */
	ATTEST_PCRS = 32,
	ATTEST_REMS = 4,
	ATTEST_MAX_DIGEST = 64,
	ATTEST_MAX_AGE = 300 /* seconds that evidence may be old, unless told otherwise */
};

enum attest_platform { ATTEST_NITRO, ATTEST_CCA };

/* A digest of 32, 48 or 64 bytes, or of none when nothing is expected. */
struct attest_digest {
	unsigned char data[ATTEST_MAX_DIGEST];
	size_t size;
};

/* What one image measures. Of a Nitro image PCR0, PCR1 and PCR2 are always there. */
struct attest_values {
	enum attest_platform platform;
	struct attest_digest pcr[ATTEST_PCRS];
	struct attest_digest rim; /* of a CCA realm, its size tells the hash */
	struct attest_digest rem[ATTEST_REMS];
	struct attest_digest rpv; /* the personalization value, 64 bytes, zero padded */
	int64_t not_before;	  /* seconds since 1970, as the CoRIM says */
	int64_t not_after;	  /* likewise; 0: it says nothing */
};

/* A file that was read. */
struct attest_file {
	const char *path;
	const void *data;
	size_t size;
};

/* Images of which any will do. */
struct attest_references {
	struct attest_values *list;
	size_t count;
};

#define ATTEST_REFERENCES_INIT ((struct attest_references){NULL, 0})

/* A no-op on ATTEST_REFERENCES_INIT. Fits cleanup_with(). */
void attest_references_clear(struct attest_references *references);

/*
 * Adds what a file says: measurements.json of an enclave, or of a realm with all its RIMs,
 * values.json, policy.json, what nitro-cli build-enclave or describe-eif printed, an object of PCRs
 * alone, or a CoRIM, be it signed; nobody looks at its signature here. path only serves the
 * messages. ATTEST-REFERENCE when it is none of these, names no PCR0, PCR1 or PCR2 of a Nitro
 * image, or a value of zeros.
 */
int attest_references_add(struct attest_references *references, const void *data, size_t size,
			  const char *path, struct err *err);

/* Whether a file is signed, by whomever. */
bool attest_reference_is_signed(const void *data, size_t size);

/*
 * Adds a CoRIM that a key, public and in PEM, has signed: ATTEST-REFERENCE-UNSIGNED for a file that
 * nobody signed, ATTEST-ALGORITHM and ATTEST-SIGNATURE for another key's, ATTEST-KEY.
 */
int attest_references_add_signed(struct attest_references *references,
				 const struct attest_file *file, const struct attest_file *key,
				 struct err *err);

/* ATTEST-REFERENCE-EXPIRED unless the CoRIMs of all of them are valid at a time. */
int attest_references_valid(const struct attest_references *references, int64_t now,
			    struct err *err);

/* What evidence is held against. */
struct attest_expectation {
	const struct attest_references *references;
	const void *nonce; /* what was sent to the enclave; NULL: anything will do, a replay too */
	size_t nonce_size;
	const void *root; /* PEM in place of AWS's root, for tests; NULL */
	size_t root_size;
	const void *platform_key; /* PEM of a CCA platform's attestation key, for tokens */
	size_t platform_key_size;
	int64_t now;	       /* seconds since 1970: when certificates must be valid */
	int64_t max_age;       /* seconds between now and the time in a document, to both sides */
	bool at_document_time; /* in place of now: shows that it was genuine once, not when */
	bool accept_unsigned_emulator_documents; /* QEMU's, which anybody can write */
	bool accept_debug_platform;		 /* CCA platforms that are not secured */
};

/*
 * Verifies evidence, as bytes or in base64, and gives what it says as JSON that is the caller's:
 * docs/attest.md has the members. NULL when anything is not as it has to be, with EXIT_VERIFY or
 * EXIT_MALFORMED and a name of its own for each reason.
 */
json_t *attest_verify(const void *evidence, size_t size,
		      const struct attest_expectation *expectation, struct err *err);

/* ---- publishing ---- */

/* What is the same for all images of a release. */
struct attest_publisher {
	const char *authority; /* a domain, of the tag URIs that name our own profile and types */
	const char *builder;   /* a URI of who builds; NULL: the authority's local builder */
	int64_t now;	       /* seconds since 1970: when a CoRIM as previous.json must be valid */
};

/* Nobody's domain (RFC 2606): what stands in names until a publisher gives one. */
#define ATTEST_AUTHORITY "mintmark.example"

/*
 * Adds to a release folder, for each folder TARGET in it with a measurements.json: reference.cbor
 * (a CoRIM), values.json, policy.json, and of Nitro images policy-aws.json, policy-aws-cn.json and
 * policy-aws-us-gov.json; where a previous.json has the registers of the release before, also
 * policy-rollover.json, policy-rollover-aws.json and so on, which take either, and previous.json
 * itself in the form of policy.json; without one these are removed; and provenance.json about the
 * images, a realm's parts, and what stands beside them. Everybody's are the same. ATTEST-RELEASE
 * for a previous.json that lacks a register which the new image has.
 */
int attest_publish(const char *folder, const struct attest_publisher *publisher, struct err *err);

/* Who signs a release. */
struct attest_signing {
	const char *key;	/* a PEM file, or a URI "pkcs11:..." */
	const char *passphrase; /* of the file, or the token's PIN; NULL */
	const char *name;	/* of who signs, for people */
	bool random_nonce;	/* instead of one by RFC 6979, for tokens that have no other */
};

/*
 * Writes a published folder's signatures below signatures/: TARGET.cose, the CoRIM as COSE_Sign1,
 * and provenance.intoto.jsonl, the statement in a DSSE envelope. ATTEST-KEY, ATTEST-NONCE.
 */
int attest_sign(const char *folder, const struct attest_signing *signing, struct err *err);

/* Who may use a key of AWS KMS, from an enclave that runs one of some images. */
struct attest_kms {
	const char *partition; /* "aws", "aws-cn" or "aws-us-gov" */
	const char *principal; /* an ARN; NULL for one to be filled in */
};

/*
 * The statements of a key policy, one for each image, so that no mixture of two is accepted. All of
 * PCR0, PCR1 and PCR2 are in each, and whatever else the references name. ATTEST-POLICY for another
 * partition than the principal's, ATTEST-REFERENCE-NONE for references without a Nitro image.
 */
json_t *attest_policy_kms(const struct attest_references *references, const struct attest_kms *kms,
			  struct err *err);

/* The same for other services, and for realms: {"Version", "Why", "AnyOf": [{...}]}. */
json_t *attest_policy_generic(const struct attest_references *references, struct err *err);

/* ---- the log ---- */

/* What a reader of a log trusts. Keys are text, NAME+HASH+KEY. */
struct attest_log_trust {
	const char *key;	      /* of the log, whose name is its origin */
	const char *const *witnesses; /* keys of which at least witnesses_needed must have signed */
	size_t witness_count;
	size_t witnesses_needed;
	int64_t now;	 /* seconds since 1970 */
	int64_t max_age; /* seconds that the time of each of them may be old; below 0: any */
};

struct attest_log; /* one that was read and checked */

/* Accepts NULL. */
void attest_log_close(struct attest_log *log);

/*
 * Reads a whole log, a folder, and computes it anew from its entries: signatures, times, tiles,
 * root. ATTEST-LOG-CHECKPOINT, ATTEST-LOG-SIGNATURE, ATTEST-LOG-WITNESS, ATTEST-LOG-STALE,
 * ATTEST-LOG-ENTRY, ATTEST-LOG-TILE, ATTEST-LOG-ROOT; NULL then.
 */
struct attest_log *attest_log_open(const char *folder, const struct attest_log_trust *trust,
				   struct err *err);

uint64_t attest_log_size(const struct attest_log *log);

/* Its entries as JSON, each with its Index; the reference is the caller's. */
json_t *attest_log_entries(const struct attest_log *log, struct err *err);

/*
 * Whether an older checkpoint, signed by the same log, is this one's beginning: ATTEST-LOG-FORK
 * when it is not.
 */
int attest_log_continues(struct attest_log *log, const void *older, size_t size, struct err *err);

/*
 * A proof of that for who has no log at hand, from the older checkpoint to this log's own: what
 * C2SP tlog-witness has as the request to add-checkpoint. Text, owned by the caller; what
 * attest_log_continues() says first.
 */
char *attest_log_prove_from(struct attest_log *log, const void *older, size_t size,
			    struct err *err);

/*
 * Checks one with the older checkpoint alone, and gives {"From": entries of the older checkpoint,
 * "Origin", "Size": those of the newer one}, the caller's. ATTEST-LOG-FORK when the checkpoints
 * contradict each other, ATTEST-LOG-CONSISTENCY for a proof that does not lead from one to the
 * other; what attest_log_open() says of the newer checkpoint, and ATTEST-LOG-SIGNATURE for an
 * older one that is not of the same log.
 */
json_t *attest_log_prove_from_check(const void *proof, size_t size, const struct attest_file *older,
				    const struct attest_log_trust *trust, struct err *err);

/*
 * The release that has these measurements (the member Measurements of a report), as JSON that is
 * the caller's. ATTEST-LOG-MISSING, ATTEST-LOG-WITHDRAWN unless it was released again later, or
 * ATTEST-LOG-SECURITY when a release of the same name has a higher security version.
 */
json_t *attest_log_find(const struct attest_log *log, const json_t *measurements, struct err *err);

/* Whether an entry is a release that has these measurements; ATTEST-LOG-MISSING. */
int attest_log_matches(const json_t *entry, const json_t *measurements, struct err *err);

/* A proof in the form of C2SP tlog-proof, with the entry in it; text, owned by the caller. */
char *attest_log_prove(struct attest_log *log, uint64_t index, struct err *err);

/* Checks one without a log at hand, and gives the entry as JSON: ATTEST-LOG-PROOF and others. */
json_t *attest_log_prove_check(const void *proof, size_t size, const struct attest_log_trust *trust,
			       struct err *err);

/* What a reader saw of a log before: the last checkpoint that it found good, in a file. */
struct attest_log_seen;

/* Accepts NULL. */
void attest_log_seen_close(struct attest_log_seen *seen);

/*
 * Reads the file, in which nothing was seen when it is not there. Until this one is closed, other
 * readers with a file in the same folder wait here. FILE-OPEN, FILE-READ, FILE-SIZE; NULL then.
 */
struct attest_log_seen *attest_log_seen_open(const char *path, struct err *err);

/* Whether there is no file yet, so that any log will do. */
bool attest_log_seen_nothing(const struct attest_log_seen *seen);

/*
 * Whether a log is the one that was seen, or continues it: ATTEST-LOG-OLDER when it has fewer
 * entries, ATTEST-LOG-FORK. ATTEST-LOG-CHECKPOINT and ATTEST-LOG-SIGNATURE when the file holds no
 * checkpoint, or another log's.
 */
int attest_log_seen_check(struct attest_log_seen *seen, struct attest_log *log, struct err *err);

/*
 * The same of the log that a proof of an entry is of, without that log at hand: a consistency proof
 * leads there from what was seen. It may be NULL when the log has not grown; else
 * ATTEST-LOG-CONSISTENCY. The entry is not looked at.
 */
int attest_log_seen_check_proof(struct attest_log_seen *seen, const struct attest_file *proof,
				const struct attest_file *consistency,
				const struct attest_log_trust *trust, struct err *err);

/*
 * The checkpoint that was found good is what was seen from now on; whatever interrupts it, a power
 * cut too, the file is the old one or the new one, which is on the disk when this returns 0. Call
 * it once the log is good, before asking it about an image: else a withdrawal is forgotten.
 * FILE-CREATE, FILE-WRITE.
 */
int attest_log_seen_keep(struct attest_log_seen *seen, struct err *err);

/* Who keeps a log. */
struct attest_log_keeper {
	const char *key; /* of Ed25519: a PEM file, or a URI "pkcs11:..." */
	const char *passphrase;
	const char *origin; /* the log's name */
	int64_t now;	    /* the time that is signed */
};

/*
 * Appends entries, JSON objects, to the log in a folder, which is made when there is none; without
 * entries only the time is signed anew. Whatever interrupts it, the log is the old one or the new
 * one. ATTEST-LOG-ENTRY for one that is none, ATTEST-LOG-BUSY while another one appends, and the
 * names of attest_log_open() when the end of the log is not what was signed.
 */
int attest_log_append(const char *folder, const struct attest_log_keeper *keeper,
		      const json_t *entries, struct err *err);

/* The entry of a published release folder, the caller's. ATTEST-RELEASE-SUMS. */
json_t *attest_log_release(const char *folder, const char *version, int64_t security,
			   struct err *err);

/* That of a release that must not be used any more. */
json_t *attest_log_withdrawal(uint64_t index, const char *reason, struct err *err);

/*
 * Adds a witness's signature to the checkpoint of a log that was checked and continues the one in
 * the file state, which becomes this one. ATTEST-LOG-FORK.
 */
int attest_log_witness(const char *folder, const char *log_key, const char *state,
		       const struct attest_log_keeper *witness, struct err *err);

/* The public key that others are given: of a log, or of a witness. Text, owned by the caller. */
char *attest_log_key(const struct attest_log_keeper *keeper, bool witness, struct err *err);

/* ---- pages about releases ---- */

/* What a site is made of. */
struct attest_site {
	const char *title;
	const char *files; /* URL below which the release folders are to be had; NULL */
	const char *log;   /* a folder; NULL: the releases stand in the order given */
	const struct attest_log_trust *trust; /* for the log, whose age does not matter here */
	const char *const *releases;	      /* folders with a SHA256SUMS */
	size_t release_count;
};

/*
 * Writes static pages about the releases into a new folder: the same bytes for the same releases
 * and log. Nothing gets into them that SHA256SUMS and the log do not vouch for, but for boot times.
 * ATTEST-SITE, ATTEST-SITE-SUMS, ATTEST-SITE-LOG, ATTEST-SITE-FOLDER, and what attest_log_open()
 * says.
 */
int attest_site(const char *folder, const struct attest_site *site, struct err *err);

/* ---- rebuilds by others ---- */

enum { ATTEST_QUORUM_MAX = 64 };

/*
 * A statement that a release, by its SHA256SUMS, was rebuilt and came to the same or not: an
 * in-toto test result in a DSSE envelope, text, the caller's. builder says where or by whom, for
 * people.
 */
char *attest_rebuilt(const char *sums, bool same, const char *builder,
		     const struct attest_signing *who, struct err *err);

struct attest_quorum; /* who must agree about one release, and who did */

/* Accepts NULL. */
void attest_quorum_close(struct attest_quorum *quorum);

/*
 * About the release of a SHA256SUMS, a path, with the keys that are known, at most
 * ATTEST_QUORUM_MAX public ones in PEM, each once: ATTEST-KEY. NULL then.
 */
struct attest_quorum *attest_quorum_open(const char *sums, const struct attest_file *keys,
					 size_t key_count, struct err *err);

/*
 * Takes one of any number of statements. By other keys, or about other releases, it counts for
 * nothing; so it does when err has exit status 3 then, which is said and not the end.
 * ATTEST-QUORUM-DISAGREES when one of the keys signed that it did not come to the same.
 */
int attest_quorum_add(struct attest_quorum *quorum, const struct attest_file *statement,
		      struct err *err);

/* Whether so many of the keys signed that they came to the same: ATTEST-QUORUM. */
int attest_quorum_reached(const struct attest_quorum *quorum, size_t need, size_t *found,
			  struct err *err);

#endif
