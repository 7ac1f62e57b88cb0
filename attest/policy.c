/*
 * Policies of services that give out keys. Each image is one alternative, with all of its
 * registers: what a single one of PCR0, PCR1, PCR2 or PCR8 proves about the code that runs is too
 * little (docs/eif.md).
 */
#include <stdio.h>
#include <string.h>

#include "references.h"
#include "text.h"

static const char why_pcrs[] =
	"PCR0, PCR1 and PCR2 together: lengths are in no register, so that under "
	"each of them alone, "
	"or under PCR8 alone, other code can run than what was measured";
static const char why_realms[] =
	"all registers of one image together: the RIM is of the memory that was "
	"loaded, REM0 of the launch configuration";

static json_t *registers(const struct attest_values *values, const char *first, const char *others)
{
	json_t *object = json_object();
	char name[64];

	for (unsigned i = 0; object && i < ATTEST_PCRS; i++) {
		const struct attest_digest *pcr = &values->pcr[i];

		if (i == 0)
			snprintf(name, sizeof(name), "%s", first);
		else
			snprintf(name, sizeof(name), "%sPCR%u", others, i);
		if (pcr->size > 0)
			json_object_set_new(object, name,
					    hex_json((struct slice){pcr->data, pcr->size}));
	}
	return object;
}

json_t *realm_registers(const struct attest_values *values)
{
	json_t *object = json_object();
	char name[16];

	if (!object)
		return NULL;
	json_object_set_new(object, "RIM",
			    hex_json((struct slice){values->rim.data, values->rim.size}));
	for (unsigned i = 0; i < ATTEST_REMS; i++) {
		snprintf(name, sizeof(name), "REM%u", i);
		if (values->rem[i].size > 0)
			json_object_set_new(
				object, name,
				hex_json((struct slice){values->rem[i].data, values->rem[i].size}));
	}
	if (values->rpv.size > 0)
		json_object_set_new(object, "RPV",
				    hex_json((struct slice){values->rpv.data, values->rpv.size}));
	return object;
}

static bool is_partition(const char *partition)
{
	return strcmp(partition, "aws") == 0 || strcmp(partition, "aws-cn") == 0 ||
	       strcmp(partition, "aws-us-gov") == 0;
}

static int check_principal(const struct attest_kms *kms, struct err *err)
{
	char start[32];

	snprintf(start, sizeof(start), "arn:%s:", kms->partition);
	if (is_partition(kms->partition) &&
	    (!kms->principal || strncmp(kms->principal, start, strlen(start)) == 0))
		return 0;
	return err_set(
		err, EXIT_USAGE, "ATTEST-POLICY",
		"partition %s: aws, aws-cn or aws-us-gov, and a principal of the same expected, "
		"found %s",
		kms->partition, kms->principal ? kms->principal : "another");
}

static json_t *kms_statement(const struct attest_values *values, const struct attest_kms *kms,
			     size_t i)
{
	char principal[128];
	char sid[32];

	snprintf(sid, sizeof(sid), "EnclaveImage%zu", i + 1);
	snprintf(principal, sizeof(principal), "arn:%s:iam::ACCOUNT:role/ROLE", kms->partition);
	return json_pack("{s:s, s:s, s:{s:s}, s:[s,s,s,s,s], s:s, s:{s:o}}", "Sid", sid, "Effect",
			 "Allow", "Principal", "AWS", kms->principal ? kms->principal : principal,
			 "Action", "kms:Decrypt", "kms:DeriveSharedSecret", "kms:GenerateDataKey",
			 "kms:GenerateDataKeyPair", "kms:GenerateRandom", "Resource", "*",
			 "Condition", "StringEqualsIgnoreCase",
			 registers(values, "kms:RecipientAttestation:ImageSha384",
				   "kms:RecipientAttestation:"));
}

json_t *attest_policy_kms(const struct attest_references *references, const struct attest_kms *kms,
			  struct err *err)
{
	cleanup_json json_t *statements = json_array();
	json_t *policy;

	if (check_principal(kms, err) < 0)
		return NULL;
	for (size_t i = 0; statements && i < references->count; i++)
		if (references->list[i].platform == ATTEST_NITRO)
			json_array_append_new(statements,
					      kms_statement(&references->list[i], kms,
							    json_array_size(statements)));
	if (json_array_size(statements) == 0) {
		err_set(err, EXIT_VERIFY, "ATTEST-REFERENCE-NONE",
			"reference values for an AWS Nitro enclave expected, found none");
		return NULL;
	}
	policy = json_pack("{s:s, s:O}", "Version", "2012-10-17", "Statement", statements);
	if (!policy)
		no_memory(err);
	return policy;
}

const char *policy_platform(enum attest_platform platform)
{
	return platform == ATTEST_NITRO ? "aws-nitro" : "arm-cca";
}

json_t *attest_policy_generic(const struct attest_references *references, struct err *err)
{
	json_t *any = json_array();
	bool platforms[2] = {false, false};
	json_t *policy;

	for (size_t i = 0; any && i < references->count; i++) {
		const struct attest_values *values = &references->list[i];
		bool nitro = values->platform == ATTEST_NITRO;

		platforms[values->platform] = true;
		json_array_append_new(
			any,
			json_pack("{s:s, s:o}", "Platform", policy_platform(values->platform),
				  "Measurements",
				  nitro ? registers(values, "PCR0", "") : realm_registers(values)));
	}
	policy = json_pack("{s:i, s:s++, s:o}", "Version", 1, "Why",
			   platforms[ATTEST_NITRO] ? why_pcrs : "",
			   platforms[ATTEST_NITRO] && platforms[ATTEST_CCA] ? "; " : "",
			   platforms[ATTEST_CCA] ? why_realms : "", "AnyOf", any);
	if (!policy)
		no_memory(err);
	return policy;
}
