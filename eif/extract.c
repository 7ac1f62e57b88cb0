/*
 * Writes an image's sections to files of their own, under fixed names that no image can choose.
 * Everything waits under temporary names until the whole image proved sound; never overwrites.
 */
#include "eif.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "outfile.h"

struct extraction {
	const char *dir;
	struct outfile files[EIF_MAX_SECTIONS];
	unsigned count;
	unsigned ramdisks;
	unsigned linked; /* files that have their final name */
	bool made_dir;	 /* by us, for this extraction */
	bool committed;	 /* everything is in its place: keep it */
};

static void extraction_close(struct extraction *extraction)
{
	for (unsigned i = 0; i < extraction->count; i++) {
		struct outfile *file = &extraction->files[i];

		if (!extraction->committed && i < extraction->linked)
			unlink(file->path);
		outfile_close(file);
	}
	if (!extraction->committed && extraction->made_dir)
		rmdir(extraction->dir);
}

/* dir/name of the section that is the next of its type; the caller frees it. */
static char *path_of(struct extraction *extraction, enum eif_type type)
{
	char *path = NULL;
	int printed;

	switch (type) {
	case EIF_RAMDISK:
		printed = asprintf(&path, "%s/ramdisk%u", extraction->dir, extraction->ramdisks++);
		break;
	case EIF_METADATA:
		printed = asprintf(&path, "%s/metadata.json", extraction->dir);
		break;
	default:
		printed = asprintf(&path, "%s/%s", extraction->dir, eif_type_name(type));
		break;
	}
	return printed < 0 ? NULL : path;
}

static int file_exists(const char *path, struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "FILE-EXISTS",
		       "%s: no such file expected, found one that would be overwritten", path);
}

static int begin(void *context, const struct eif_section *section, struct err *err)
{
	struct extraction *extraction = context;
	struct outfile *file = &extraction->files[extraction->count];
	cleanup_free char *path = path_of(extraction, section->type);
	struct stat st;

	if (!path)
		return err_errno(err, "MEMORY", "%s", extraction->dir);
	if (lstat(path, &st) == 0)
		return file_exists(path, err);
	*file = OUTFILE_INIT;
	if (outfile_open(file, path, err) < 0)
		return -1;
	extraction->count++;
	return 0;
}

static int data(void *context, const void *bytes, size_t size, struct err *err)
{
	struct extraction *extraction = context;

	return outfile_write(&extraction->files[extraction->count - 1], bytes, size, err);
}

/* link() where outfile_commit() renames, because rename() would replace what is there. */
static int commit(struct extraction *extraction, struct err *err)
{
	mode_t mask = umask(0);

	umask(mask);
	for (unsigned i = 0; i < extraction->count; i++) {
		struct outfile *file = &extraction->files[i];

		if (fchmod(file->fd, 0644 & ~mask) < 0 || close(steal_fd(&file->fd)) < 0)
			return err_errno(err, "FILE-WRITE", "%s", file->path);
		if (link(file->temp, file->path) < 0)
			return errno == EEXIST ? file_exists(file->path, err)
					       : err_errno(err, "FILE-CREATE", "%s", file->path);
		extraction->linked++;
	}
	extraction->committed = true;
	return 0;
}

int eif_extract(int fd, const char *path, const char *dir, bool lenient, struct err *err)
{
	cleanup_with(extraction_close) struct extraction extraction = {.dir = dir};
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	const struct eif_sink sink = {.begin = begin, .data = data, .context = &extraction};

	if (mkdir(dir, 0777) == 0)
		extraction.made_dir = true;
	else if (errno != EEXIST)
		return err_errno(err, "FILE-CREATE", "%s", dir);
	if ((lenient ? eif_read_lenient(fd, path, &sink, &image, err)
		     : eif_read(fd, path, &sink, &image, err)) < 0)
		return -1;
	return commit(&extraction, err);
}
