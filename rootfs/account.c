/*
 * Finds users and groups in the tree's own etc/passwd and etc/group, by the rules of Docker
 * (github.com/moby/sys/user, GetExecUser). Never asks the host who anybody is, and never follows a
 * link out of the tree.
 */
#include <stdlib.h>
#include <string.h>

#include "runspec.h"

/* No account file of a container is near this. */
enum { FILE_MAX = 4 << 20 };

enum { ID_MAX_DIGITS = 10 };

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "accounts");
}

/* The node that path leads to, through links inside the root; NULL when there is none. */
static const struct node *find_node(struct node *base, const char *path)
{
	struct walk walk = WALK_INIT(base);
	struct node *dir = base;

	for (;;) {
		const char *slash = strrchr(path, '/');
		const char *name = slash ? slash + 1 : path;
		struct node *node;

		dir = walk_path(&walk, dir, path, (size_t)(name - path));
		node = dir ? node_child(dir, name) : NULL;
		if (!node || !S_ISLNK(node->inode->mode))
			return node;
		if (walk.links_left-- == 0)
			return NULL;
		path = node->inode->target;
	}
}

/*
 * The text of an account file, NUL-terminated, owned by the caller; empty when it is not there.
 * NULL on failure.
 */
static char *read_accounts(struct node *base, const char *path, struct err *err)
{
	const struct node *node = find_node(base, path);
	cleanup_free char *where = NULL;
	cleanup_free char *text = NULL;

	if (node && !S_ISREG(node->inode->mode)) {
		err_set(err, EXIT_MALFORMED, "RUN-USER", "%s: a file expected, found a %s", path,
			inode_type_name(node->inode));
		return NULL;
	}
	if (node && node->inode->size > FILE_MAX) {
		err_set(err, EXIT_MALFORMED, "RUN-USER", "%s: at most %d bytes expected, found %u",
			path, FILE_MAX, node->inode->size);
		return NULL;
	}
	where = node ? node_path(node, base, err) : NULL;
	if (node && !where)
		return NULL;
	text = node ? load_contents(node->inode, where, err) : calloc(1, 1);
	if (!text) {
		if (!node)
			no_memory(err);
		return NULL;
	}
	if (node && strlen(text) != node->inode->size) {
		err_set(err, EXIT_MALFORMED, "RUN-USER", "%s: a text expected, found a NUL byte",
			path);
		return NULL;
	}
	return steal_ptr(text);
}

/* Decimal digits and nothing else, below 2^32 - 1, which chown() takes for "leave it alone". */
static bool parse_id(const char *text, uint32_t *id)
{
	uint64_t value = 0;
	size_t length = strlen(text);

	if (length == 0 || length > ID_MAX_DIGITS || strspn(text, "0123456789") != length)
		return false;
	for (; *text; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	*id = (uint32_t)value;
	return value < UINT32_MAX;
}

enum { NAME, PASSWORD, ID, GROUP, MEMBERS = GROUP, GECOS, HOME, FIELDS };

/* A line of either file, cut at its colons. */
struct line {
	char *fields[FIELDS]; /* "" where it is shorter */
	uint32_t id;
	uint32_t gid; /* of passwd */
};

static char *trim(char *text)
{
	static const char blanks[] = " \t\r\v\f";
	size_t length;

	text += strspn(text, blanks);
	length = strlen(text);
	while (length > 0 && strchr(blanks, text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* Takes the next line that is sound off the text; false at the end. Changes the text. */
static bool next_line(char **text, bool passwd, struct line *line)
{
	char *at;

	while ((at = strsep(text, "\n"))) {
		size_t count = 0;
		char *field;

		at = trim(at);
		while (count < FIELDS && (field = strsep(&at, ":")))
			line->fields[count++] = field;
		if (count < 3)
			continue;
		while (count < FIELDS)
			line->fields[count++] = line->fields[NAME] + strlen(line->fields[NAME]);
		if (*line->fields[NAME] && parse_id(line->fields[ID], &line->id) &&
		    (!passwd || parse_id(line->fields[GROUP], &line->gid)))
			return true;
	}
	return false;
}

/* What the user's argument asks for: a number always is a number, never a name. */
struct wanted {
	const char *name;
	bool numeric;
	uint32_t id;
};

static struct wanted wanted_of(const char *text)
{
	struct wanted wanted = {.name = text};

	wanted.numeric = parse_id(text, &wanted.id);
	return wanted;
}

/* Digits that are no id are no name either. */
static bool is_out_of_range(const struct wanted *wanted)
{
	return !wanted->numeric && wanted->name[strspn(wanted->name, "0123456789")] == '\0';
}

static bool is_wanted(const struct wanted *wanted, const struct line *line)
{
	if (wanted->numeric)
		return line->id == wanted->id;
	return strcmp(line->fields[NAME], wanted->name) == 0;
}

static bool is_member(char *members, const char *user)
{
	const char *member;

	while ((member = strsep(&members, ",")))
		if (strcmp(member, user) == 0)
			return true;
	return false;
}

static int add_group(struct account *account, uint32_t gid, struct err *err)
{
	uint32_t *more;

	for (size_t i = 0; i < account->group_count; i++)
		if (account->groups[i] == gid)
			return 0;
	if (account->group_count == RUNSPEC_STRINGS_MAX)
		return err_set(err, EXIT_MALFORMED, "RUN-USER",
			       "etc/group: at most %d groups of the user expected, found more",
			       RUNSPEC_STRINGS_MAX);
	more = realloc(account->groups, (account->group_count + 1) * sizeof(*more));
	if (!more)
		return no_memory(err);
	account->groups = more;
	more[account->group_count++] = gid;
	return 0;
}

static int unknown(const char *kind, const char *name, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "RUN-USER",
		       "a %s of etc/%s, or a number below 4294967295, expected, found \"%s\"", kind,
		       *kind == 'u' ? "passwd" : "group", name);
}

/* Fills in uid, gid and home; *name is the user's in passwd, owned by the caller, or NULL. */
static int find_user(struct account *account, struct node *base, const char *user, char **name,
		     struct err *err)
{
	const struct wanted wanted = wanted_of(user);
	cleanup_free char *text = read_accounts(base, "etc/passwd", err);
	char *rest = text;
	struct line line;

	if (!text)
		return -1;
	if (is_out_of_range(&wanted))
		return unknown("user", user, err);
	while (next_line(&rest, true, &line)) {
		if (!is_wanted(&wanted, &line))
			continue;
		account->uid = line.id;
		account->gid = line.gid;
		account->home = strdup(*line.fields[HOME] ? line.fields[HOME] : "/");
		*name = strdup(line.fields[NAME]);
		return account->home && *name ? 0 : no_memory(err);
	}
	if (!wanted.numeric)
		return unknown("user", user, err);
	account->uid = wanted.id;
	account->home = strdup("/");
	return account->home ? 0 : no_memory(err);
}

/* The group that was asked for by name or number; supplementary ones then do not count. */
static int find_group(struct account *account, struct node *base, const char *group,
		      struct err *err)
{
	const struct wanted wanted = wanted_of(group);
	cleanup_free char *text = NULL;
	char *rest;
	struct line line;

	if (is_out_of_range(&wanted))
		return unknown("group", group, err);
	if (wanted.numeric) {
		account->gid = wanted.id;
		return 0;
	}
	text = read_accounts(base, "etc/group", err);
	if (!text)
		return -1;
	rest = text;
	while (next_line(&rest, false, &line)) {
		if (!is_wanted(&wanted, &line))
			continue;
		account->gid = line.id;
		return 0;
	}
	return unknown("group", group, err);
}

static int find_memberships(struct account *account, struct node *base, const char *name,
			    struct err *err)
{
	cleanup_free char *text = read_accounts(base, "etc/group", err);
	char *rest = text;
	struct line line;

	if (!text)
		return -1;
	while (next_line(&rest, false, &line))
		if (is_member(line.fields[MEMBERS], name) && add_group(account, line.id, err) < 0)
			return -1;
	return 0;
}

int account_find(struct account *account, struct node *base, const char *user, struct err *err)
{
	cleanup_free char *copy = strdup(user);
	cleanup_free char *name = NULL;
	char *group = copy;
	const char *first;

	if (!copy)
		return no_memory(err);
	first = strsep(&group, ":");
	if (find_user(account, base, *first ? first : "0", &name, err) < 0)
		return -1;
	if (group && *group && find_group(account, base, group, err) < 0)
		return -1;
	/* As Docker: the group itself is among the groups, so that it cannot be shed. */
	if (add_group(account, account->gid, err) < 0)
		return -1;
	if (!(group && *group) && name && find_memberships(account, base, name, err) < 0)
		return -1;
	if (account->uid == 0 && account->gid == 0 && account->group_count == 1)
		account->group_count = 0;
	return 0;
}

void account_clear(struct account *account)
{
	free(account->groups);
	free(account->home);
	*account = (struct account){0};
}
