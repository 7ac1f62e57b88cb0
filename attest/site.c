/* A site in a new folder, whole or not at all. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "site.h"

static void remove_pages(const char *folder, json_t *pages)
{
	const char *name;
	json_t *text;

	json_object_foreach(pages, name, text)
	{
		struct err ignored = {0};
		cleanup_free char *path = folder_path(folder, NULL, name, &ignored);

		if (path)
			unlink(path);
	}
	rmdir(folder);
}

static int write_pages(const char *folder, json_t *pages, struct err *err)
{
	const char *name;
	json_t *text;

	json_object_foreach(pages, name, text)
	{
		cleanup_free char *path = folder_path(folder, NULL, name, err);

		if (!path ||
		    file_write(path, json_string_value(text), json_string_length(text), err) < 0)
			return -1;
	}
	return 0;
}

/* Under a temporary name first. */
static int write_site(const char *folder, json_t *pages, struct err *err)
{
	cleanup_free char *temp = NULL;
	struct stat st;

	if (lstat(folder, &st) == 0)
		return err_set(err, EXIT_USAGE, "ATTEST-SITE-FOLDER",
			       "%s: the name of a new folder expected, found one that is there",
			       folder);
	if (asprintf(&temp, "%s.XXXXXX", folder) < 0)
		return no_memory(err);
	if (!mkdtemp(temp))
		return err_errno(err, "FILE-CREATE", "%s", temp);
	if (write_pages(temp, pages, err) == 0) {
		if (chmod(temp, 0755) == 0 && rename(temp, folder) == 0)
			return 0;
		err_errno(err, "FILE-CREATE", "%s", folder);
	}
	remove_pages(temp, pages);
	return -1;
}

int attest_site(const char *folder, const struct attest_site *what, struct err *err)
{
	cleanup_with(site_clear) struct site site = {.what = what};
	cleanup_json json_t *pages = NULL;

	if (site_read(&site, err) < 0)
		return -1;
	pages = site_pages(&site, err);
	if (!pages)
		return err->status ? -1 : no_memory(err);
	return write_site(folder, pages, err);
}
