/*
 * What is inside, for machines: SPDX 2.3 and CycloneDX 1.6. Depends on the tree and on the parts
 * that the caller names, and on nothing else: no clock, no random numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "licence.h"
#include "manifest.h"
#include "packages.h"

/* SPDX demands a time of creation; the same tree must give the same document. */
#define CREATED	  "1970-01-01T00:00:00Z"
#define TOOL	  "mintmark-rootfs"
#define ROOT_SPDX "SPDXRef-Root"
#define ROOT_NAME "rootfs"

struct sbom {
	const struct rootfs_part *parts; /* sorted by name, then version and digest */
	size_t part_count;
	const struct packages *packages;
	char tree[2 * SHA256_SIZE + 1];
	char uuid[37];
};

static int no_memory(struct err *err)
{
	return err_errno(err, "ROOTFS-MEMORY", "SBOM");
}

/* Sets *failed instead of returning it, so that a document reads like a document. */
static void set(json_t *object, const char *key, json_t *value, bool *failed)
{
	if (json_object_set_new(object, key, value) < 0)
		*failed = true;
}

static void append(json_t *array, json_t *value, bool *failed)
{
	if (json_array_append_new(array, value) < 0)
		*failed = true;
}

static int put(struct hash *hash, const char *text, struct err *err)
{
	text = text ? text : "";
	return hash_update(hash, text, strlen(text) + 1, err);
}

static int put_package(struct hash *hash, const struct package *package, struct err *err)
{
	return put(hash, package->purl, err) < 0 || put(hash, package->source, err) < 0 ||
			       put(hash, package->source_version, err) < 0 ||
			       put(hash, package->maintainer, err) < 0
		       ? -1
		       : put(hash, package->licence, err);
}

/* Of all that is in the document and of its format: another document has another name. */
static int hash_document(const struct sbom *sbom, const char *format, struct hash *hash,
			 struct err *err)
{
	if (put(hash, format, err) < 0 || put(hash, sbom->tree, err) < 0)
		return -1;
	for (size_t i = 0; i < sbom->part_count; i++)
		if (put(hash, sbom->parts[i].name, err) < 0 ||
		    put(hash, sbom->parts[i].version, err) < 0 ||
		    put(hash, sbom->parts[i].sha256, err) < 0)
			return -1;
	for (size_t i = 0; i < sbom->packages->count; i++)
		if (put_package(hash, &sbom->packages->list[i], err) < 0)
			return -1;
	return 0;
}

/* A UUID of version 8 (RFC 9562, 5.8), whose bits are ours to choose. */
static int make_uuid(struct sbom *sbom, const char *format, struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char d[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	if (!hash || hash_document(sbom, format, hash, err) < 0 || hash_final(hash, d, err) < 0)
		return -1;
	d[6] = (unsigned char)(0x80 | (d[6] & 0x0f));
	d[8] = (unsigned char)(0x80 | (d[8] & 0x3f));
	hash_hex(d, sizeof(d), hex);
	snprintf(sbom->uuid, sizeof(sbom->uuid), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
		 hex + 12, hex + 16, hex + 20);
	return 0;
}

/* An identifier from the purl, in which most characters are not allowed to be in one. */
static int spdx_id(char id[80], const char *kind, const char *purl, struct err *err)
{
	cleanup_hash struct hash *hash = hash_new(HASH_SHA256, err);
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	if (!hash || put(hash, purl, err) < 0 || hash_final(hash, digest, err) < 0)
		return -1;
	hash_hex(digest, sizeof(digest), hex);
	snprintf(id, 80, "SPDXRef-%s-%.32s", kind, hex);
	return 0;
}

static json_t *spdx_purl(const char *purl)
{
	return json_pack("[{s:s, s:s, s:s}]", "referenceCategory", "PACKAGE-MANAGER",
			 "referenceType", "purl", "referenceLocator", purl);
}

static json_t *spdx_relation(const char *from, const char *type, const char *to)
{
	return json_pack("{s:s, s:s, s:s}", "spdxElementId", from, "relationshipType", type,
			 "relatedSpdxElement", to);
}

/* "Name <mail>" becomes "Person: Name (mail)". */
static json_t *spdx_supplier(const char *maintainer)
{
	const char *mail = maintainer ? strchr(maintainer, '<') : NULL;
	size_t size;

	if (!maintainer || !*maintainer)
		return json_string("NOASSERTION");
	if (!mail || mail == maintainer)
		return json_sprintf("Person: %s", maintainer);
	size = (size_t)(mail - maintainer);
	while (size > 0 && maintainer[size - 1] == ' ')
		size--;
	mail++;
	return json_sprintf("Person: %.*s (%.*s)", (int)size, maintainer, (int)strcspn(mail, ">"),
			    mail);
}

/* What every package of a document has; the caller adds the rest. */
static json_t *spdx_package(const char *id, const char *name, const char *version)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s}", "SPDXID", id, "name", name,
			 "versionInfo", version, "downloadLocation", "NOASSERTION", "filesAnalyzed",
			 0, "licenseConcluded", "NOASSERTION", "licenseDeclared", "NOASSERTION",
			 "copyrightText", "NOASSERTION");
}

static json_t *spdx_installed(const struct package *package, const char *id, bool *failed)
{
	json_t *json = spdx_package(id, package->name, package->version);

	set(json, "supplier", spdx_supplier(package->maintainer), failed);
	set(json, "sourceInfo",
	    json_sprintf("built from source package %s %s", package->source,
			 package->source_version),
	    failed);
	if (package->licence && licence_is_expression(package->licence))
		set(json, "licenseDeclared", json_string(package->licence), failed);
	else if (package->licence)
		set(json, "licenseComments",
		    json_sprintf("the package database says: %s", package->licence), failed);
	set(json, "externalRefs", spdx_purl(package->purl), failed);
	return json;
}

static json_t *spdx_part(const struct rootfs_part *part, const char *id, const char *purl,
			 bool *failed)
{
	json_t *json = spdx_package(id, part->name, part->version);

	set(json, "checksums",
	    json_pack("[{s:s, s:s}]", "algorithm", "SHA256", "checksumValue", part->sha256),
	    failed);
	set(json, "externalRefs", spdx_purl(purl), failed);
	return json;
}

static json_t *spdx_root(const struct sbom *sbom, bool *failed)
{
	json_t *json = spdx_package(ROOT_SPDX, ROOT_NAME, sbom->tree);

	set(json, "primaryPackagePurpose", json_string("CONTAINER"), failed);
	set(json, "comment",
	    json_string("the root file system; versionInfo is its tree digest, as mintmark's "
			"docs/rootfs.md defines it"),
	    failed);
	return json;
}

static int spdx_contents(const struct sbom *sbom, json_t *packages, json_t *relations, bool *failed,
			 struct err *err)
{
	char id[80];

	append(packages, spdx_root(sbom, failed), failed);
	append(relations, spdx_relation("SPDXRef-DOCUMENT", "DESCRIBES", ROOT_SPDX), failed);
	for (size_t i = 0; i < sbom->part_count; i++) {
		const struct rootfs_part *part = &sbom->parts[i];
		cleanup_free char *purl = purl_of_part(part->name, part->version, part->sha256);

		if (!purl)
			return no_memory(err);
		if (spdx_id(id, "Part", purl, err) < 0)
			return -1;
		append(packages, spdx_part(part, id, purl, failed), failed);
		append(relations, spdx_relation("SPDXRef-DOCUMENT", "DESCRIBES", id), failed);
	}
	for (size_t i = 0; i < sbom->packages->count; i++) {
		const struct package *package = &sbom->packages->list[i];

		if (spdx_id(id, "Package", package->purl, err) < 0)
			return -1;
		append(packages, spdx_installed(package, id, failed), failed);
		append(relations, spdx_relation(ROOT_SPDX, "CONTAINS", id), failed);
	}
	return 0;
}

static json_t *make_spdx(const struct sbom *sbom, struct err *err)
{
	cleanup_json json_t *document = json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:{s:s, s:[s], s:s}, s:[], s:[]}", "spdxVersion",
		"SPDX-2.3", "dataLicense", "CC0-1.0", "SPDXID", "SPDXRef-DOCUMENT", "name",
		ROOT_NAME, "documentNamespace", json_sprintf("urn:uuid:%s", sbom->uuid),
		"creationInfo", "created", CREATED, "creators", "Tool: " TOOL, "comment",
		"the time is a constant: equal contents give equal documents", "packages",
		"relationships");
	bool failed = !document;

	if (spdx_contents(sbom, json_object_get(document, "packages"),
			  json_object_get(document, "relationships"), &failed, err) < 0)
		return NULL;
	if (!failed)
		return steal_ptr(document);
	no_memory(err);
	return NULL;
}

/* A component of CycloneDX; its purl is its reference, too. */
static json_t *cyclonedx_component(const char *type, const char *name, const char *version,
				   const char *purl)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", type, "bom-ref", purl, "name", name,
			 "version", version, "purl", purl);
}

static json_t *cyclonedx_property(const char *name, const char *value)
{
	return json_pack("{s:s, s:s}", "name", name, "value", value);
}

static json_t *cyclonedx_licence(const char *licence)
{
	if (licence_is_expression(licence))
		return json_pack("[{s:s}]", "expression", licence);
	return json_pack("[{s:{s:s}}]", "license", "name", licence);
}

static json_t *cyclonedx_installed(const struct package *package, bool *failed)
{
	json_t *json =
		cyclonedx_component("library", package->name, package->version, package->purl);

	if (package->maintainer && *package->maintainer)
		set(json, "publisher", json_string(package->maintainer), failed);
	if (package->licence && *package->licence)
		set(json, "licenses", cyclonedx_licence(package->licence), failed);
	set(json, "properties",
	    json_pack("[o, o]", cyclonedx_property("mintmark:source", package->source),
		      cyclonedx_property("mintmark:source-version", package->source_version)),
	    failed);
	return json;
}

static json_t *cyclonedx_part(const struct rootfs_part *part, const char *purl, bool *failed)
{
	json_t *json = cyclonedx_component("application", part->name, part->version, purl);

	set(json, "hashes", json_pack("[{s:s, s:s}]", "alg", "SHA-256", "content", part->sha256),
	    failed);
	return json;
}

static void cyclonedx_distribution(const struct distribution *distribution, json_t *components,
				   json_t *needed, bool *failed)
{
	json_t *json;

	if (!distribution->id)
		return;
	json = json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "type", "operating-system", "bom-ref",
			 "distribution", "name", distribution->id, "version", distribution->version,
			 "description", distribution->name);
	append(components, json, failed);
	append(needed, json_string("distribution"), failed);
}

static int cyclonedx_contents(const struct sbom *sbom, json_t *components, json_t *needed,
			      bool *failed, struct err *err)
{
	cyclonedx_distribution(&sbom->packages->distribution, components, needed, failed);
	for (size_t i = 0; i < sbom->part_count; i++) {
		const struct rootfs_part *part = &sbom->parts[i];
		cleanup_free char *purl = purl_of_part(part->name, part->version, part->sha256);

		if (!purl)
			return no_memory(err);
		append(components, cyclonedx_part(part, purl, failed), failed);
	}
	for (size_t i = 0; i < sbom->packages->count; i++) {
		const struct package *package = &sbom->packages->list[i];

		append(components, cyclonedx_installed(package, failed), failed);
		append(needed, json_string(package->purl), failed);
	}
	return 0;
}

static json_t *make_cyclonedx(const struct sbom *sbom, struct err *err)
{
	json_t *components = json_array();
	json_t *needed = json_array();
	bool failed = !components || !needed;
	int result = cyclonedx_contents(sbom, components, needed, &failed, err);
	cleanup_json json_t *document = json_pack(
		"{s:s, s:s, s:o, s:i, s:{s:{s:[{s:s, s:s}]}, s:{s:s, s:s, s:s, s:s, s:[o]}}, s:o, "
		"s:[{s:s, s:o}]}",
		"bomFormat", "CycloneDX", "specVersion", "1.6", "serialNumber",
		json_sprintf("urn:uuid:%s", sbom->uuid), "version", 1, "metadata", "tools",
		"components", "type", "application", "name", TOOL, "component", "type", "container",
		"bom-ref", ROOT_NAME, "name", ROOT_NAME, "version", sbom->tree, "properties",
		cyclonedx_property("mintmark:tree-digest", sbom->tree), "components", components,
		"dependencies", "ref", ROOT_NAME, "dependsOn", needed);

	if (result < 0)
		return NULL;
	if (!failed && document)
		return steal_ptr(document);
	no_memory(err);
	return NULL;
}

static int compare_parts(const void *a, const void *b)
{
	const struct rootfs_part *p = a;
	const struct rootfs_part *q = b;
	int order = strcmp(p->name, q->name);

	order = order ? order : strcmp(p->version, q->version);
	return order ? order : strcmp(p->sha256, q->sha256);
}

static bool is_plain(const char *text)
{
	cleanup_json json_t *string = json_string(text);

	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return string && json_string_length(string) > 0;
}

static int check_parts(const struct rootfs_part *parts, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_plain(parts[i].name) || !is_plain(parts[i].version) ||
		    strlen(parts[i].sha256) != 2 * SHA256_SIZE ||
		    strspn(parts[i].sha256, "0123456789abcdef") != 2 * SHA256_SIZE)
			return err_set(err, EXIT_USAGE, "SBOM-COMPONENT",
				       "a name, a version and a sha256 in lower-case hexadecimal "
				       "expected, found %s=%s=%s",
				       parts[i].name, parts[i].version, parts[i].sha256);
		if (i > 0 && compare_parts(&parts[i - 1], &parts[i]) == 0)
			return err_set(err, EXIT_USAGE, "SBOM-COMPONENT",
				       "each component once expected, found %s=%s twice",
				       parts[i].name, parts[i].version);
	}
	return 0;
}

char *rootfs_sbom(struct rootfs *rootfs, enum rootfs_sbom_format format, struct rootfs_part *parts,
		  size_t count, struct err *err)
{
	cleanup_with(packages_free) struct packages packages = PACKAGES_INIT;
	struct sbom sbom = {.parts = parts, .part_count = count, .packages = &packages};
	cleanup_json json_t *document = NULL;
	unsigned char digest[SHA256_SIZE];
	char *text;

	if (count > 0)
		qsort(parts, count, sizeof(*parts), compare_parts);
	if (check_parts(parts, count, err) < 0 || rootfs_hash(rootfs, err) < 0 ||
	    rootfs_digest(rootfs, digest, err) < 0 || packages_read(&packages, rootfs, err) < 0 ||
	    rootfs_settle(rootfs, err) < 0)
		return NULL;
	hash_hex(digest, sizeof(digest), sbom.tree);
	if (make_uuid(&sbom, format == ROOTFS_SPDX ? "SPDX-2.3" : "CycloneDX-1.6", err) < 0)
		return NULL;
	document = format == ROOTFS_SPDX ? make_spdx(&sbom, err) : make_cyclonedx(&sbom, err);
	if (!document)
		return NULL;
	text = json_dumps(document, JSON_INDENT(1));
	if (!text)
		no_memory(err);
	return text;
}
