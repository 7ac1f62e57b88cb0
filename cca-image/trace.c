/*
 * Replays operations that a trace lists (schema rim-traces/1). Refuses what it does not know: a
 * trace is evidence, and a field that is passed over would be evidence that nobody looked at. Opens
 * no files but those that lie beside the trace.
 */
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "outfile.h"

enum {
	TRACE_MAX = 64 << 20, /* bytes of a file */
	FILL_MEMBERS = 6,
};

struct player {
	const struct realm_replay *replay;
	const char *path;
	const char *name; /* of the trace */
	size_t op;	  /* number of the operation, from 0 */
};

static int bad(const struct player *player, const char *what, const char *expected, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "TRACE-VALUE",
		       "%s: trace %s: operation %zu: %s: %s expected", player->path, player->name,
		       player->op, what, expected);
}

/* "0x" and at most 16 digits in lower case. */
static bool parse_hex64(const char *text, uint64_t *value)
{
	size_t digits;

	if (!text || strncmp(text, "0x", 2) != 0)
		return false;
	digits = strspn(text + 2, "0123456789abcdef");
	if (digits < 1 || digits > 16 || text[2 + digits])
		return false;
	*value = strtoull(text + 2, NULL, 16);
	return true;
}

static int get_hex64(const struct player *player, const json_t *object, const char *key,
		     uint64_t *value, struct err *err)
{
	const json_t *member = json_object_get(object, key);

	if (json_string_length(member) > 18 || !parse_hex64(json_string_value(member), value))
		return bad(player, key, "a string such as \"0x80000000\"", err);
	return 0;
}

static int get_number(const struct player *player, const json_t *object, const char *key,
		      uint64_t max, uint64_t *value, struct err *err)
{
	const json_t *member = json_object_get(object, key);
	json_int_t number = json_integer_value(member);
	char expected[60];

	if (json_is_integer(member) && number >= 0 && (uint64_t)number <= max) {
		*value = (uint64_t)number;
		return 0;
	}
	snprintf(expected, sizeof(expected), "an integer from 0 to %llu", (unsigned long long)max);
	return bad(player, key, expected, err);
}

/* Members that are not in the list, which ends at NULL, are refused. */
static int check_members(const struct player *player, const json_t *object,
			 const char *const *known, struct err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return bad(player, "operation", "an object", err);
	json_object_foreach((json_t *)object, key, value)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return err_set(err, EXIT_MALFORMED, "TRACE-MEMBER",
				       "%s: trace %s: operation %zu: a known member expected, "
				       "found \"%.40s\"",
				       player->path, player->name, player->op, key);
	}
	return 0;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower-case hexadecimal of at most max bytes. */
static bool parse_bytes(const char *text, size_t length, unsigned char *out, size_t max)
{
	if (length % 2 || length / 2 > max)
		return false;
	for (size_t i = 0; i < length; i += 2) {
		int high = nibble(text[i]);
		int low = nibble(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* Byte j is K j + N (j / 256) + L k + M. */
static int page_of_fill(const struct player *player, const json_t *fill, unsigned char *page,
			struct err *err)
{
	static const char *const keys[] = {"K", "N", "L", "M", "k", "len", NULL};
	uint64_t v[FILL_MEMBERS];

	if (check_members(player, fill, keys, err) < 0)
		return -1;
	for (unsigned i = 0; i < FILL_MEMBERS; i++)
		if (get_number(player, fill, keys[i], i == 5 ? REALM_PAGE : UINT32_MAX, &v[i],
			       err) < 0)
			return -1;
	for (uint64_t j = 0; j < v[5]; j++)
		page[j] = (unsigned char)(v[0] * j + v[1] * (j >> 8) + v[2] * v[4] + v[3]);
	return 0;
}

static int page_of_file(const struct player *player, const json_t *file, unsigned char *page,
			struct err *err)
{
	static const char *const keys[] = {"name", "offset", "len", NULL};
	const char *name = json_string_value(json_object_get(file, "name"));
	const char *slash = strrchr(player->path, '/');
	int folder = slash ? (int)(slash - player->path) + 1 : 0;
	cleanup_free char *path = NULL;
	cleanup_close int fd = -1;
	uint64_t offset;
	uint64_t size;
	ssize_t n;

	if (check_members(player, file, keys, err) < 0 ||
	    get_number(player, file, "offset", INT64_MAX, &offset, err) < 0 ||
	    get_number(player, file, "len", REALM_PAGE, &size, err) < 0)
		return -1;
	if (!name || !name[0] || name[0] == '.' || strchr(name, '/'))
		return bad(player, "name", "that of a file in the trace's own folder", err);
	if (asprintf(&path, "%.*s%s", folder, player->path, name) < 0) {
		path = NULL;
		return err_errno(err, "MEMORY", "%s", player->path);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	n = read_at(fd, page, (size_t)size, offset, path, err);
	if (n < 0)
		return -1;
	if ((uint64_t)n < size)
		return err_set(err, EXIT_MALFORMED, "FILE-SHORT",
			       "%s: %llu bytes at offset %llu expected, found %zd", path,
			       (unsigned long long)size, (unsigned long long)offset, n);
	return 0;
}

/* One of the four ways to say what a page holds; a digest stands for a page that is not there. */
static int play_page(const struct player *player, struct realm_rim *rim, const json_t *op,
		     struct realm_event *event, struct err *err)
{
	const json_t *fill = json_object_get(op, "fill");
	const json_t *hex = json_object_get(op, "hex");
	const json_t *file = json_object_get(op, "file");
	const json_t *digest = json_object_get(op, "digest");
	unsigned char page[REALM_PAGE] = {0};
	size_t size;

	if (!!fill + !!hex + !!file + !!digest != 1)
		return bad(player, "data", "one of fill, hex, file and digest", err);
	if (digest) {
		size = realm_rim_size(rim);
		if (json_string_length(digest) != 2 * size ||
		    !parse_bytes(json_string_value(digest), 2 * size, event->content, size))
			return bad(player, "digest", "the hexadecimal of one of this hash", err);
		return realm_rim_event(rim, event, err);
	}
	if (hex &&
	    (!json_is_string(hex) ||
	     !parse_bytes(json_string_value(hex), json_string_length(hex), page, sizeof(page))))
		return bad(player, "hex", "lower-case hexadecimal of at most 4096 bytes", err);
	if (fill && page_of_fill(player, fill, page, err) < 0)
		return -1;
	if (file && page_of_file(player, file, page, err) < 0)
		return -1;
	return realm_rim_data(rim, event->base, event->flags ? page : NULL, err);
}

static int play_data(const struct player *player, struct realm_rim *rim, const json_t *op,
		     struct err *err)
{
	static const char *const keys[] = {"op",   "ipa",    "flags", "fill", "hex",
					   "file", "digest", "note",  "rim",  NULL};
	struct realm_event event = {.type = REALM_EVENT_DATA};

	if (check_members(player, op, keys, err) < 0 ||
	    get_hex64(player, op, "ipa", &event.base, err) < 0 ||
	    get_number(player, op, "flags", 1, &event.flags, err) < 0)
		return -1;
	if (event.base % REALM_PAGE)
		return bad(player, "ipa", "a multiple of 4096", err);
	return play_page(player, rim, op, &event, err);
}

static int play_ripas(const struct player *player, struct realm_rim *rim, const json_t *op,
		      struct err *err)
{
	static const char *const keys[] = {"op", "base", "top", "note", "rim", NULL};
	struct realm_event event = {.type = REALM_EVENT_RIPAS};

	if (check_members(player, op, keys, err) < 0 ||
	    get_hex64(player, op, "base", &event.base, err) < 0 ||
	    get_hex64(player, op, "top", &event.top, err) < 0)
		return -1;
	if (event.base % REALM_PAGE || event.top % REALM_PAGE || event.top <= event.base)
		return bad(player, "top", "a multiple of 4096 above base, which is one", err);
	return realm_rim_event(rim, &event, err);
}

static int play_rec(const struct player *player, struct realm_rim *rim, const json_t *op,
		    struct err *err)
{
	static const char *const keys[] = {"op", "flags", "pc", "gprs", "note", "rim", NULL};
	const json_t *gprs = json_object_get(op, "gprs");
	struct realm_event event = {.type = REALM_EVENT_REC};

	if (check_members(player, op, keys, err) < 0 ||
	    get_number(player, op, "flags", 1, &event.flags, err) < 0 ||
	    get_hex64(player, op, "pc", &event.pc, err) < 0)
		return -1;
	if (json_array_size(gprs) != REALM_GPRS)
		return bad(player, "gprs", "an array of eight", err);
	for (unsigned i = 0; i < REALM_GPRS; i++) {
		const json_t *gpr = json_array_get(gprs, i);

		if (json_string_length(gpr) > 18 ||
		    !parse_hex64(json_string_value(gpr), &event.gprs[i]))
			return bad(player, "gprs", "strings such as \"0x80000000\"", err);
	}
	return realm_rim_event(rim, &event, err);
}

static int play_op(const struct player *player, struct realm_rim *rim, const json_t *op,
		   struct err *err)
{
	const char *name = json_string_value(json_object_get(op, "op"));

	if (name && strcmp(name, "data") == 0)
		return play_data(player, rim, op, err);
	if (name && strcmp(name, "ripas") == 0)
		return play_ripas(player, rim, op, err);
	if (name && strcmp(name, "rec") == 0)
		return play_rec(player, rim, op, err);
	return bad(player, "op", "\"data\", \"ripas\" or \"rec\"", err);
}

static int get_params(const struct player *player, const json_t *json, struct realm_params *params,
		      struct err *err)
{
	static const char *const keys[] = {"flags",   "s2sz",	      "sve_vl",	   "num_bps",
					   "num_wps", "pmu_num_ctrs", "hash_algo", NULL};
	uint64_t v[6];

	if (check_members(player, json, keys, err) < 0 ||
	    get_hex64(player, json, "flags", &params->flags, err) < 0)
		return -1;
	for (unsigned i = 0; i < 6; i++)
		if (get_number(player, json, keys[i + 1], i == 5 ? 2 : UINT8_MAX, &v[i], err) < 0)
			return -1;
	params->s2sz = (uint8_t)v[0];
	params->sve_vl = (uint8_t)v[1];
	params->num_bps = (uint8_t)v[2];
	params->num_wps = (uint8_t)v[3];
	params->pmu_num_ctrs = (uint8_t)v[4];
	return realm_hash_of_number(v[5], &params->hash)
		       ? 0
		       : bad(player, "hash_algo", "0, 1 or 2", err);
}

static int compare(const struct player *player, const json_t *expected, const struct realm_rim *rim,
		   const char *what, struct err *err)
{
	char hex[HASH_MAX_HEX];

	hash_hex(realm_rim_value(rim), realm_rim_size(rim), hex);
	if (json_is_string(expected) && strcmp(json_string_value(expected), hex) == 0)
		return 0;
	return err_set(err, EXIT_VERIFY, "REALM-RIM", "%s: trace %s: %s: %s expected, found %s",
		       player->path, player->name, what,
		       json_is_string(expected) ? json_string_value(expected) : "a value", hex);
}

static int tell(const struct player *player, const struct realm_rim *rim, struct err *err)
{
	if (!player->replay->value)
		return 0;
	return player->replay->value(player->replay->context, realm_rim_value(rim),
				     realm_rim_size(rim), err);
}

/*
 * An operation may say itself what the RIM is after it, as those of a log do; rim_after_each holds
 * for RMM 1.0 alone.
 */
static int check_step(const struct player *player, const json_t *trace, const struct realm_rim *rim,
		      struct err *err)
{
	const json_t *op = json_array_get(json_object_get(trace, "ops"), player->op);
	const json_t *own = json_object_get(op, "rim");
	const json_t *each = json_object_get(trace, "rim_after_each");
	char what[40];

	if (!player->replay->check || (!own && player->replay->rmm != REALM_RMM_1))
		return 0;
	snprintf(what, sizeof(what), "operation %zu", player->op);
	return compare(player, own ? own : json_array_get(each, player->op), rim, what, err);
}

static int check_ends(const struct player *player, const json_t *trace, const struct realm_rim *rim,
		      bool first, struct err *err)
{
	const char *last = player->replay->rmm == REALM_RMM_1 ? "rim" : "rim_rmm2";
	const char *key = first ? "rim_after_create" : last;

	if (!player->replay->check)
		return 0;
	return compare(player, json_object_get(trace, key), rim, key, err);
}

static int play_trace(struct player *player, const json_t *trace, struct err *err)
{
	const json_t *ops = json_object_get(trace, "ops");
	const char *name = json_string_value(json_object_get(trace, "name"));
	cleanup_rim struct realm_rim *rim = NULL;
	struct realm_params params;

	player->name = name ? name : "without a name";
	player->op = 0;
	if (!json_is_object(trace) || !json_is_array(ops))
		return bad(player, "ops", "a trace with an array of these", err);
	if (get_params(player, json_object_get(trace, "params"), &params, err) < 0)
		return -1;
	rim = realm_rim_new(player->replay->rmm, &params, err);
	if (!rim) {
		if (err->status == EXIT_USAGE) /* it was the trace that asked for it */
			err->status = EXIT_MALFORMED;
		return err_wrap(err, "%s: trace %s", player->path, player->name);
	}
	if (tell(player, rim, err) < 0 || check_ends(player, trace, rim, true, err) < 0)
		return -1;
	for (; player->op < json_array_size(ops); player->op++)
		if (play_op(player, rim, json_array_get(ops, player->op), err) < 0 ||
		    tell(player, rim, err) < 0 || check_step(player, trace, rim, err) < 0)
			return -1;
	return check_ends(player, trace, rim, false, err);
}

int realm_replay_bytes(const char *text, size_t size, const char *path,
		       const struct realm_replay *replay, struct err *err)
{
	struct player player = {.replay = replay, .path = path, .name = "-"};
	json_error_t reason;
	cleanup_json json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &reason);
	const json_t *traces = json_object_get(json, "traces");
	const char *schema = json_string_value(json_object_get(json, "schema"));

	if (!json)
		return err_set(err, EXIT_MALFORMED, "TRACE-JSON", "%s: line %d: JSON expected: %s",
			       path, reason.line, reason.text);
	if (!schema || strcmp(schema, "rim-traces/1") != 0)
		return err_set(err, EXIT_MALFORMED, "TRACE-SCHEMA",
			       "%s: schema \"rim-traces/1\" expected, found %s", path,
			       schema ? schema : "none");
	if (!json_is_array(traces))
		return err_set(err, EXIT_MALFORMED, "TRACE-SCHEMA",
			       "%s: an array of traces expected, found none", path);
	for (size_t i = 0; i < json_array_size(traces); i++)
		if (play_trace(&player, json_array_get(traces, i), err) < 0)
			return -1;
	return 0;
}

int realm_replay(const char *path, const struct realm_replay *replay, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size;

	text = read_small_file(path, TRACE_MAX, &size, err);
	return text ? realm_replay_bytes(text, size, path, replay, err) : -1;
}
