/*
 * Facts about an image as JSON: what nitro-cli describe-eif prints, and what an auditor needs
 * beyond it. Only tells what eif_read() has established; never says that a signature is good.
 */
#include "room.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

/* A member that could not be made is a NULL value, which jansson refuses to store. */
static int out_of_memory(struct err *err)
{
	errno = ENOMEM;
	return err_errno(err, "MEMORY", "description");
}

static json_t *hex_string(const unsigned char *digest, size_t size)
{
	char hex[HASH_MAX_HEX];

	hash_hex(digest, size, hex);
	return json_string(hex);
}

json_t *eif_measurements_json(const struct eif_measurements *measurements, struct err *err)
{
	cleanup_json json_t *json = json_pack("{s:s}", "HashAlgorithm", "Sha384 { ... }");
	static const char *const names[] = {"PCR0", "PCR1", "PCR2"};
	int failed = json ? 0 : -1;

	for (int i = 0; i < 3; i++)
		failed |= json_object_set_new(json, names[i],
					      hex_string(measurements->pcr[i], SHA384_SIZE));
	if (measurements->has_pcr8)
		failed |= json_object_set_new(json, "PCR8",
					      hex_string(measurements->pcr8, SHA384_SIZE));
	if (failed) {
		out_of_memory(err);
		return NULL;
	}
	return steal_ptr(json);
}

uint64_t eif_unmeasured(const struct eif_image *image)
{
	uint64_t bytes = image->file_size;

	for (unsigned i = 0; i < image->section_count; i++)
		if (image->sections[i].type <= EIF_RAMDISK && image->sections[i].type > 0)
			bytes -= image->sections[i].size < bytes ? image->sections[i].size : bytes;
	return bytes;
}

static bool is_signed(const struct eif_image *image)
{
	for (unsigned i = 0; i < image->section_count; i++)
		if (image->sections[i].type == EIF_SIGNATURE)
			return true;
	return false;
}

/*
 * nitro-cli shows the build's members, DockerInfo, and the custom members beside them. A custom
 * member cannot hide one of those; CustomMetadata, which nitro-cli drops, has all of them again.
 */
static json_t *metadata_json(const json_t *metadata)
{
	json_t *custom = json_object_get(metadata, "CustomMetadata");
	json_t *docker = json_object_get(metadata, "DockerInfo");
	json_t *shown = json_copy(json_object_get(metadata, "BuildMetadata"));
	int failed = json_object_set(shown, "DockerInfo", docker ? docker : json_null());

	if (json_is_object(custom))
		failed |= json_object_update_missing(shown, custom);
	if (custom && !json_is_null(custom))
		failed |= json_object_set(shown, "CustomMetadata", custom);
	if (failed) {
		json_decref(shown);
		return NULL;
	}
	return shown;
}

static json_t *sections_json(const struct eif_image *image)
{
	cleanup_json json_t *sections = json_array();
	char hex[HASH_MAX_HEX];

	for (unsigned i = 0; i < image->section_count; i++) {
		const struct eif_section *section = &image->sections[i];

		hash_hex(section->sha256, SHA256_SIZE, hex);
		if (json_array_append_new(sections,
					  json_pack("{s:i, s:s, s:s*, s:I, s:I, s:s}", "index",
						    (int)i, "type", eif_type_name(section->type),
						    "format", section->format, "offset",
						    (json_int_t)section->offset, "size",
						    (json_int_t)section->size, "sha256", hex)) < 0)
			return NULL;
	}
	return steal_ptr(sections);
}

/* A command line that is not UTF-8 is told in base64, under a name that says so. */
static int set_cmdline(json_t *json, const struct eif_image *image)
{
	const unsigned char *bytes = (const unsigned char *)image->cmdline;
	json_t *text = json_stringn(image->cmdline, image->cmdline_size);
	cleanup_free unsigned char *base64 = NULL;
	int used;

	if (text)
		return json_object_set_new(json, "Cmdline", text);
	base64 = malloc(4 * (image->cmdline_size / 3) + 5);
	if (!base64)
		return -1;
	used = EVP_EncodeBlock(base64, bytes, (int)image->cmdline_size);
	return json_object_set_new(json, "Cmdline_b64",
				   json_stringn((const char *)base64, (size_t)used));
}

static int set_metadata(json_t *json, const json_t *metadata)
{
	return json_object_set(json, "ImageName", json_object_get(metadata, "ImageName")) |
	       json_object_set(json, "ImageVersion", json_object_get(metadata, "ImageVersion")) |
	       json_object_set_new(json, "Metadata", metadata_json(metadata));
}

static bool has_note(const struct eif_image *image, const char *name)
{
	const json_t *note;
	size_t i;

	json_array_foreach(image->notes, i,
			   note) if (strcmp(json_string_value(json_object_get(note, "name")),
					    name) == 0) return true;
	return false;
}

json_t *eif_describe(const struct eif_image *image, struct err *err)
{
	json_t *measurements = eif_measurements_json(&image->measurements, err);
	cleanup_json json_t *json = NULL;
	char crc[9];
	int failed;

	if (!measurements)
		return NULL;
	snprintf(crc, sizeof(crc), "%08lx", (unsigned long)image->crc);
	json = json_pack("{s:i, s:o, s:b, s:b}", "EifVersion", (int)image->version, "Measurements",
			 measurements, "IsSigned", is_signed(image), "CheckCRC",
			 !has_note(image, "EIF-CRC"));
	failed = json ? 0 : -1;
	failed |= image->metadata ? set_metadata(json, image->metadata) : 0;
	failed |= json_object_set_new(json, "Arch", json_string(eif_arch_name(image->arch)));
	failed |= set_cmdline(json, image);
	failed |= json_object_set_new(json, "Sections", sections_json(image));
	failed |= json_object_set_new(json, "UnmeasuredBytes",
				      json_integer((json_int_t)eif_unmeasured(image)));
	failed |= json_object_set_new(json, "Crc32", json_string(crc));
	failed |= json_object_set_new(json, "FileSize", json_integer((json_int_t)image->file_size));
	failed |= json_object_set_new(json, "FileSha256",
				      hex_string(image->file_sha256, SHA256_SIZE));
	if (image->notes)
		failed |= json_object_set(json, "Notes", image->notes);
	if (failed) {
		out_of_memory(err);
		return NULL;
	}
	return steal_ptr(json);
}

const char *eif_describe_like(const char *key)
{
	static const char *const keys[] = {
		"EifVersion",	   "Measurements", "IsSigned",	   "SigningCertificate",
		"CheckCRC",	   "ImageName",	   "ImageVersion", "Metadata",
		"SignatureCheck",  "Arch",	   "Cmdline",	   "Cmdline_b64",
		"Sections",	   "Crc32",	   "FileSize",	   "FileSha256",
		"UnmeasuredBytes", "Notes",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcasecmp(keys[i], key) == 0)
			return keys[i];
	return NULL;
}

bool eif_describe_knows(const char *key)
{
	const char *ours = eif_describe_like(key);

	return ours && strcmp(ours, key) == 0;
}
