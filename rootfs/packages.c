/*
 * Package databases of a tree, through the tree: nothing is looked up on the host. What they say
 * is a claim of whoever made the image; it is bounded and checked for form, never believed further.
 */
#include "packages.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "stanza.h"

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "packages");
}

/* Where one walk of a link goes on: to the directory of its target, and there to the last name. */
static struct node *follow(struct walk *walk, const struct node *link)
{
	const char *target = link->inode->target;
	const char *slash = strrchr(target, '/');
	const char *name = slash ? slash + 1 : target;
	struct node *dir;

	if (walk->links_left == 0)
		return NULL;
	walk->links_left--;
	dir = walk_path(walk, *target == '/' ? walk->root : link->parent, target,
			(size_t)(name - target));
	if (!dir)
		return NULL;
	if (strcmp(name, "..") == 0)
		return dir == walk->root ? dir : dir->parent;
	return *name && strcmp(name, ".") != 0 ? node_child(dir, name) : dir;
}

struct node *packages_find(const struct rootfs *rootfs, const char *path)
{
	struct walk walk = WALK_INIT(rootfs->base);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct node *dir = walk_path(&walk, rootfs->base, path, (size_t)(name - path));
	struct node *node = dir ? node_child(dir, name) : NULL;

	while (node && S_ISLNK(node->inode->mode))
		node = follow(&walk, node);
	return node;
}

/* What a purl may have in a name, a version or a value; the rest is %XX. */
static char *encode(const char *text)
{
	char *encoded = malloc(3 * strlen(text) + 1);
	char *to = encoded;

	for (const unsigned char *p = (const unsigned char *)text; encoded && *p; p++) {
		if (isalnum(*p) || strchr(".-_~:", *p))
			*to++ = (char)*p;
		else
			to += sprintf(to, "%%%02X", *p);
	}
	if (encoded)
		*to = '\0';
	return encoded;
}

char *purl_of_part(const char *name, const char *version, const char *sha256)
{
	cleanup_free char *n = encode(name);
	cleanup_free char *v = encode(version);
	char *purl;

	if (!n || !v || asprintf(&purl, "pkg:generic/%s@%s?checksum=sha256:%s", n, v, sha256) < 0)
		return NULL;
	return purl;
}

/* "distro=ID-VERSION" or nothing. */
static char *distro_of(const struct distribution *distribution)
{
	cleanup_free char *id = distribution->id ? encode(distribution->id) : NULL;
	cleanup_free char *version = distribution->version ? encode(distribution->version) : NULL;
	char *distro;

	if (!id || !version)
		return strdup("");
	return asprintf(&distro, "distro=%s-%s", id, version) < 0 ? NULL : distro;
}

static char *purl_of(const struct package *package, const struct distribution *distribution)
{
	const char *fallback = strcmp(package->type, "apk") == 0 ? "alpine" : "debian";
	cleanup_free char *id = encode(distribution->id ? distribution->id : fallback);
	cleanup_free char *name = encode(package->name);
	cleanup_free char *version = encode(package->version);
	cleanup_free char *arch = package->architecture ? encode(package->architecture) : NULL;
	cleanup_free char *distro = distro_of(distribution);
	bool ask;
	char *purl;

	if (!id || !name || !version || !distro || (package->architecture && !arch))
		return NULL;
	ask = arch || *distro;
	if (asprintf(&purl, "pkg:%s/%s/%s@%s%s%s%s%s%s", package->type, id, name, version,
		     ask ? "?" : "", arch ? "arch=" : "", arch ? arch : "",
		     arch && *distro ? "&" : "", distro) < 0)
		return NULL;
	return purl;
}

static int malformed(const char *expected, const char *found, struct err *err)
{
	return err_set(err, EXIT_MALFORMED, "PACKAGES-FORMAT", "%s expected, found \"%.60s\"",
		       expected, found ? found : "");
}

static bool is_word(const char *text)
{
	if (!text || !*text || strlen(text) > 255)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || strchr("\"'\\<>&?", *text))
			return false;
	return true;
}

static int add(struct packages *packages, struct package *package, struct err *err)
{
	struct package *more;

	if (!is_word(package->name) || strpbrk(package->name, "/?#@%"))
		return malformed("the name of a package", package->name, err);
	if (!is_word(package->version))
		return malformed("a version", package->version, err);
	if (package->architecture && !is_word(package->architecture))
		return malformed("an architecture", package->architecture, err);
	if (packages->count == PACKAGES_MAX)
		return err_set(err, EXIT_MALFORMED, "PACKAGES-LIMIT",
			       "at most %d packages expected, found more", PACKAGES_MAX);
	if ((packages->count & (packages->count - 1)) == 0) {
		more = reallocarray(packages->list, packages->count ? 2 * packages->count : 1,
				    sizeof(*more));
		if (!more)
			return no_memory(err);
		packages->list = more;
	}
	package->purl = purl_of(package, &packages->distribution);
	if (!package->purl)
		return no_memory(err);
	packages->list[packages->count++] = *package;
	*package = (struct package){0};
	return 0;
}

static void free_package(struct package *package)
{
	free(package->name);
	free(package->version);
	free(package->architecture);
	free(package->source);
	free(package->source_version);
	free(package->maintainer);
	free(package->licence);
	free(package->purl);
}

/* "Source: NAME" or "Source: NAME (VERSION)"; else the source is called like the package. */
static int set_source(struct package *package, char *source, struct err *err)
{
	char *version = source ? strchr(source, '(') : NULL;

	if (version) {
		char *end = version;

		while (end > source && end[-1] == ' ')
			end--;
		*end = '\0';
		version++;
		version[strcspn(version, ")")] = '\0';
	}
	package->source = strdup(source && *source ? source : package->name);
	package->source_version = strdup(version && *version ? version : package->version);
	return package->source && package->source_version ? 0 : no_memory(err);
}

enum {
	CONTROL_PACKAGE,
	CONTROL_VERSION,
	CONTROL_ARCHITECTURE,
	CONTROL_SOURCE,
	CONTROL_MAINTAINER,
	CONTROL_STATUS
};
static const char *const control_keys[] = {
	"Package", "Version", "Architecture", "Source", "Maintainer", "Status", NULL};

static bool is_installed(const char *status)
{
	const char *last = status ? strrchr(status, ' ') : NULL;

	/* status.d has no such line; what dpkg removed but for its settings is another word. */
	return !status || (last && strcmp(last + 1, "installed") == 0);
}

static int take_control(struct stanza_reader *reader, char **values, struct err *err)
{
	cleanup_with(free_package) struct package package = {.type = "deb"};

	if (!is_installed(values[CONTROL_STATUS]))
		return 0;
	package.name = steal_ptr(values[CONTROL_PACKAGE]);
	package.version = steal_ptr(values[CONTROL_VERSION]);
	package.architecture = steal_ptr(values[CONTROL_ARCHITECTURE]);
	package.maintainer = steal_ptr(values[CONTROL_MAINTAINER]);
	if (package.name && package.version &&
	    set_source(&package, values[CONTROL_SOURCE], err) < 0)
		return -1;
	return add(reader->to, &package, err);
}

enum { APK_NAME, APK_VERSION, APK_ARCHITECTURE, APK_ORIGIN, APK_MAINTAINER, APK_LICENCE };
static const char *const apk_keys[] = {"P", "V", "A", "o", "m", "L", NULL};

static int take_apk(struct stanza_reader *reader, char **values, struct err *err)
{
	cleanup_with(free_package) struct package package = {.type = "apk"};

	package.name = steal_ptr(values[APK_NAME]);
	package.version = steal_ptr(values[APK_VERSION]);
	package.architecture = steal_ptr(values[APK_ARCHITECTURE]);
	package.maintainer = steal_ptr(values[APK_MAINTAINER]);
	package.licence = steal_ptr(values[APK_LICENCE]);
	if (package.name && package.version && set_source(&package, values[APK_ORIGIN], err) < 0)
		return -1;
	return add(reader->to, &package, err);
}

static const char *const release_keys[] = {"ID", "VERSION_ID", "PRETTY_NAME", NULL};

static int take_release(struct stanza_reader *reader, char **values, struct err *err)
{
	struct distribution *distribution = reader->to;

	(void)err;
	if (is_word(values[0]) && !strchr(values[0], '/'))
		distribution->id = steal_ptr(values[0]);
	if (is_word(values[1]))
		distribution->version = steal_ptr(values[1]);
	distribution->name = steal_ptr(values[2]);
	return 0;
}

static int read_database(struct stanza_reader *reader, const struct rootfs *rootfs,
			 const struct node *node, struct err *err)
{
	cleanup_free char *path = node_path(node, rootfs->base, err);
	const struct inode *inode = node->inode;

	if (!path)
		return -1;
	stanza_begin(reader);
	if (inode->contents->read(inode->contents, inode, path, &reader->sink, err) < 0 ||
	    stanza_end(reader, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

static int read_file(struct stanza_reader *reader, const struct rootfs *rootfs, const char *path,
		     struct err *err)
{
	const struct node *node = packages_find(rootfs, path);

	return node && S_ISREG(node->inode->mode) ? read_database(reader, rootfs, node, err) : 0;
}

static bool is_control_file(const struct node *node)
{
	size_t size = strlen(node->name);

	return S_ISREG(node->inode->mode) &&
	       !(size > 8 && strcmp(node->name + size - 8, ".md5sums") == 0);
}

static int read_folder(struct stanza_reader *reader, const struct rootfs *rootfs, const char *path,
		       struct err *err)
{
	const struct node *dir = packages_find(rootfs, path);

	if (!dir || !S_ISDIR(dir->inode->mode))
		return 0;
	for (const struct node *node = dir->child; node; node = node->next)
		if (is_control_file(node) && read_database(reader, rootfs, node, err) < 0)
			return -1;
	return 0;
}

static int read_release(struct packages *packages, const struct rootfs *rootfs, struct err *err)
{
	cleanup_with(stanza_clear) struct stanza_reader reader = {
		.syntax = STANZA_ASSIGNMENT,
		.keys = release_keys,
		.take = take_release,
		.to = &packages->distribution,
	};
	const char *path =
		packages_find(rootfs, "etc/os-release") ? "etc/os-release" : "usr/lib/os-release";

	return read_file(&reader, rootfs, path, err);
}

static int read_dpkg(struct packages *packages, const struct rootfs *rootfs, struct err *err)
{
	cleanup_with(stanza_clear) struct stanza_reader reader = {.syntax = STANZA_CONTROL,
								  .keys = control_keys,
								  .take = take_control,
								  .to = packages};

	if (read_file(&reader, rootfs, "var/lib/dpkg/status", err) < 0)
		return -1;
	return read_folder(&reader, rootfs, "var/lib/dpkg/status.d", err);
}

static int read_apk(struct packages *packages, const struct rootfs *rootfs, struct err *err)
{
	cleanup_with(stanza_clear) struct stanza_reader reader = {
		.syntax = STANZA_APK, .keys = apk_keys, .take = take_apk, .to = packages};
	const char *path = packages_find(rootfs, "lib/apk/db/installed")
				   ? "lib/apk/db/installed"
				   : "usr/lib/apk/db/installed";

	return read_file(&reader, rootfs, path, err);
}

/* NULL is smallest. */
static int compare_strings(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

/* By all that is printed, so that of two records of one package always the same stays. */
static int compare(const void *a, const void *b)
{
	const struct package *p = a;
	const struct package *q = b;
	int order = strcmp(p->type, q->type);

	order = order ? order : strcmp(p->name, q->name);
	order = order ? order : strcmp(p->version, q->version);
	order = order ? order : strcmp(p->purl, q->purl);
	order = order ? order : compare_strings(p->source, q->source);
	order = order ? order : compare_strings(p->source_version, q->source_version);
	order = order ? order : compare_strings(p->maintainer, q->maintainer);
	return order ? order : compare_strings(p->licence, q->licence);
}

static void sort(struct packages *packages)
{
	size_t kept = 0;

	if (packages->count == 0)
		return;
	qsort(packages->list, packages->count, sizeof(*packages->list), compare);
	for (size_t i = 1; i < packages->count; i++) {
		if (strcmp(packages->list[kept].purl, packages->list[i].purl) == 0)
			free_package(&packages->list[i]);
		else
			packages->list[++kept] = packages->list[i];
	}
	packages->count = kept + 1;
}

int packages_read(struct packages *packages, const struct rootfs *rootfs, struct err *err)
{
	if (read_release(packages, rootfs, err) < 0 || read_dpkg(packages, rootfs, err) < 0 ||
	    read_apk(packages, rootfs, err) < 0)
		return -1;
	sort(packages);
	return 0;
}

void packages_free(struct packages *packages)
{
	for (size_t i = 0; i < packages->count; i++)
		free_package(&packages->list[i]);
	free(packages->list);
	free(packages->distribution.id);
	free(packages->distribution.version);
	free(packages->distribution.name);
}
