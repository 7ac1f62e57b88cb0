/*
 * Signed images from unsigned ones, and back. Section by section into a new file, which is read
 * back and judged before it gets its name; never touches the file that it reads, and never puts a
 * second signature beside the first.
 */
#include "room.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "chain.h"
#include "cose.h"
#include "ecdsa.h"
#include "draft.h"
#include "key.h"
#include "layout.h"

/* A copy under construction: all but the header, and without any signature section. */
struct copy {
	struct outfile *out;
	uint64_t size;	   /* of what stands behind the header */
	uLong crc;	   /* of the same */
	bool wants_signed; /* whether the image that is read must have a signature, or must not */
	bool skips;	   /* the section coming by is the signature */
	const char *path;  /* of the image that is read */
};

static int put(struct copy *copy, const void *data, size_t size, struct err *err)
{
	copy->crc = crc32_z(copy->crc, data, size);
	copy->size += size;
	return outfile_write(copy->out, data, size, err);
}

static int put_section_header(struct copy *copy, enum eif_type type, uint64_t size, struct err *err)
{
	unsigned char header[SECTION_HEADER_SIZE] = {0};

	put_be(header + AT_SECTION_TYPE, 2, type);
	put_be(header + AT_SECTION_SIZE, 8, size);
	return put(copy, header, sizeof(header), err);
}

static int signed_already(const char *path, struct err *err)
{
	return err_set(err, EXIT_VERIFY, "EIF-SIGNED",
		       "%s: an unsigned image expected (see eif strip), found a signed one", path);
}

static int begin_section(void *context, const struct eif_section *section, struct err *err)
{
	struct copy *copy = context;

	copy->skips = section->type == EIF_SIGNATURE;
	if (copy->skips)
		return copy->wants_signed ? 0 : signed_already(copy->path, err);
	return put_section_header(copy, section->type, section->size, err);
}

static int take_data(void *context, const void *data, size_t size, struct err *err)
{
	struct copy *copy = context;

	return copy->skips ? 0 : put(copy, data, size, err);
}

/* Room for the header first: what stands in it is known last. */
static int copy_sections(struct copy *copy, int fd, const char *path, const char *out,
			 struct eif_image *image, struct err *err)
{
	static const unsigned char room[HEADER_SIZE];
	const struct eif_sink sink = {begin_section, take_data, copy};

	copy->path = path;
	if ((copy->out->fd < 0 && outfile_open(copy->out, out, err) < 0) ||
	    outfile_write(copy->out, room, sizeof(room), err) < 0)
		return -1;
	return eif_read(fd, path, &sink, image, err);
}

/* Sizes are those of the sections that were copied, and of the signature, if it has any bytes. */
static int put_header(struct copy *copy, const struct eif_image *image, size_t signature_size,
		      struct err *err)
{
	unsigned char header[HEADER_SIZE] = {0};
	uint64_t offset = HEADER_SIZE;
	unsigned count = 0;
	uLong crc;

	memcpy(header + AT_MAGIC, eif_magic, sizeof(eif_magic));
	put_be(header + AT_VERSION, 2, FORMAT_VERSION);
	put_be(header + AT_FLAGS, 2, image->arch == EIF_AARCH64 ? FLAG_AARCH64 : 0);
	put_be(header + AT_MEMORY, 8, image->default_memory);
	put_be(header + AT_CPUS, 8, image->default_cpus);
	for (unsigned i = 0; i <= image->section_count; i++) {
		bool last = i == image->section_count;
		uint64_t size = last ? signature_size : image->sections[i].size;

		if (last ? size == 0 : image->sections[i].type == EIF_SIGNATURE)
			continue;
		put_be(header + AT_OFFSETS + 8 * count, 8, offset);
		put_be(header + AT_SIZES + 8 * count, 8, size);
		offset += SECTION_HEADER_SIZE + size;
		count++;
	}
	put_be(header + AT_COUNT, 2, count);
	crc = crc32_combine(crc32_z(0, header, AT_CRC), copy->crc, (z_off_t)copy->size);
	put_be(header + AT_CRC, 4, crc);
	return outfile_write_at(copy->out, header, sizeof(header), 0, err);
}

static bool same_pcrs(const struct eif_image *a, const struct eif_image *b)
{
	return memcmp(a->measurements.pcr, b->measurements.pcr, sizeof(a->measurements.pcr)) == 0;
}

/* Reads back what was written; only a disk or memory that lies can make this fail. */
static int read_back(const struct copy *copy, const struct eif_image *before,
		     struct eif_image *image, struct err *err)
{
	const char *path = copy->out->path;

	if (lseek(copy->out->fd, 0, SEEK_SET) < 0)
		return err_errno(err, "FILE-READ", "%s", path);
	if (eif_read(copy->out->fd, path, NULL, image, err) < 0)
		return -1;
	if (!same_pcrs(before, image))
		return err_set(err, EXIT_ENVIRONMENT, "FILE-WRITE",
			       "%s: the measurements of %s expected, found others", path,
			       copy->path);
	return 0;
}

/* What a signature needs beside the image; all of it is looked at before anything is written. */
struct plan {
	const struct eif_signing *signing;
	struct chain chain;
	const struct algorithm *algorithm;
};

static void plan_close(struct plan *plan)
{
	chain_close(&plan->chain);
}

static int make_plan(struct plan *plan, const struct eif_signing *signing,
		     struct eif_signer *signer, struct err *err)
{
	const char *what = signing->certificate_path;

	plan->signing = signing;
	if (chain_parse(signing->certificate, signing->certificate_size, what, &plan->chain, err) <
		    0 ||
	    chain_algorithm(&plan->chain, what, &plan->algorithm, err) < 0)
		return -1;
	signer->algorithm = plan->algorithm->name;
	if (chain_check(&plan->chain, what, signing->at, signer, err) < 0)
		return -1;
	return signing->key ? key_check(signing->key, plan->algorithm, chain_key(&plan->chain),
					signing->random_nonce, err)
			    : 0;
}

static int bad_attached(const struct plan *plan, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "EIF-SIGNATURE",
		       "signature to attach: %zu bytes of r and s, or both as DER, expected, found "
		       "%zu bytes of another form",
		       plan->algorithm->size, plan->signing->signature_size);
}

/* r and s: what was given, or a new one. DER is never as short as r and s, but by wild chance. */
static int obtain_signature(const struct plan *plan, const void *tbs, size_t size,
			    unsigned char *signature, struct err *err)
{
	const struct eif_signing *signing = plan->signing;
	const struct algorithm *algorithm = plan->algorithm;

	if (!signing->signature)
		return key_sign(signing->key, algorithm, signing->random_nonce, tbs, size,
				signature, err);
	if (signing->signature_size == algorithm->size)
		memcpy(signature, signing->signature, algorithm->size);
	else if (!ecdsa_from_der(signing->signature, signing->signature_size, signature,
				 algorithm->size))
		return bad_attached(plan, err);
	return 0;
}

static int not_by_key(const struct plan *plan, struct err *err)
{
	if (plan->signing->signature)
		return err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-BAD",
			       "signature to attach: one of this image by the certificate's key "
			       "expected, found another");
	return err_set(err, EXIT_VERIFY, "EIF-KEY-OTHER",
		       "key: that of the certificate expected, found another");
}

static int make_cose(const struct plan *plan, const struct eif_image *image, unsigned char *out,
		     size_t *size, struct err *err)
{
	unsigned char payload[COSE_MAX_PAYLOAD];
	unsigned char signature[COSE_MAX_SIGNATURE];
	unsigned char tbs[COSE_MAX_TBS];
	struct cose cose = {
		.algorithm = plan->algorithm,
		.payload = payload,
		.payload_size = cose_payload(image->measurements.pcr[0], payload),
		.signature = signature,
		.signature_size = plan->algorithm->size,
	};
	size_t tbs_size = cose_tbs(&cose, tbs);

	if (obtain_signature(plan, tbs, tbs_size, signature, err) < 0)
		return -1;
	if (!chain_signed(&plan->chain, plan->algorithm, tbs, tbs_size, signature))
		return not_by_key(plan, err);
	*size = cose_encode(&cose, out);
	return 0;
}

/* Appends the section and gives the size of its data. */
static int put_signature(struct copy *copy, const struct plan *plan, const struct eif_image *image,
			 size_t *size, struct err *err)
{
	unsigned char cose[COSE_MAX_SIZE];
	size_t cose_size = 0;
	size_t pem_size = 0;
	cleanup_free unsigned char *pem = chain_pem(&plan->chain, &pem_size, err);
	cleanup_free unsigned char *section = malloc(EIF_MAX_SIGNATURE);
	struct eif_signature signature = {.cose = cose};
	size_t used;

	if (!pem || make_cose(plan, image, cose, &cose_size, err) < 0)
		return -1;
	if (!section)
		return err_errno(err, "MEMORY", "signature");
	signature.certificate = pem;
	signature.certificate_size = pem_size;
	signature.cose_size = cose_size;
	used = signature_encode(&signature, section, EIF_MAX_SIGNATURE);
	if (used > EIF_MAX_SIGNATURE)
		return err_set(err, EXIT_MALFORMED, "EIF-SECTION-SIZE",
			       "signature: at most %d bytes expected, found more: the certificates "
			       "have %zu bytes",
			       EIF_MAX_SIGNATURE, pem_size);
	*size = used;
	if (put_section_header(copy, EIF_SIGNATURE, used, err) < 0)
		return -1;
	return put(copy, section, used, err);
}

static int check_count(const struct eif_image *image, const char *path, struct err *err)
{
	if (image->section_count < EIF_MAX_SECTIONS)
		return 0;
	return err_set(err, EXIT_MALFORMED, "EIF-SECTION-COUNT",
		       "%s: at most %d sections in an image to be signed expected, found %u", path,
		       EIF_MAX_SECTIONS - 1, image->section_count);
}

/* Judged as anybody else would, who expects these certificates. */
static int judge(const struct plan *plan, const struct eif_image *image, struct eif_signer *signer,
		 struct err *err)
{
	const struct eif_signature_check check = {
		.certificate = plan->signing->certificate,
		.certificate_size = plan->signing->certificate_size,
		.certificate_path = plan->signing->certificate_path,
		.at = plan->signing->at,
	};

	return eif_signature_verify(image, &check, signer, err);
}

int draft_check_signing(const struct eif_signing *signing, struct err *err)
{
	cleanup_with(plan_close) struct plan plan = {.chain = CHAIN_INIT};
	struct eif_signer signer;

	return make_plan(&plan, signing, &signer, err);
}

int draft_signed(int fd, const char *path, const struct eif_signing *signing, const char *out_path,
		 struct outfile *out, struct eif_measurements *measurements,
		 struct eif_signer *signer, struct err *err)
{
	struct copy copy = {.out = out};
	cleanup_with(plan_close) struct plan plan = {.chain = CHAIN_INIT};
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	cleanup_with(eif_image_clear) struct eif_image written = EIF_IMAGE_INIT;
	struct eif_signer found;
	size_t size = 0;

	if (make_plan(&plan, signing, &found, err) < 0 ||
	    copy_sections(&copy, fd, path, out_path, &image, err) < 0 ||
	    check_count(&image, path, err) < 0 ||
	    put_signature(&copy, &plan, &image, &size, err) < 0 ||
	    put_header(&copy, &image, size, err) < 0 ||
	    read_back(&copy, &image, &written, err) < 0 || judge(&plan, &written, &found, err) < 0)
		return -1;
	*measurements = written.measurements;
	*signer = found;
	return 0;
}

int eif_sign(int fd, const char *path, const struct eif_signing *signing, const char *out,
	     struct eif_measurements *measurements, struct eif_signer *signer, struct err *err)
{
	cleanup_with(outfile_close) struct outfile file = OUTFILE_INIT;
	struct eif_measurements measured;
	struct eif_signer found;

	if (draft_signed(fd, path, signing, out, &file, &measured, &found, err) < 0 ||
	    outfile_commit(&file, err) < 0)
		return -1;
	*measurements = measured;
	*signer = found;
	return 0;
}

void *eif_sign_bytes(int fd, const char *path, const struct eif_signing *signing, size_t *size,
		     struct eif_signer *signer, struct err *err)
{
	cleanup_with(plan_close) struct plan plan = {.chain = CHAIN_INIT};
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	cleanup_free unsigned char *tbs = malloc(COSE_MAX_TBS);
	unsigned char payload[COSE_MAX_PAYLOAD];
	struct cose cose = {.payload = payload};
	struct eif_signer found;

	if (!tbs) {
		err_errno(err, "MEMORY", "signature");
		return NULL;
	}
	if (make_plan(&plan, signing, &found, err) < 0 ||
	    eif_read(fd, path, NULL, &image, err) < 0 || check_count(&image, path, err) < 0)
		return NULL;
	if (image.signature.count > 0) {
		signed_already(path, err);
		return NULL;
	}
	cose.algorithm = plan.algorithm;
	cose.payload_size = cose_payload(image.measurements.pcr[0], payload);
	*size = cose_tbs(&cose, tbs);
	*signer = found;
	return steal_ptr(tbs);
}

int draft_stripped(int fd, const char *path, const char *out_path, struct outfile *out,
		   struct eif_measurements *measurements, struct err *err)
{
	struct copy copy = {.out = out, .wants_signed = true};
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	cleanup_with(eif_image_clear) struct eif_image written = EIF_IMAGE_INIT;

	if (copy_sections(&copy, fd, path, out_path, &image, err) < 0)
		return -1;
	if (image.signature.count == 0)
		return err_set(err, EXIT_VERIFY, "EIF-UNSIGNED",
			       "%s: a signed image expected, found an unsigned one", path);
	if (put_header(&copy, &image, 0, err) < 0 || read_back(&copy, &image, &written, err) < 0)
		return -1;
	*measurements = written.measurements;
	return 0;
}

int eif_strip(int fd, const char *path, const char *out, struct eif_measurements *measurements,
	      struct err *err)
{
	cleanup_with(outfile_close) struct outfile file = OUTFILE_INIT;
	struct eif_measurements measured;

	if (draft_stripped(fd, path, out, &file, &measured, err) < 0 ||
	    outfile_commit(&file, err) < 0)
		return -1;
	*measurements = measured;
	return 0;
}
