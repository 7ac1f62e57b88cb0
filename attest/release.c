/*
 * A release folder: reference values, policies and provenance beside what is there already, and
 * signatures over them. Depends on measurements and pins alone; a signature never changes what was
 * published without one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "outfile.h"
#include "publish.h"
#include "references.h"
#include "text.h"

enum {
	LOCK_MAX = 4 * 1024 * 1024,
	CORIM_MAX = ATTEST_MAX_REFERENCE,
	STATEMENT_MAX = 16 * 1024 * 1024,
	IMAGES = 2 /* of the names below, those of whole images */
};

/* What is released of a target: the image, and what a realm's VMM is handed in its place. */
static const char *const images[] = {"image.eif", "image.igvm",	 "cmdline",
				     "image.dtb", "initrd.cpio", "kernel"};

/* What is said about it, where it is there. */
static const struct product {
	const char *file;
	const char *media;
} products[] = {
	{"buildinfo.json", "application/json"},
	{"manifest.json", "application/json"},
	{"measurements.json", "application/json"},
	{"reference.cbor", "application/rim+cbor"},
	{"sbom.cdx.json", "application/vnd.cyclonedx+json"},
	{"sbom.spdx.json", "application/spdx+json"},
};

/* A folder of a release, and what is known of it. */
struct release {
	const char *folder;
	const struct attest_publisher *publisher;
	json_t *targets; /* names of folders */
	json_t *subjects;
	json_t *products;
	char recipe[128];
};

static void release_clear(struct release *release)
{
	json_decref(release->targets);
	json_decref(release->subjects);
	json_decref(release->products);
}

static json_t *values_json(const struct attest_digest *value)
{
	cleanup_free char *text = base64_encode(value->data, value->size);

	return json_pack("{s:o, s:s}", "hex", hex_json((struct slice){value->data, value->size}),
			 "base64", text ? text : "");
}

/* Every register as plain strings, for verifiers that take those. */
static json_t *all_values(const struct attest_values *values)
{
	json_t *object = json_object();
	char name[16];

	for (unsigned i = 0; object && i < ATTEST_PCRS; i++) {
		snprintf(name, sizeof(name), "PCR%u", i);
		if (values->pcr[i].size > 0)
			json_object_set_new(object, name, values_json(&values->pcr[i]));
	}
	for (unsigned i = 0; object && i < ATTEST_REMS; i++) {
		snprintf(name, sizeof(name), "REM%u", i);
		if (values->rem[i].size > 0)
			json_object_set_new(object, name, values_json(&values->rem[i]));
	}
	if (object && values->rim.size > 0)
		json_object_set_new(object, "RIM", values_json(&values->rim));
	if (object && values->rpv.size > 0)
		json_object_set_new(object, "RPV", values_json(&values->rpv));
	return object;
}

static void set_value(json_t *object, const char *name, const json_t *hex)
{
	struct attest_digest digest;

	if (digest_parse(hex, &digest))
		json_object_set_new(object, name, values_json(&digest));
}

/* A realm's registers with the conditions of each, as measurements.json has them. */
static json_t *rim_values(const json_t *measured)
{
	const json_t *rem0 = json_object_get(measured, "REM0");
	json_t *all = json_array();

	for (size_t i = 0; all && realm_lists[i]; i++) {
		const json_t *list = json_object_get(measured, realm_lists[i]);
		const json_t *one;
		size_t j;

		json_array_foreach(list, j, one)
		{
			const char *hash = json_string_value(json_object_get(one, "hash"));
			json_t *copy = json_deep_copy(one);

			set_value(copy, "RIM", json_object_get(one, "RIM"));
			set_value(copy, "REM0", hash ? json_object_get(rem0, hash) : NULL);
			json_array_append_new(all, copy);
		}
	}
	return json_pack("{s:o}", "RIMs", all);
}

static json_t *strings_of(const json_t *measured, const struct attest_references *references)
{
	return is_realm(measured) ? rim_values(measured) : all_values(&references->list[0]);
}

static int write_json(const struct release *release, const char *target, const char *name,
		      json_t *json, struct err *err)
{
	cleanup_json json_t *owned = json;
	cleanup_free char *path = json ? folder_path(release->folder, target, name, err) : NULL;

	return path ? file_write_json(path, owned, false, err) : -1;
}

enum { PARTITIONS = 3 };
static const char *const partitions[PARTITIONS] = {"aws", "aws-cn", "aws-us-gov"};

/* what is the start of their names. */
static int write_policies(const struct release *release, const char *target, const char *what,
			  const struct attest_references *references, struct err *err)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.json", what);
	if (write_json(release, target, name, attest_policy_generic(references, err), err) < 0)
		return -1;
	for (size_t i = 0; i < PARTITIONS && references->list[0].platform == ATTEST_NITRO; i++) {
		struct attest_kms kms = {.partition = partitions[i]};

		snprintf(name, sizeof(name), "%s-%s.json", what, partitions[i]);
		if (write_json(release, target, name, attest_policy_kms(references, &kms, err),
			       err) < 0)
			return -1;
	}
	return 0;
}

static int check_platform(const char *path, const struct attest_references *references,
			  struct err *err)
{
	for (size_t i = 1; i < references->count; i++)
		if (references->list[i].platform != references->list[0].platform)
			return err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
				       "%s: measurements of one platform expected, found others",
				       path);
	return 0;
}

static int remove_file(const struct release *release, const char *target, const char *name,
		       struct err *err)
{
	cleanup_free char *path = folder_path(release->folder, target, name, err);

	if (!path)
		return -1;
	return unlink(path) < 0 && errno != ENOENT ? err_errno(err, "FILE-CREATE", "%s", path) : 0;
}

/* Those that an earlier call made of a previous.json that is gone. */
static int remove_rollover(const struct release *release, const char *target, struct err *err)
{
	char name[64];

	for (size_t i = 0; i < PARTITIONS; i++) {
		snprintf(name, sizeof(name), "policy-rollover-%s.json", partitions[i]);
		if (remove_file(release, target, name, err) < 0)
			return -1;
	}
	return remove_file(release, target, "policy-rollover.json", err);
}

/* A register that the policy does not ask for is one that may be anything. */
static int check_registers(const char *path, const struct attest_values *older,
			   const struct attest_values *newer, struct err *err)
{
	for (unsigned i = 0; i < ATTEST_PCRS; i++)
		if (newer->pcr[i].size > 0 && older->pcr[i].size == 0)
			return err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
				       "%s: PCR%u expected, as the new release has it, found none",
				       path, i);
	return 0;
}

/*
 * Policies that take the release before, too, whose registers are in previous.json, in any form of
 * reference values; it is written again in the one form that the registers alone decide.
 */
static int write_rollover(const struct release *release, const char *target, const char *measured,
			  size_t measured_size, struct err *err)
{
	cleanup_with(attest_references_clear) struct attest_references both =
		ATTEST_REFERENCES_INIT;
	cleanup_free char *path = folder_path(release->folder, target, "previous.json", err);
	cleanup_free char *data = NULL;
	size_t size = 0;

	if (!path)
		return -1;
	if (access(path, F_OK) != 0)
		return errno == ENOENT ? remove_rollover(release, target, err)
				       : err_errno(err, "FILE-OPEN", "%s", path);
	data = read_small_file(path, ATTEST_MAX_REFERENCE, &size, err);
	if (!data || attest_references_add(&both, data, size, path, err) < 0)
		return -1;
	if (attest_references_valid(&both, release->publisher->now, err) < 0)
		return err_wrap(err, "%s", path);
	if (both.count != 1 && both.list[0].platform == ATTEST_NITRO)
		return err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
			       "%s: the registers of one Nitro image expected, found others", path);
	if (write_json(release, target, "previous.json", attest_policy_generic(&both, err), err) <
		    0 ||
	    attest_references_add(&both, measured, measured_size, path, err) < 0 ||
	    check_platform(path, &both, err) < 0 ||
	    check_registers(path, &both.list[0], &both.list[1], err) < 0)
		return -1;
	return write_policies(release, target, "policy-rollover", &both, err);
}

static int write_corim(const struct release *release, const char *target,
		       const struct attest_references *references, struct err *err)
{
	char id[400];
	struct corim_plan plan = {.id = id,
				  .values = references->list,
				  .count = references->count,
				  .authority = release->publisher->authority};
	cleanup_free unsigned char *corim = NULL;
	cleanup_free char *path = folder_path(release->folder, target, "reference.cbor", err);
	size_t size;

	snprintf(id, sizeof(id), "%s/%s", release->recipe, target);
	corim = path ? corim_write(&plan, &size, err) : NULL;
	return corim ? file_write(path, corim, size, err) : -1;
}

/* {"name": TARGET/FILE, "digest": {"sha256": ...}} */
static json_t *descriptor(const struct release *release, const char *target, const char *file,
			  const char *media, struct err *err)
{
	cleanup_free char *path = folder_path(release->folder, target, file, err);
	char hex[HASH_MAX_HEX];
	char name[600];
	json_t *json;

	if (!path || file_sha256(path, hex, err) < 0)
		return NULL;
	snprintf(name, sizeof(name), "%s/%s", target, file);
	json = json_pack("{s:s, s:{s:s}}", "name", name, "digest", "sha256", hex);
	if (json && media)
		json_object_set_new(json, "mediaType", json_string(media));
	if (!json)
		no_memory(err);
	return json;
}

static int append(json_t *list, json_t *one)
{
	return one && json_array_append_new(list, one) == 0 ? 0 : -1;
}

/* 1 when the file is there and was noted, 0 when it is not there. */
static int note_file(const struct release *release, const char *target, const char *file,
		     const char *media, json_t *list, struct err *err)
{
	cleanup_free char *path = folder_path(release->folder, target, file, err);

	if (!path)
		return -1;
	if (access(path, F_OK) != 0)
		return 0;
	return append(list, descriptor(release, target, file, media, err)) < 0 ? -1 : 1;
}

static int note_files(const struct release *release, const char *target, struct err *err)
{
	bool found = false;

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		int noted = note_file(release, target, images[i], NULL, release->subjects, err);

		if (noted < 0)
			return -1;
		found = found || (noted && i < IMAGES);
	}
	if (!found)
		return err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
			       "%s/%s: image.eif or image.igvm expected, found neither",
			       release->folder, target);
	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++)
		if (note_file(release, target, products[i].file, products[i].media,
			      release->products, err) < 0)
			return -1;
	return 0;
}

/* The recipe's name is the same in all targets. */
static int note_recipe(struct release *release, const json_t *json, const char *path,
		       struct err *err)
{
	const char *recipe = json_string_value(json_object_get(json, "Recipe"));

	if (!recipe)
		recipe = "image";
	if (strlen(recipe) >= sizeof(release->recipe) ||
	    (release->recipe[0] && strcmp(release->recipe, recipe) != 0))
		return err_set(
			err, EXIT_MALFORMED, "ATTEST-RELEASE",
			"%s: Recipe: the name of the other targets, at most 127 bytes, expected, "
			"found another",
			path);
	snprintf(release->recipe, sizeof(release->recipe), "%s", recipe);
	return 0;
}

static int publish_target(struct release *release, const char *target, struct err *err)
{
	cleanup_with(attest_references_clear) struct attest_references references =
		ATTEST_REFERENCES_INIT;
	cleanup_free char *path = folder_path(release->folder, target, "measurements.json", err);
	cleanup_free char *data = NULL;
	cleanup_json json_t *measured = NULL;
	size_t size = 0;

	data = path ? read_small_file(path, ATTEST_MAX_REFERENCE, &size, err) : NULL;
	if (!data || attest_references_add(&references, data, size, path, err) < 0 ||
	    check_platform(path, &references, err) < 0)
		return -1;
	measured = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	if (!measured || (references.count > 1 && !is_realm(measured)))
		return err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
			       "%s: measurements of one image expected, found %s", path,
			       measured ? "those of several" : "no JSON");
	if (note_recipe(release, measured, path, err) < 0 ||
	    write_corim(release, target, &references, err) < 0 ||
	    write_json(release, target, "values.json", strings_of(measured, &references), err) <
		    0 ||
	    write_policies(release, target, "policy", &references, err) < 0 ||
	    write_rollover(release, target, data, size, err) < 0)
		return -1;
	return note_files(release, target, err);
}

/* One line of a lock: sha256, size, path. Others are comments. */
static json_t *dependency(const char *line, size_t length)
{
	const char *path;

	if (length < 68 || line[0] == '#' || line[64] != ' ')
		return NULL;
	path = memchr(line + 65, ' ', length - 65);
	if (!path)
		return NULL;
	path++;
	return json_pack("{s:s%, s:{s:s%}}", "name", path, (size_t)(line + length - path), "digest",
			 "sha256", line, (size_t)64);
}

static int add_lock(const struct release *release, const char *lock, json_t *list, struct err *err)
{
	cleanup_free char *path = folder_path(release->folder, "pins", lock, err);
	cleanup_free char *text = NULL;
	size_t size = 0;

	text = path ? read_small_file(path, LOCK_MAX, &size, err) : NULL;
	if (!text)
		return -1;
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		json_t *one = dependency(line, length);

		if (one && json_array_append_new(list, one) < 0)
			return no_memory(err);
		line += length + (line[length] == '\n');
	}
	return 0;
}

static json_t *dependencies(const struct release *release, struct err *err)
{
	cleanup_free char *pins = folder_path(release->folder, NULL, "pins", err);
	cleanup_json json_t *locks = pins ? folder_files(pins, ".lock", err) : NULL;
	cleanup_json json_t *list = json_array();
	const json_t *lock;
	size_t i;

	if (!locks || !list)
		return NULL;
	json_array_foreach(locks, i, lock) if (add_lock(release, json_string_value(lock), list,
							err) < 0) return NULL;
	return json_incref(list);
}

static char *joined(const json_t *targets)
{
	char *text = NULL;
	const json_t *one;
	size_t size = 0;
	size_t i;

	json_array_foreach(targets, i, one)
	{
		char *longer = NULL;

		if (asprintf(&longer, "%s%s%s", text ? text : "", i ? " " : "",
			     json_string_value(one)) < 0)
			longer = NULL;
		free(text);
		text = longer;
		size++;
	}
	return size ? text : NULL;
}

/* in-toto Statement v1 with SLSA provenance v1; without times, so that all builders come to it. */
static json_t *statement(const struct release *release, struct err *err)
{
	const struct attest_publisher *publisher = release->publisher;
	json_t *inputs = dependencies(release, err);
	cleanup_free char *targets = joined(release->targets);
	char builder[300];
	char type[300];

	if (!inputs)
		return NULL;
	snprintf(type, sizeof(type), "tag:%s,2026:image#1", publisher->authority);
	snprintf(builder, sizeof(builder), "tag:%s,2026:builder#local", publisher->authority);
	return json_pack("{s:s, s:s, s:O, s:{s:{s:s, s:{s:s, s:s}, s:o}, s:{s:{s:s}, s:O}}}",
			 "_type", "https://in-toto.io/Statement/v1", "predicateType",
			 "https://slsa.dev/provenance/v1", "subject", release->subjects,
			 "predicate", "buildDefinition", "buildType", type, "externalParameters",
			 "recipe", release->recipe, "targets", targets ? targets : "",
			 "resolvedDependencies", inputs, "runDetails", "builder", "id",
			 publisher->builder ? publisher->builder : builder, "byproducts",
			 release->products);
}

int attest_publish(const char *folder, const struct attest_publisher *publisher, struct err *err)
{
	cleanup_with(release_clear) struct release release = {
		.folder = folder,
		.publisher = publisher,
		.targets = folder_with(folder, "measurements.json", err),
		.subjects = json_array(),
		.products = json_array()};
	cleanup_json json_t *provenance = NULL;
	cleanup_free char *path = NULL;
	const json_t *target;
	size_t i;

	if (!release.targets)
		return -1;
	if (json_array_size(release.targets) == 0)
		return err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
			       "%s: folders with measurements.json expected, found none", folder);
	json_array_foreach(release.targets, i,
			   target) if (publish_target(&release, json_string_value(target), err) <
				       0) return -1;
	provenance = statement(&release, err);
	path = provenance ? folder_path(folder, NULL, "provenance.json", err) : NULL;
	if (!path)
		return err->status ? -1 : no_memory(err);
	return file_write_json(path, provenance, true, err);
}

static int sign_target(const char *folder, const char *target, const struct signing *signing,
		       struct err *err)
{
	cleanup_free char *path = folder_path(folder, target, "reference.cbor", err);
	cleanup_free char *corim = NULL;
	cleanup_free unsigned char *signed_corim = NULL;
	cleanup_free char *out = NULL;
	char name[300];
	size_t size = 0;

	corim = path ? read_small_file(path, CORIM_MAX, &size, err) : NULL;
	if (!corim)
		return -1;
	signed_corim =
		corim_sign((struct slice){(unsigned char *)corim, size}, signing, &size, err);
	snprintf(name, sizeof(name), "%s.cose", target);
	out = signed_corim ? folder_path(folder, "signatures", name, err) : NULL;
	return out ? file_write(out, signed_corim, size, err) : -1;
}

static int sign_provenance(const char *folder, const struct signing *signing, struct err *err)
{
	cleanup_free char *path = folder_path(folder, NULL, "provenance.json", err);
	cleanup_free char *out =
		path ? folder_path(folder, "signatures", "provenance.intoto.jsonl", err) : NULL;
	cleanup_free char *envelope = NULL;
	cleanup_free char *text = NULL;
	size_t size = 0;

	text = out ? read_small_file(path, STATEMENT_MAX, &size, err) : NULL;
	if (!text)
		return -1;
	/* The payload is the file without its newline. */
	if (size > 0 && text[size - 1] == '\n')
		size--;
	envelope = dsse_sign((struct slice){(unsigned char *)text, size}, signing, err);
	return envelope ? file_write(out, envelope, strlen(envelope), err) : -1;
}

static void cleanup_signer_at(struct signer **signer)
{
	signer_close(*signer);
}

int attest_sign(const char *folder, const struct attest_signing *who, struct err *err)
{
	cleanup_with(cleanup_signer_at) struct signer *key =
		signer_open(who->key, who->passphrase, "ATTEST", err);
	struct signing signing = {.key = key, .name = who->name, .random_nonce = who->random_nonce};
	cleanup_json json_t *targets = key ? folder_with(folder, "reference.cbor", err) : NULL;
	cleanup_free char *signatures =
		targets ? folder_path(folder, NULL, "signatures", err) : NULL;
	const json_t *target;
	size_t i;

	if (!signatures)
		return -1;
	if (json_array_size(targets) == 0)
		return err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
			       "%s: folders with reference.cbor expected, found none: attest "
			       "publish comes "
			       "first",
			       folder);
	if (folder_make(signatures, err) < 0)
		return -1;
	json_array_foreach(targets, i, target) if (sign_target(folder, json_string_value(target),
							       &signing, err) < 0) return -1;
	return sign_provenance(folder, &signing, err);
}
