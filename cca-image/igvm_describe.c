/* Facts about an IGVM image as JSON. Only tells what igvm_read() has established. */
#include "igvm.h"

#include <errno.h>

static json_t *hex64(uint64_t value)
{
	return json_sprintf("0x%llx", (unsigned long long)value);
}

static json_t *memory_json(const struct igvm_image *image)
{
	json_t *list = json_array();

	for (size_t i = 0; i < image->memory_count; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:I}", "Base", hex64(image->memory[i].gpa),
						"Size", (json_int_t)image->memory[i].size));
	return list;
}

static json_t *registers_json(const struct igvm_image *image)
{
	json_t *gprs = json_array();

	for (unsigned i = 0; i < REALM_GPRS; i++)
		json_array_append_new(gprs, hex64(image->gprs[i]));
	return json_pack("{s:o, s:o}", "pc", hex64(image->pc), "gprs", gprs);
}

static json_t *policy_json(const struct igvm_policy *policy)
{
	enum hash_algorithm hash = HASH_SHA256;

	realm_hash_of_number(policy->hash, &hash);
	return json_pack("{s:s, s:o, s:o, s:b}", "HashAlgorithm", realm_hash_name(hash),
			 "AttributesZero", hex64(policy->zeroes), "AttributesOne",
			 hex64(policy->ones), "LiveFirmwareActivation", policy->lfa == 1);
}

static json_t *corim_json(const struct igvm_image *image)
{
	if (!image->corim_slot)
		return json_null();
	return json_pack("{s:I, s:I, s:I}", "Offset", (json_int_t)image->corim_offset, "Size",
			 (json_int_t)image->corim_size, "SignatureSize",
			 (json_int_t)image->signature_size);
}

json_t *igvm_describe(const struct igvm_image *image, struct err *err)
{
	char sha256[HASH_MAX_HEX];
	json_t *json;

	hash_hex(image->sha256, SHA256_SIZE, sha256);
	json = json_pack("{s:i, s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:s}",
			 "IgvmVersion", IGVM_VERSION, "Platform", "CCA", "Policy",
			 policy_json(&image->policy), "Memory", memory_json(image), "Pages",
			 (json_int_t)image->pages, "EmptyPages", (json_int_t)image->empty,
			 "UnmeasuredPages", (json_int_t)image->unmeasured, "Boot",
			 registers_json(image), "CorimDocument", corim_json(image), "Crc32",
			 json_sprintf("%08lx", (unsigned long)image->checksum), "FileSize",
			 (json_int_t)image->file_size, "FileSha256", sha256);
	if (!json) {
		errno = ENOMEM;
		err_errno(err, "MEMORY", "description");
	}
	return json;
}
