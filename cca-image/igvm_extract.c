/*
 * The pages of an IGVM image as files: one for each run of pages that follow each other and are
 * measured alike, named after its address. Overwrites nothing; writes nothing unless the image is
 * sound.
 */
#include "igvm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"

struct extraction {
	const char *folder;
	struct outfile out;
	uint64_t next; /* address behind the run that is open */
	bool measured; /* that run */
	json_t *runs;
};

static char *join(const char *folder, const char *name, struct err *err)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		err_errno(err, "MEMORY", "%s", folder);
		return NULL;
	}
	return path;
}

static int open_new(const char *path, struct outfile *out, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return err_set(err, EXIT_ENVIRONMENT, "FILE-EXISTS",
			       "%s: no file expected, found one", path);
	return outfile_open(out, path, err);
}

static int close_run(struct extraction *to, struct err *err)
{
	return to->out.fd < 0 ? 0 : outfile_commit(&to->out, err);
}

static int open_run(struct extraction *to, uint64_t gpa, bool measured, struct err *err)
{
	cleanup_free char *path = NULL;
	char name[40];

	if (close_run(to, err) < 0)
		return -1;
	outfile_close(&to->out);
	to->out = OUTFILE_INIT;
	snprintf(name, sizeof(name), "pages-%llx%s", (unsigned long long)gpa,
		 measured ? "" : "-unmeasured");
	path = join(to->folder, name, err);
	if (!path || open_new(path, &to->out, err) < 0)
		return -1;
	if (json_array_append_new(to->runs,
				  json_pack("{s:s, s:o, s:b}", "File", name, "Base",
					    json_sprintf("0x%llx", (unsigned long long)gpa),
					    "Measured", measured)) < 0) {
		errno = ENOMEM;
		return err_errno(err, "MEMORY", "%s", to->folder);
	}
	return 0;
}

static int take_page(void *context, uint64_t gpa, bool measured, const unsigned char *data,
		     struct err *err)
{
	static const unsigned char zeros[REALM_PAGE];
	struct extraction *to = context;

	if ((to->out.fd < 0 || gpa != to->next || measured != to->measured) &&
	    open_run(to, gpa, measured, err) < 0)
		return -1;
	to->next = gpa + REALM_PAGE;
	to->measured = measured;
	return outfile_write(&to->out, data ? data : zeros, REALM_PAGE, err);
}

static int write_file(const char *folder, const char *name, const void *data, size_t size,
		      struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	cleanup_free char *path = join(folder, name, err);

	if (!path || open_new(path, &out, err) < 0 || outfile_write(&out, data, size, err) < 0)
		return -1;
	return outfile_commit(&out, err);
}

static int write_facts(const struct extraction *to, const struct igvm_image *image, struct err *err)
{
	cleanup_json json_t *json = igvm_describe(image, err);
	cleanup_free char *text = NULL;

	if (!json)
		return -1;
	/* These change with the documents around the realm; they are not of it. */
	json_object_del(json, "CorimDocument");
	json_object_del(json, "Crc32");
	json_object_del(json, "FileSize");
	json_object_del(json, "FileSha256");
	if (json_object_set(json, "Runs", to->runs) == 0)
		text = json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	if (!text) {
		errno = ENOMEM;
		return err_errno(err, "MEMORY", "%s", to->folder);
	}
	return write_file(to->folder, "image.json", text, strlen(text), err);
}

static int write_document(int fd, const char *path, const char *folder, const char *name,
			  uint64_t offset, uint64_t size, struct err *err)
{
	cleanup_free unsigned char *data = NULL;
	ssize_t n;

	if (size == 0)
		return 0;
	data = malloc(IGVM_MAX_CORIM);
	if (!data)
		return err_errno(err, "MEMORY", "%s", path);
	n = read_at(fd, data, (size_t)size, offset, path, err);
	return n < 0 ? -1 : write_file(folder, name, data, (size_t)n, err);
}

int igvm_extract(int fd, const char *path, const char *folder, struct err *err)
{
	cleanup_json json_t *runs = json_array();
	struct extraction to = {.folder = folder, .out = OUTFILE_INIT, .runs = runs};
	const struct igvm_sink sink = {take_page, &to};
	struct igvm_image image;
	int status;

	if (!runs)
		return err_errno(err, "MEMORY", "%s", path);
	if (igvm_read(fd, path, NULL, &image, err) < 0)
		return -1;
	if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		return err_errno(err, "FILE-CREATE", "%s", folder);
	status = igvm_read(fd, path, &sink, &image, err);
	if (status == 0)
		status = close_run(&to, err);
	outfile_close(&to.out);
	if (status < 0 || write_facts(&to, &image, err) < 0 ||
	    write_document(fd, path, folder, "document.corim", image.corim_offset, image.corim_size,
			   err) < 0)
		return -1;
	return write_document(fd, path, folder, "signature.cose", image.signature_offset,
			      image.signature_size, err);
}
