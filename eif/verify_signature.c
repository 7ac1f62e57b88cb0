/*
 * Whether an image's signature is good, from its form to the certificates behind it. Decides
 * nothing about trust beyond the certificate that the caller expects.
 */
#include "room.h"

#include <errno.h>
#include <time.h>

#include "chain.h"
#include "cose.h"

static const char embedded[] = "signature: signing_certificate";

static int check_signature(const struct eif_image *image, const struct chain *chain,
			   struct eif_signer *signer, struct err *err)
{
	const struct eif_signature *signature = &image->signature;
	const struct algorithm *algorithm;
	unsigned char tbs[COSE_MAX_TBS];
	struct cose cose;

	if (cose_decode(signature->cose, signature->cose_size, &cose, err) < 0 ||
	    chain_algorithm(chain, embedded, &algorithm, err) < 0)
		return -1;
	if (cose.algorithm != algorithm)
		return err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-ALGORITHM",
			       "signature: COSE_Sign1: %s expected for a key on %s, found %s",
			       algorithm->name, algorithm->curve, cose.algorithm->name);
	if (cose_check_payload(&cose, image->measurements.pcr[0], err) < 0)
		return -1;
	if (!chain_signed(chain, algorithm, tbs, cose_tbs(&cose, tbs), cose.signature))
		return err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-BAD",
			       "signature: one by the key of signing_certificate expected, found "
			       "another");
	signer->algorithm = algorithm->name;
	return 0;
}

bool signature_there(const struct eif_image *image)
{
	for (unsigned i = 0; i < image->section_count; i++)
		if (image->sections[i].type == EIF_SIGNATURE)
			return true;
	return false;
}

/* What is wrong with the expected certificate is no fault of the image. */
static int parse_expected(const struct eif_signature_check *check, struct chain *expected,
			  struct err *err)
{
	const char *path = check->certificate_path;

	if (!check->certificate)
		return 0;
	return chain_parse(check->certificate, check->certificate_size,
			   path ? path : "expected certificate", expected, err);
}

/* An expected chain without certificates accepts any. */
static int judge(const struct eif_image *image, const struct chain *expected, const int64_t *at,
		 struct eif_signer *signer, struct err *err)
{
	const struct eif_signature *signature = &image->signature;
	cleanup_with(chain_close) struct chain chain = CHAIN_INIT;
	struct eif_signer found = {.algorithm = NULL};

	if (signature->count == 0 && signature_there(image)) /* but not of the format's shape */
		return err_set(err, EXIT_VERIFY, "EIF-SIGNATURE",
			       "signature: a section of the format's shape expected, found "
			       "another");
	if (signature->count == 0)
		return err_set(err, EXIT_VERIFY, "EIF-UNSIGNED",
			       "a signature section expected, found none");
	if (signature->count != 1)
		return err_set(err, EXIT_VERIFY, "EIF-SIGNATURE-COUNT",
			       "signature: one signature expected, found %zu", signature->count);
	if (!signature->usual)
		return err_set(err, EXIT_MALFORMED, "EIF-SIGNATURE",
			       "signature: the certificates first and every item in its shortest "
			       "form expected, found another form");
	if (chain_parse(signature->certificate, signature->certificate_size, embedded, &chain,
			err) < 0 ||
	    (expected->certificates && chain_expect(&chain, expected, err) < 0) ||
	    check_signature(image, &chain, &found, err) < 0 ||
	    chain_check(&chain, embedded, at, &found, err) < 0)
		return -1;
	*signer = found;
	return 0;
}

int eif_signature_verify(const struct eif_image *image, const struct eif_signature_check *check,
			 struct eif_signer *signer, struct err *err)
{
	cleanup_with(chain_close) struct chain expected = CHAIN_INIT;

	if (parse_expected(check, &expected, err) < 0)
		return -1;
	return judge(image, &expected, check->at, signer, err);
}

static json_t *time_json(int64_t seconds)
{
	time_t time = seconds;
	char text[40] = "";
	struct tm tm;

	if (gmtime_r(&time, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

json_t *eif_signature_report(const struct eif_image *image, const struct eif_signature_check *check,
			     struct err *err)
{
	struct eif_signer signer;
	struct err why = {0};
	cleanup_with(chain_close) struct chain expected = CHAIN_INIT;
	json_t *report;

	if (parse_expected(check, &expected, err) < 0)
		return NULL;
	if (judge(image, &expected, check->at, &signer, &why) == 0) {
		report = json_pack(
			"{s:b, s:b, s:s, s:s, s:i, s:o, s:o}", "Good", 1, "Expected",
			check->certificate != NULL, "Subject", signer.subject, "Algorithm",
			signer.algorithm, "Certificates", (int)signer.certificates, "NotBefore",
			time_json(signer.not_before), "NotAfter", time_json(signer.not_after));
	} else if (why.status == EXIT_ENVIRONMENT) {
		*err = why;
		return NULL;
	} else {
		report =
			json_pack("{s:b, s:s, s:s}", "Good", 0, "Name", why.name, "Text", why.text);
	}
	if (!report) {
		errno = ENOMEM;
		err_errno(err, "MEMORY", "report");
	}
	return report;
}
