/*
 * What a site shows, from the log and from release folders. Never takes a file of a folder that its
 * SHA256SUMS does not vouch for, or a folder that is not in the log.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "log.h"
#include "outfile.h"
#include "site.h"
#include "text.h"

enum {
	BOOT_MAX = 1024 * 1024,
	CONFIG_MAX = 4 * 1024 * 1024,
	SBOM_MAX = 64 * 1024 * 1024,
	MANIFEST_MAX = 256 * 1024 * 1024
};

void site_clear(struct site *site)
{
	json_decref(site->releases);
	json_decref(site->log);
	site->releases = NULL;
	site->log = NULL;
}

static int bad(const char *path, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-SITE", "%s: %s expected, found another", path,
		       expected);
}

static int bad_file(const json_t *release, const char *target, const char *file,
		    const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "ATTEST-SITE", "%s/%s/%s: %s expected, found another",
		       json_string_value(json_object_get(release, "Folder")), target, file,
		       expected);
}

/* As read_small_file(), with memory for what is there instead of for the most that may be. */
static char *read_file(const char *path, size_t limit, size_t *size, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size < limit)
		limit = (size_t)st.st_size;
	return read_small_file(path, limit, size, err);
}

/*
 * A file of a release, the caller's; NULL without an error when the release has none. Its sum is
 * compared here, so that nothing else of a folder can get into a page.
 */
static char *published(const json_t *release, const char *target, const char *file, size_t limit,
		       size_t *size, struct err *err)
{
	cleanup_free char *name = folder_path(target, NULL, file, err);
	const char *sum = NULL;
	cleanup_free char *path = NULL;
	cleanup_free char *data = NULL;
	char found[HASH_MAX_HEX];

	if (!name)
		return NULL;
	sum = json_string_value(json_object_get(json_object_get(release, "Files"), name));
	if (!sum)
		return NULL;
	path = folder_path(json_string_value(json_object_get(release, "Path")), target, file, err);
	data = path ? read_file(path, limit, size, err) : NULL;
	if (!data || data_sha256(data, *size, found, err) < 0)
		return NULL;
	if (strcmp(found, sum) == 0)
		return steal_ptr(data);
	err_set(err, EXIT_VERIFY, "ATTEST-SITE-SUMS",
		"%s: the sum %s of SHA256SUMS expected, found %s", path, sum, found);
	return NULL;
}

/* The same as JSON. */
static json_t *published_json(const json_t *release, const char *target, const char *file,
			      size_t limit, struct err *err)
{
	size_t size = 0;
	cleanup_free char *data = published(release, target, file, limit, &size, err);
	json_t *json = data ? json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (data && !json_is_object(json)) {
		bad_file(release, target, file, "a JSON object", err);
		json_decref(json);
		return NULL;
	}
	return json;
}

/* ---- what a target measures ---- */

/* Adds a register; of one name several, with numbers. */
static int add_register(json_t *registers, const char *name, json_t *hex)
{
	cleanup_free char *numbered = strdup(name);

	if (!numbered || !json_is_string(hex))
		return -1;
	for (int i = 2; json_object_get(registers, numbered); i++) {
		free(numbered);
		if (asprintf(&numbered, "%s (%d)", name, i) < 0) {
			numbered = NULL;
			return -1;
		}
	}
	return json_object_set(registers, numbered, hex);
}

/* "RIM, RMM 1.0, sha-256, qemu, 512 MiB, 2 processors": under which conditions a realm has it.
 */
static char *rim_name(const json_t *rim)
{
	static const struct {
		const char *member;
		const char *before;
		const char *behind;
	} words[] = {{"rmm", "RMM ", ""},
		     {"hash", "", ""},
		     {"layout", "", ""},
		     {"memory", "", ""},
		     {"cpus", "", " processors"}};
	json_int_t number;
	char *name = strdup("RIM");

	for (size_t i = 0; name && i < sizeof(words) / sizeof(words[0]); i++) {
		const json_t *value = json_object_get(rim, words[i].member);
		char text[32] = "";
		char *longer = NULL;

		number = json_integer_value(value);
		if (json_is_integer(value) && strcmp(words[i].member, "memory") == 0)
			snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " MiB",
				 number / (1 << 20));
		else if (json_is_integer(value))
			snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, number);
		else if (!json_is_string(value))
			continue;
		if (asprintf(&longer, "%s, %s%s%s", name, words[i].before,
			     text[0] ? text : json_string_value(value),
			     number == 1 ? " processor" : words[i].behind) < 0)
			longer = NULL;
		free(name);
		name = longer;
	}
	return name;
}

/* REM0, of which there is one for each hash: "REM0, sha-256". Nothing when there is none. */
static int add_rem0(json_t *registers, json_t *hex)
{
	char name[32];

	if (!hex)
		return 0;
	snprintf(name, sizeof(name), "REM0, sha-%zu", 4 * json_string_length(hex));
	if (json_equal(json_object_get(registers, name), hex))
		return 0;
	return add_register(registers, name, hex);
}

/* A realm's, {"RIMs": [{"RIM": {"hex"}, "REM0": {"hex"}, and its conditions}]}. */
static int add_rims(const json_t *rims, json_t *registers)
{
	const json_t *one;
	size_t i;

	json_array_foreach(rims, i, one)
	{
		cleanup_free char *name = rim_name(one);

		if (!name ||
		    add_register(registers, name,
				 json_object_get(json_object_get(one, "RIM"), "hex")) < 0 ||
		    add_rem0(registers, json_object_get(json_object_get(one, "REM0"), "hex")) < 0)
			return -1;
	}
	return 0;
}

/* values.json, as attest publish writes it. */
static int read_registers(const json_t *release, const char *target, json_t *registers,
			  struct err *err)
{
	cleanup_json json_t *values =
		published_json(release, target, "values.json", ATTEST_MAX_REFERENCE, err);
	const char *key;
	json_t *value;

	json_object_foreach(values, key, value)
	{
		if ((json_is_array(value)
			     ? add_rims(value, registers)
			     : add_register(registers, key, json_object_get(value, "hex"))) < 0)
			return bad_file(release, target, "values.json", "values in hexadecimal",
					err);
	}
	return err->status ? -1 : 0;
}

static void copy_fact(json_t *facts, const char *name, const json_t *value)
{
	if (json_is_string(value) || json_is_integer(value))
		json_object_set(facts, name, (json_t *)(uintptr_t)value);
}

/* What measurements.json says beside the registers, of what people ask for. */
static json_t *read_facts(const json_t *release, const char *target, struct err *err)
{
	static const char *const names[] = {"FileSize", "FileSha256", "TreeDigest", "Cmdline"};
	cleanup_json json_t *document =
		published_json(release, target, "measurements.json", ATTEST_MAX_REFERENCE, err);
	const json_t *metadata = json_object_get(document, "Metadata");
	json_t *facts = document ? json_object() : NULL;

	for (size_t i = 0; facts && i < sizeof(names) / sizeof(names[0]); i++)
		copy_fact(facts, names[i], json_object_get(document, names[i]));
	if (facts)
		copy_fact(facts, "Kernel",
			  json_object_get(metadata ? metadata : document, "KernelVersion"));
	return facts;
}

static int read_target(const json_t *release, const char *target, json_t *targets, struct err *err)
{
	json_t *facts = read_facts(release, target, err);
	json_t *one = facts ? json_pack("{s:{}, s:o}", "Registers", "Facts", facts) : NULL;

	if (!facts && !err->status)
		return err_set(
			err, EXIT_VERIFY, "ATTEST-SITE-SUMS",
			"%s/SHA256SUMS: a line for %s/measurements.json expected, found none",
			json_string_value(json_object_get(release, "Folder")), target);
	if (!facts || json_object_set_new(targets, target, one) < 0)
		return err->status ? -1 : no_memory(err);
	return read_registers(release, target, json_object_get(one, "Registers"), err);
}

/* ---- how long it took to boot ---- */

/*
 * FOLDER.boot.json, what make bench BENCH=boot wrote: the member Seconds of the result "ours", of
 * the only machine that it measures. It was measured by somebody once, so it is in no release.
 */
static int read_boot(const char *folder, const json_t *targets, struct err *err)
{
	cleanup_free char *path = NULL;
	cleanup_free char *text = NULL;
	cleanup_json json_t *document = NULL;
	json_t *target = json_object_get(targets, "nitro-x86_64");
	const json_t *result;
	size_t size = 0;
	size_t i;

	if (asprintf(&path, "%s.boot.json", folder) < 0)
		return no_memory(err);
	if (!target || access(path, F_OK) != 0)
		return 0;
	text = read_small_file(path, BOOT_MAX, &size, err);
	if (!text)
		return -1;
	document = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	json_array_foreach(json_object_get(document, "Results"), i, result)
	{
		const char *name = json_string_value(json_object_get(result, "Name"));
		double seconds = json_number_value(json_object_get(result, "Seconds"));

		if (name && strcmp(name, "ours") == 0 && seconds > 0 && seconds < 86400)
			return json_object_set_new(
				target, "Boot", json_integer((json_int_t)(seconds * 1000 + 0.5)));
	}
	return bad(path, "what make bench BENCH=boot wrote", err);
}

/* ---- folders ---- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Name and version of a release that is in no log: what its images say. */
static int name_release(json_t *release, struct err *err)
{
	const char *folder = json_string_value(json_object_get(release, "Folder"));
	const char *target =
		json_object_iter_key(json_object_iter(json_object_get(release, "Targets")));
	cleanup_json json_t *document =
		published_json(release, target, "measurements.json", ATTEST_MAX_REFERENCE, err);
	const json_t *name = json_object_get(document, "Recipe");
	const json_t *version = json_object_get(document, "ImageVersion");

	if (json_object_set_new(
		    release, "Name",
		    json_string(json_is_string(name) ? json_string_value(name) : "image")) < 0 ||
	    json_object_set_new(
		    release, "Version",
		    json_string(json_is_string(version) ? json_string_value(version) : folder)) < 0)
		return no_memory(err);
	return 0;
}

/* An object with Folder, Path, Sums and the published Files. */
static json_t *open_folder(const char *path, struct err *err)
{
	cleanup_free char *sums_path = folder_path(path, NULL, "SHA256SUMS", err);
	cleanup_free char *text = NULL;
	cleanup_json json_t *sums = NULL;
	char hex[HASH_MAX_HEX];
	size_t size = 0;
	json_t *release;

	text = sums_path ? read_small_file(sums_path, SUMS_MAX, &size, err) : NULL;
	sums = text ? sums_parse(text) : NULL;
	if (text && !sums)
		bad(sums_path, "lines of sums and names, each name once,", err);
	if (!sums || data_sha256(text, size, hex, err) < 0)
		return NULL;
	release = json_pack("{s:s, s:s, s:s, s:O, s:{}}", "Folder", last_part(path), "Path", path,
			    "Sums", hex, "Files", sums, "Targets");
	if (!release)
		bad(path, "a name in UTF-8", err);
	return release;
}

/* A release as its folder tells. The caller's. */
static json_t *read_folder(const char *path, struct err *err)
{
	cleanup_json json_t *release = open_folder(path, err);
	cleanup_json json_t *names = release ? folder_with(path, "measurements.json", err) : NULL;
	json_t *targets = json_object_get(release, "Targets");
	const json_t *name;
	size_t i;

	if (!names)
		return NULL;
	if (json_array_size(names) == 0) {
		err_set(err, EXIT_MALFORMED, "ATTEST-RELEASE",
			"%s: folders with measurements.json expected, found none", path);
		return NULL;
	}
	json_array_foreach(names, i, name)
	{
		if (read_target(release, json_string_value(name), targets, err) < 0)
			return NULL;
	}
	return read_boot(path, targets, err) == 0 ? json_incref(release) : NULL;
}

/* ---- the log ---- */

static int64_t number_of(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static const char *word_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static void add_realm(json_t *registers, const json_t *one)
{
	add_register(registers, "RIM", json_object_get(one, "RIM"));
	add_rem0(registers, json_object_get(one, "REM0"));
}

/* What the log tells of a target: registers, or of a realm one or a list, any of which it may show.
 */
static json_t *logged_target(json_t *measured)
{
	json_t *registers;
	const json_t *one;
	size_t i;

	if (json_is_object(measured) && !json_object_get(measured, "RIM"))
		return json_pack("{s:O}", "Registers", measured);
	registers = json_object();
	if (json_is_object(measured))
		add_realm(registers, measured);
	json_array_foreach(measured, i, one) add_realm(registers, one);
	return json_pack("{s:o, s:b}", "Registers", registers, "Any", 1);
}

/* A release as the log tells; its folder may never have been at hand. */
static json_t *logged_release(const json_t *entry, size_t index)
{
	json_t *release =
		json_pack("{s:I, s:s, s:s, s:I, s:b, s:{}}", "Id", (json_int_t)index, "Name",
			  word_of(entry, "name"), "Version", word_of(entry, "version"), "Security",
			  (json_int_t)number_of(entry, "security"), "Logged", 1, "Targets");
	const char *sums = word_of(json_object_get(entry, "files"), "SHA256SUMS");
	json_t *targets = json_object_get(release, "Targets");
	json_t *measurements = json_object_get(entry, "measurements");
	const char *target;
	json_t *registers;

	if (release && sums)
		json_object_set_new(release, "Sums", json_string(sums));
	json_object_foreach(measurements, target, registers)
		json_object_set_new(targets, target, logged_target(registers));
	return release;
}

static json_t *by_id(const json_t *releases, int64_t id)
{
	json_t *release;
	size_t i;

	json_array_foreach(releases, i, release)
	{
		if (number_of(release, "Id") == id)
			return release;
	}
	return NULL;
}

/* What must not be used any more is what attest_log_find() refuses. */
static void mark_outdated(const json_t *releases)
{
	json_t *release;
	json_t *other;
	size_t i;
	size_t k;

	json_array_foreach(releases, i, release)
	{
		int64_t most = number_of(release, "Security");

		json_array_foreach(releases, k, other)
		{
			if (!json_object_get(other, "Withdrawn") &&
			    strcmp(word_of(other, "Name"), word_of(release, "Name")) == 0 &&
			    number_of(other, "Security") > most)
				most = number_of(other, "Security");
		}
		if (most > number_of(release, "Security"))
			json_object_set_new(release, "Outdated", json_integer(most));
	}
}

static int take_entries(struct site *site, const json_t *entries, struct err *err)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		if (strcmp(word_of(entry, "type"), "release") == 0) {
			json_t *release = logged_release(entry, i);

			if (!release || json_array_append_new(site->releases, release) < 0)
				return no_memory(err);
		} else {
			json_t *release = by_id(site->releases, number_of(entry, "entry"));

			json_object_set(release, "Withdrawn", json_object_get(entry, "reason"));
		}
	}
	mark_outdated(site->releases);
	return 0;
}

/* What the checkpoint says, for the page about the log. */
static json_t *describe_log(const struct site *site, struct err *err)
{
	struct checkpoint checkpoint;
	cleanup_free char *note = log_checkpoint(site->what->log, &checkpoint, err);
	cleanup_free char *root = note ? base64_encode(checkpoint.root, SHA256_SIZE) : NULL;
	char text[32] = "";
	struct note_key key;
	int64_t at = 0;

	if (!root || note_key_parse(site->what->trust->key, &key, err) < 0)
		return NULL;
	key.type = NOTE_COSIGNATURE;
	if (checkpoint_signed(&checkpoint, &key, &at, err) > 0)
		time_text(at, text);
	return err->status ? NULL
			   : json_pack("{s:s, s:I, s:s, s:s, s:s}", "Origin", checkpoint.origin,
				       "Size", (json_int_t)checkpoint.size, "Root", root, "Time",
				       text, "Key", site->what->trust->key);
}

static void cleanup_log_at(struct attest_log **log)
{
	attest_log_close(*log);
}

static int read_log(struct site *site, struct err *err)
{
	cleanup_with(cleanup_log_at) struct attest_log *log =
		attest_log_open(site->what->log, site->what->trust, err);
	cleanup_json json_t *entries = log ? attest_log_entries(log, err) : NULL;

	if (!entries || take_entries(site, entries, err) < 0)
		return -1;
	site->log = describe_log(site, err);
	if (!site->log)
		return err->status ? -1 : no_memory(err);
	if ((uint64_t)number_of(site->log, "Size") == attest_log_size(log))
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-LOG-CHECKPOINT",
		       "%s: a log that nobody appends to meanwhile expected, found another",
		       site->what->log);
}

static int not_logged(const char *folder, const char *name, const char *expected,
		      const json_t *found, struct err *err)
{
	return err_set(err, EXIT_VERIFY, "ATTEST-SITE-LOG",
		       "%s: %s: the log's %s expected, found %s", folder, name, expected,
		       json_string_value(found));
}

/* Registers that both tell must be the same. */
static int same_registers(const json_t *logged, const json_t *read, const char *folder,
			  struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)logged, name, value)
	{
		const json_t *other = json_object_get(read, name);

		if (other && !json_equal(value, other))
			return not_logged(folder, name, json_string_value(value), other, err);
	}
	return 0;
}

/* Each RIM and each REM0 that the folder tells must be one of the log's, which has no conditions.
 */
static int known_registers(const json_t *logged, const json_t *read, const char *folder,
			   struct err *err)
{
	const char *name;
	const char *key;
	json_t *value;
	json_t *one;

	json_object_foreach((json_t *)(uintptr_t)read, name, value)
	{
		bool known = false;

		json_object_foreach((json_t *)(uintptr_t)logged, key, one) known =
			known || (strncmp(key, name, 3) == 0 && json_equal(one, value));
		if (!known)
			return not_logged(folder, name, "values", value, err);
	}
	return 0;
}

static int join_target(const json_t *logged, const json_t *found, const char *folder,
		       struct err *err)
{
	json_t *registers = json_object_get(logged, "Registers");
	json_t *read = json_object_get(found, "Registers");

	if (json_object_get(logged, "Any") && json_object_size(read) > 0)
		return known_registers(registers, read, folder, err);
	if (same_registers(registers, read, folder, err) < 0)
		return -1;
	return json_object_update(read, registers) == 0 ? 0 : no_memory(err);
}

/* Puts what a folder tells beside what the log does. */
static int join(json_t *release, json_t *folder, struct err *err)
{
	json_t *targets = json_object_get(folder, "Targets");
	const char *path = word_of(folder, "Folder");
	const char *name;
	json_t *logged;

	json_object_foreach(json_object_get(release, "Targets"), name, logged)
	{
		const json_t *found = json_object_get(targets, name);

		if (!found)
			return err_set(err, EXIT_VERIFY, "ATTEST-SITE-LOG",
				       "%s: the log's target %s expected, found none", path, name);
		if (join_target(logged, found, path, err) < 0)
			return -1;
	}
	return json_object_update(release, folder) == 0 ? 0 : no_memory(err);
}

/* A folder to its entries in the log: a release may have been logged twice. */
static int place_folder(struct site *site, json_t *folder, struct err *err)
{
	json_t *release;
	size_t found = 0;
	size_t i;

	json_array_foreach(site->releases, i, release)
	{
		const char *sums = word_of(release, "Sums");

		if (!sums || strcmp(sums, word_of(folder, "Sums")) != 0)
			continue;
		if (join(release, folder, err) < 0)
			return -1;
		found++;
	}
	if (found > 0)
		return 0;
	return err_set(err, EXIT_VERIFY, "ATTEST-SITE-LOG",
		       "%s: a release in the log expected, found none with the SHA256SUMS %s",
		       word_of(folder, "Folder"), word_of(folder, "Sums"));
}

static int append_folder(struct site *site, json_t *folder, struct err *err)
{
	size_t id = json_array_size(site->releases);

	if (name_release(folder, err) < 0)
		return -1;
	if (json_object_set_new(folder, "Id", json_integer((json_int_t)id)) < 0 ||
	    json_array_append(site->releases, folder) < 0)
		return no_memory(err);
	return 0;
}

int site_read(struct site *site, struct err *err)
{
	site->releases = json_array();
	if (!site->releases)
		return no_memory(err);
	if (site->what->log && read_log(site, err) < 0)
		return -1;
	for (size_t i = 0; i < site->what->release_count; i++) {
		cleanup_json json_t *folder = read_folder(site->what->releases[i], err);

		if (!folder || (site->log ? place_folder(site, folder, err)
					  : append_folder(site, folder, err)) < 0)
			return -1;
	}
	return 0;
}

/* ---- what an image consists of ---- */

/* {NAME: VERSION} of an SPDX document. */
static json_t *read_packages(const json_t *release, const char *target, struct err *err)
{
	cleanup_json json_t *document =
		published_json(release, target, "sbom.spdx.json", SBOM_MAX, err);
	json_t *packages = document ? json_object() : NULL;
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(document, "packages"), i, one)
	{
		const char *name = word_of(one, "name");
		const char *purpose = word_of(one, "primaryPackagePurpose");
		json_t *version = json_object_get(one, "versionInfo");

		/* The root itself has the tree digest for a version. */
		if (name && json_is_string(version) &&
		    !(purpose && strcmp(purpose, "CONTAINER") == 0))
			json_object_set(packages, name, version);
	}
	return packages;
}

/* One line of a kernel's configuration: CONFIG_A=VALUE, or "# CONFIG_A is not set". */
static int read_option(const char *line, size_t length, json_t *options)
{
	static const char unset[] = " is not set";
	bool comment = strncmp(line, "# CONFIG_", 9) == 0;
	const char *name = comment ? line + 2 : line;
	size_t size = strcspn(name, comment ? " \n" : "=\n");
	cleanup_free char *key = strndup(name, size);
	size_t rest = length - (size_t)(name - line) - size;

	if (!key || strncmp(name, "CONFIG_", 7) != 0)
		return key ? 0 : -1;
	if (!comment)
		return rest > 0 ? json_object_set_new(options, key,
						      json_stringn(name + size + 1, rest - 1))
				: 0;
	return rest == strlen(unset) && strncmp(name + size, unset, rest) == 0
		       ? json_object_set_new(options, key, json_string("n"))
		       : 0;
}

/* {OPTION: VALUE}. */
static json_t *read_options(const json_t *release, const char *target, struct err *err)
{
	size_t size = 0;
	cleanup_free char *text =
		published(release, target, "kernel.config", CONFIG_MAX, &size, err);
	json_t *options = text ? json_object() : NULL;

	for (const char *line = text; options && *line;) {
		size_t length = strcspn(line, "\n");

		if (read_option(line, length, options) < 0) {
			bad_file(release, target, "kernel.config", "UTF-8", err);
			json_decref(options);
			return NULL;
		}
		line += length + (line[length] == '\n');
	}
	return options;
}

/* {PATH: ENTRY}, without the prefix that all of them have; ENTRY without its path. */
static json_t *read_files(const json_t *release, const char *target, struct err *err)
{
	cleanup_json json_t *document =
		published_json(release, target, "manifest.json", MANIFEST_MAX, err);
	json_t *files = document ? json_object() : NULL;
	const char *prefix = word_of(document, "Prefix");
	size_t skip = prefix ? strlen(prefix) : 0;
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(document, "Entries"), i, entry)
	{
		const char *path = word_of(entry, "path");
		const char *name = path ? path : word_of(entry, "path_b64");

		if (!name) {
			bad_file(release, target, "manifest.json", "a path of each entry", err);
			json_decref(files);
			return NULL;
		}
		if (path && prefix && strncmp(path, prefix, skip) == 0)
			name = path[skip] ? path + skip : "/";
		if (json_object_set(files, name, entry) == 0) {
			json_object_del(entry, "path");
			json_object_del(entry, "path_b64");
		}
	}
	return files;
}

json_t *site_contents(const json_t *release, const char *target, struct err *err)
{
	static const struct {
		const char *name;
		json_t *(*read)(const json_t *, const char *, struct err *);
	} kinds[] = {{"Packages", read_packages}, {"Options", read_options}, {"Files", read_files}};
	cleanup_json json_t *contents = json_object();

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		json_t *one = kinds[i].read(release, target, err);

		if (err->status)
			return NULL;
		if (one)
			json_object_set_new(contents, kinds[i].name, one);
	}
	return json_incref(contents);
}
