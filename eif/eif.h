/*
 * The public face of the library mintmark-eif; files of the room include room.h instead.
 *
 * Enclave images (EIF, format version 4): writing, reading, measuring, describing, taking apart,
 * signing, checking signatures. Nothing here holds a whole image in memory.
 *
 * Facts of the format come from aws-nitro-enclaves-image-format (src/defs/mod.rs) and from QEMU's
 * hw/core/eif.c; docs/eif.md has them in short. Sizes and offsets are bytes.
 */
#ifndef MINTMARK_EIF_H
#define MINTMARK_EIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "digest.h"
#include "err.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EIF_TOOL_VERSION "0.1.0" /* also the BuildToolVersion of the images that we write */

enum {
	EIF_MAX_SECTIONS = 32, /* entries of the header's table */
	EIF_MIN_SECTIONS = 4,  /* kernel, command line, metadata, one ramdisk */
	EIF_MAX_RAMDISKS = EIF_MAX_SECTIONS - 3,
	EIF_MAX_SIGNATURE = 32768,    /* the format's own limit */
	EIF_MAX_CMDLINE = 65536,      /* ours: what a reader holds in memory */
	EIF_MAX_METADATA = 256 * 1024 /* ours, likewise */
};

/* The numbers are those in a section header. */
enum eif_type {
	EIF_KERNEL = 1,
	EIF_CMDLINE = 2,
	EIF_RAMDISK = 3,
	EIF_SIGNATURE = 4,
	EIF_METADATA = 5
};

enum eif_arch { EIF_X86_64, EIF_AARCH64 };

/* PCRx is SHA-384(48 zero bytes, SHA-384(content)). Headers and metadata are in none of them. */
struct eif_measurements {
	unsigned char pcr[3][SHA384_SIZE];
	unsigned char pcr8[SHA384_SIZE]; /* of the signing certificate's DER */
	bool has_pcr8;			 /* only a signed image has PCR8 */
};

/* One section as it lies in the file. */
struct eif_section {
	enum eif_type type;
	uint64_t offset; /* of its 12-byte header */
	uint64_t size;	 /* of its data, without that header */
	unsigned char sha256[SHA256_SIZE];
	const char *format; /* what a kernel or ramdisk begins as, "bzImage", "cpio"; or NULL */
};

/* "kernel", "cmdline", "ramdisk", "signature" or "metadata"; "unknown" for any other number. */
const char *eif_type_name(unsigned type);

/* "x86_64" or "aarch64". */
const char *eif_arch_name(enum eif_arch arch);

/* ---- writing ---- */

/* What goes into an image. Everything stays the caller's. */
struct eif_build {
	enum eif_arch arch;
	const char *kernel;	     /* path of a regular file */
	const char *const *ramdisks; /* paths of regular files, in the order of the image */
	size_t ramdisk_count;	     /* 1 to EIF_MAX_RAMDISKS */
	const void *cmdline;	     /* no NUL, no newline behind it */
	size_t cmdline_size;
	const void *metadata; /* the section's exact bytes */
	size_t metadata_size;
	bool boot_checks; /* refuse what could not boot: see docs/eif.md */
};

/*
 * Writes an unsigned image to path, whole or not at all, and measures it on the way: each input is
 * read once. EIF-KERNEL, EIF-RAMDISK and EIF-CMDLINE name what could not boot, EIF-METADATA what is
 * not metadata, EIF-SECTION-COUNT too many ramdisks, EIF-INPUT-CHANGED an input that grew or shrank
 * meanwhile.
 */
int eif_write(const struct eif_build *build, const char *path,
	      struct eif_measurements *measurements, struct err *err);

/* What our metadata says; the rest of it is constant. Strings are UTF-8. */
struct eif_identity {
	const char *name;	    /* ImageName */
	const char *version;	    /* ImageVersion */
	const char *kernel_version; /* BuildMetadata.KernelVersion */
	const char *custom;	    /* JSON text of CustomMetadata, an object; NULL for null */
	size_t custom_size;
};

/*
 * The metadata section's bytes, owned by the caller; NULL with EIF-METADATA when a string is not
 * UTF-8 or the custom part is not a JSON object. Of the custom part only the white space between
 * tokens is dropped: numbers and escapes stay as they were written.
 */
char *eif_metadata_compose(const struct eif_identity *identity, size_t *size, struct err *err);

/*
 * Parses a metadata section; the reference is the caller's. NULL with EIF-METADATA unless it has
 * the members that AWS's own reader insists on. When a number exceeds 64 bits signed, all integers
 * of the result become reals.
 */
json_t *eif_metadata_parse(const void *data, size_t size, struct err *err);

/* ---- reading ---- */

/* What the first element of a signature section holds; both arrays are the caller's to free. */
struct eif_signature {
	size_t count;		    /* of elements: AWS's reader looks at the first alone */
	unsigned char *certificate; /* PEM text */
	size_t certificate_size;
	unsigned char *cose; /* an untagged COSE_Sign1 */
	size_t cose_size;
	bool usual; /* one signature, written as AWS's tools do: order of members, shortest items */
};

#define EIF_SIGNATURE_INIT ((struct eif_signature){0})

/* Lets go of both arrays. Fits cleanup_with(). */
void eif_signature_clear(struct eif_signature *signature);

struct eif_image {
	unsigned version; /* 4; another one only from eif_read_lenient() */
	enum eif_arch arch;
	uint64_t default_memory; /* ignored by the hypervisor */
	uint64_t default_cpus;	 /* ignored by the hypervisor */
	unsigned section_count;
	struct eif_section sections[EIF_MAX_SECTIONS];
	uint32_t crc;
	uint64_t file_size;
	unsigned char file_sha256[SHA256_SIZE];
	struct eif_measurements measurements;
	char *cmdline; /* cmdline_size bytes, perhaps binary ones */
	size_t cmdline_size;
	json_t *metadata; /* NULL only from eif_read_lenient() */
	json_t *notes; /* of eif_read_lenient(): {"name", "text"} of what a strict reader refuses */
	struct eif_signature signature; /* empty unless measurements.has_pcr8 */
};

#define EIF_IMAGE_INIT ((struct eif_image){0})

/* Lets go of what an image owns; a no-op on EIF_IMAGE_INIT. Fits cleanup_with(). */
void eif_image_clear(struct eif_image *image);

/*
 * Sees the sections of an image while they are read, that is before the reader knows whether the
 * file is sound: throw away what came in when eif_read() fails. Either function may fail and so end
 * the reading. The section's sha256 is not known yet at begin.
 */
struct eif_sink {
	int (*begin)(void *context, const struct eif_section *section, struct err *err);
	int (*data)(void *context, const void *data, size_t size, struct err *err);
	void *context;
};

/*
 * Reads an image from fd, once, from the current position to the end; a pipe will do. Strict: the
 * header's table and the walk from section to section must agree on every byte of the file.
 * path only serves the messages; sink may be NULL. On failure image is cleared.
 *
 * Names, all with EXIT_MALFORMED: EIF-TRUNCATED, EIF-MAGIC, EIF-VERSION, EIF-FLAGS, EIF-RESERVED,
 * EIF-SECTION-COUNT, EIF-SECTION-OFFSET, EIF-SECTION-SIZE, EIF-SECTION-UNUSED, EIF-SECTION-TYPE,
 * EIF-SECTION-ORDER, EIF-SECTION-DUPLICATE, EIF-SECTION-MISSING, EIF-TRAILING, EIF-CRC,
 * EIF-METADATA, EIF-SIGNATURE.
 */
int eif_read(int fd, const char *path, const struct eif_sink *sink, struct eif_image *image,
	     struct err *err);

/*
 * As eif_read(), for images that eif_read() refuses: other versions, and what other writers do.
 * Whatever is wrong becomes one of image->notes, under the name that eif_read() has for it. Follows
 * the header's table as the hypervisor does, or walks from section to section where the table
 * cannot be followed, and says which. fd must be a file that can be sought in.
 *
 * Still refused: what has no header or magic, no kernel, command line or ramdisk; a second kernel
 * or command line; a command line, metadata or signature section above its limit.
 */
int eif_read_lenient(int fd, const char *path, const struct eif_sink *sink, struct eif_image *image,
		     struct err *err);

/* Takes a signature section's data apart; EIF-SIGNATURE when it is not of the format's shape. */
int eif_signature_parse(const void *data, size_t size, struct eif_signature *signature,
			struct err *err);

/* PCR8 of the first certificate in a PEM text; EIF-SIGNATURE when there is none. */
int eif_certificate_pcr8(const void *pem, size_t size, unsigned char pcr8[SHA384_SIZE],
			 struct err *err);

/* ---- signatures ---- */

/* What a signature is held against. */
struct eif_signature_check {
	const void *certificate; /* PEM: its first certificate must have signed; NULL for any */
	size_t certificate_size;
	const char *certificate_path; /* for messages, or NULL */
	const int64_t *at; /* when all certificates must be valid, in seconds since 1970; or NULL */
};

/* What a good signature tells. */
struct eif_signer {
	char subject[256];     /* of the signing certificate, RFC 2253, ASCII */
	const char *algorithm; /* "ES256", "ES384" or "ES512" */
	unsigned certificates; /* in the chain */
	int64_t not_before;    /* from when on all of them are valid, in seconds since 1970 */
	int64_t not_after;     /* until when */
};

/*
 * Checks the signature of an image that eif_read() has read. Strict: one signature, section and
 * COSE_Sign1 in their shortest form without anything optional, over this image's PCR0, by the first
 * certificate, whose issuer is the next one, and so on. Trust begins where the caller has the
 * certificate from: without check->certificate anybody may have signed.
 *
 * With EXIT_VERIFY: EIF-UNSIGNED, EIF-SIGNATURE-COUNT, EIF-SIGNATURE-ALGORITHM, EIF-SIGNATURE-PCR,
 * EIF-SIGNATURE-BAD, EIF-CERTIFICATE-OTHER, EIF-CERTIFICATE-CHAIN, EIF-CERTIFICATE-USAGE,
 * EIF-CERTIFICATE-EXTENSION, EIF-CERTIFICATE-EARLY, EIF-CERTIFICATE-EXPIRED, and EIF-SIGNATURE of a
 * section that the lenient reader could not take apart. With EXIT_MALFORMED: EIF-COSE,
 * EIF-CERTIFICATE, and EIF-SIGNATURE of one in another form than AWS's tools write.
 */
int eif_signature_verify(const struct eif_image *image, const struct eif_signature_check *check,
			 struct eif_signer *signer, struct err *err);

/*
 * The same as JSON that is the caller's, for reports: {"Good": true, "Expected", "Subject",
 * "Algorithm", "Certificates", "NotBefore", "NotAfter"}, where Expected says whether a certificate
 * was expected or anybody may have signed, or {"Good": false, "Name", "Text"} of what is wrong,
 * which is no failure of this function.
 */
json_t *eif_signature_report(const struct eif_image *image, const struct eif_signature_check *check,
			     struct err *err);

/* A private key, in memory or in a token. */
struct eif_key;

/*
 * Opens a PEM file, or a key behind a URI "pkcs11:..." through OpenSSL's provider of that name.
 * passphrase is that of the file or the token's PIN; NULL for none, nobody is ever asked. EIF-KEY
 * when there is no such key, or not exactly one; with EXIT_USAGE when pin-value occurs in where,
 * which is part of messages.
 */
struct eif_key *eif_key_open(const char *where, const char *passphrase, struct err *err);

/* Accepts NULL. */
void eif_key_close(struct eif_key *key);

/* Who signs, and with what. One of key and signature is set, or none for the bytes to be signed. */
struct eif_signing {
	const void *certificate; /* PEM: the signing certificate, its issuer, and so on */
	size_t certificate_size;
	const char *certificate_path; /* for messages */
	const int64_t *at;	      /* when the certificates must be valid; NULL: not looked at */
	struct eif_key *key;
	bool random_nonce;     /* instead of one by RFC 6979, for tokens that have no other */
	const void *signature; /* made elsewhere: r and s one after the other, or as DER */
	size_t signature_size;
};

/*
 * Reads an unsigned image from fd and writes it, signed, to out: whole, read back and verified, or
 * not at all. The certificates are written as PEM without anything that stood around them.
 *
 * Beside the names of eif_read() and eif_signature_verify(): EIF-SIGNED, EIF-SECTION-COUNT,
 * EIF-SECTION-SIZE when the certificates are too many; EIF-KEY-OTHER when the key is not the
 * certificate's; EIF-NONCE when it cannot sign deterministically; EIF-SIGN when signing failed.
 */
int eif_sign(int fd, const char *path, const struct eif_signing *signing, const char *out,
	     struct eif_measurements *measurements, struct eif_signer *signer, struct err *err);

/* The very bytes that eif_sign() would sign, owned by the caller. */
void *eif_sign_bytes(int fd, const char *path, const struct eif_signing *signing, size_t *size,
		     struct eif_signer *signer, struct err *err);

/* Writes a signed image's unsigned form to out, bit for bit what was signed. EIF-UNSIGNED. */
int eif_strip(int fd, const char *path, const char *out, struct eif_measurements *measurements,
	      struct err *err);

/* ---- telling ---- */

/* {"HashAlgorithm": ..., "PCR0": ...} as nitro-cli prints it; the reference is the caller's. */
json_t *eif_measurements_json(const struct eif_measurements *measurements, struct err *err);

/*
 * All facts about an image, a superset of nitro-cli describe-eif (docs/measurements.schema.json);
 * the reference is the caller's.
 */
json_t *eif_describe(const struct eif_image *image, struct err *err);

/*
 * Bytes of the file that are in none of PCR0, 1 and 2: all but kernel, cmdline and ramdisks' data.
 * At least 0 where sections overlap, as only the lenient reader finds them.
 */
uint64_t eif_unmeasured(const struct eif_image *image);

/* Whether eif_describe() or nitro-cli gives a top-level member of this name a meaning. */
bool eif_describe_knows(const char *key);

/* The name of such a member that this one is but for the case of its letters, or NULL. */
const char *eif_describe_like(const char *key);

/*
 * Writes kernel, cmdline, ramdisk0, ramdisk1 ..., metadata.json and signature into the folder dir,
 * which is made when it is missing. Nothing appears there unless eif_read() found the whole image
 * sound, or, when lenient is set, eif_read_lenient() could make sense of it. FILE-EXISTS rather
 * than overwriting.
 */
int eif_extract(int fd, const char *path, const char *dir, bool lenient, struct err *err);

/* ---- verifying and comparing ---- */

struct eif_verification {
	bool lenient;		/* eif_read_lenient() instead of eif_read() */
	const json_t *expected; /* measurements as published, or NULL: see eif_expected_parse() */
	const struct eif_signature_check *signature; /* NULL: nobody in particular, at any time */
};

/*
 * Measurements that somebody published: eif describe --json, what nitro-cli build-enclave and
 * describe-eif print, or an object of PCRs alone. The reference is the caller's; NULL with
 * EIF-EXPECTED when it is no such thing. path only serves the messages.
 */
json_t *eif_expected_parse(const void *data, size_t size, const char *path, struct err *err);

/*
 * Reads an image and says everything that can be said about it alone, as JSON that is the caller's:
 * Sound and Notes (of the lenient reader); Description, of eif_describe(); Differences, [{"what",
 * "expected", "found"}] between it and what was expected, and NotCompared, names of what was
 * expected and was not compared; Signature, of eif_signature_report(), when there is one
 * or what->signature is set; Unpinned, [{"name", "unchanged", "section", "bytes", "text"}]: what an
 * untrusted parent could change without changing the PCRs in "unchanged". Differences are no
 * failure of this function.
 */
json_t *eif_verify(int fd, const char *path, const struct eif_verification *what, struct err *err);

/*
 * Compares two images as JSON that is the caller's: Same, Sections, Metadata, Cmdline, Kernel,
 * Files and Measurements, each with what differs and, for PCRs, why. docs/eif.md has the members.
 */
json_t *eif_diff(int fd_a, const char *path_a, int fd_b, const char *path_b, bool lenient,
		 struct err *err);

#ifdef __cplusplus
}
#endif

#endif
