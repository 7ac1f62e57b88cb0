/*
 * Prints what an archive would unpack to, and what a source holds. Never prints a byte of a name
 * that a terminal would act on.
 */
#include <string.h>

#include "manifest.h"
#include "rootfs.h"

static void print_name(const char *name, FILE *out)
{
	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		if (*p == '\\')
			fputs("\\\\", out);
		else if (*p < 0x20 || *p >= 0x7f)
			fprintf(out, "\\x%02x", *p);
		else
			putc(*p, out);
	}
}

static void print_item(const struct item *item, FILE *out)
{
	const struct inode *inode = item->node->inode;

	fprintf(out, "%-9s %04o %u %u ", inode_type_name(inode), inode->mode & 07777, inode->uid,
		inode->gid);
	if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
		fprintf(out, "%u:%u ", inode->major, inode->minor);
	else
		fprintf(out, "%u ", inode->size);
	print_name(item->path, out);
	if (S_ISLNK(inode->mode)) {
		fputs(" -> ", out);
		print_name(inode->target, out);
	}
	if (item != item->first) {
		fputs(" == ", out);
		print_name(item->first->path, out);
	}
	putc('\n', out);
}

static void print_text(const struct rootfs *rootfs, const struct list *list, FILE *out)
{
	for (size_t i = 0; i < list->count; i++)
		print_item(&list->entries[i], out);
	for (size_t i = 0; i < rootfs->remark_count; i++) {
		const struct remark *remark = &rootfs->remarks[i];

		fprintf(out, "! offset %llu: ", (unsigned long long)remark->offset);
		print_name(remark->path, out);
		fprintf(out, ": %s\n", remark->text);
	}
}

static int print_remarks(const struct rootfs *rootfs, FILE *out, struct err *err)
{
	fputs("\"Remarks\":[", out);
	for (size_t i = 0; i < rootfs->remark_count; i++) {
		const struct remark *remark = &rootfs->remarks[i];
		cleanup_json json_t *json = json_object();

		if (set_bytes(json, "path", remark->path) < 0 ||
		    json_object_set_new(json, "offset", json_integer((json_int_t)remark->offset)) <
			    0 ||
		    json_object_set_new(json, "remark", json_string(remark->text)) < 0)
			return err_errno(err, "ROOTFS-MEMORY", "JSON");
		fputs(i ? ",\n" : "\n", out);
		if (print_json(json, out, err) < 0)
			return -1;
	}
	fputs("\n]", out);
	return 0;
}

int rootfs_list(struct rootfs *rootfs, bool json, FILE *out, struct err *err)
{
	cleanup_with(list_free) struct list list = LIST_INIT;

	if (list_make(&list, rootfs->top, true, err) < 0)
		return -1;
	if (!json) {
		print_text(rootfs, &list, out);
		return 0;
	}
	putc('{', out);
	if (print_items(&list, out, err) < 0)
		return -1;
	fputs(",\n", out);
	if (print_remarks(rootfs, out, err) < 0)
		return -1;
	fputs("}\n", out);
	return 0;
}

struct summary {
	unsigned long long files, hardlinks, directories, symlinks, chars, blocks, fifos, bytes;
};

static void count(struct summary *s, const struct item *item)
{
	const struct inode *inode = item->node->inode;

	if (item != item->first) {
		s->hardlinks++;
		return;
	}
	s->files += S_ISREG(inode->mode);
	s->directories += S_ISDIR(inode->mode);
	s->symlinks += S_ISLNK(inode->mode);
	s->chars += S_ISCHR(inode->mode);
	s->blocks += S_ISBLK(inode->mode);
	s->fifos += S_ISFIFO(inode->mode);
	s->bytes += S_ISREG(inode->mode) ? inode->size : 0;
}

int rootfs_describe(struct rootfs *rootfs, bool json, FILE *out, struct err *err)
{
	cleanup_with(list_free) struct list list = LIST_INIT;
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	struct summary s = {0};

	if (rootfs_digest(rootfs, digest, err) < 0 ||
	    list_make(&list, rootfs->base, false, err) < 0)
		return -1;
	hash_hex(digest, sizeof(digest), hex);
	for (size_t i = 0; i < list.count; i++)
		count(&s, &list.entries[i]);
	fprintf(out,
		json ? "{\"TreeDigest\":\"%s\",\"Entries\":{\"file\":%llu,\"hardlink\":%llu,"
		       "\"directory\":%llu,\"symlink\":%llu,\"char\":%llu,\"block\":%llu,"
		       "\"fifo\":%llu},\"Bytes\":%llu,\n\"Sources\":"
		     : "tree digest %s\nfiles       %llu\nhard links  %llu\ndirectories %llu\n"
		       "symlinks    %llu\nchar        %llu\nblock       %llu\nfifos       %llu\n"
		       "bytes       %llu\n",
		hex, s.files, s.hardlinks, s.directories, s.symlinks, s.chars, s.blocks, s.fifos,
		s.bytes);
	if (!json)
		return 0;
	/* In the order in which they were read and their members found. */
	if (json_dumpf(rootfs->sources, out, JSON_COMPACT | JSON_PRESERVE_ORDER) < 0)
		return err_errno(err, "FILE-WRITE", "standard output");
	fputs("}\n", out);
	return 0;
}
