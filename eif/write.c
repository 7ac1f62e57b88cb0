/*
 * Writes an image. Every input byte passes through once, into the file, and from there into
 * checksum and PCRs, so what was measured is what was written. Never pads and never writes a
 * signature.
 */
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "draft.h"
#include "layout.h"
#include "measure.h"

/* One section to be: bytes in memory, or an open file. */
struct part {
	enum eif_type type;
	const char *path;
	int fd; /* -1 for bytes in memory */
	const void *data;
	uint64_t size;
};

struct plan {
	struct part parts[EIF_MAX_SECTIONS];
	unsigned count;
};

struct writer {
	struct outfile *out;
	struct measurer *measurer;
};

static void plan_close(struct plan *plan)
{
	for (unsigned i = 0; i < plan->count; i++)
		cleanup_close_at(&plan->parts[i].fd);
}

static void writer_close(struct writer *writer)
{
	measurer_free(writer->measurer);
}

static void add_bytes(struct plan *plan, enum eif_type type, const void *data, size_t size)
{
	plan->parts[plan->count++] =
		(struct part){.type = type, .fd = -1, .data = data, .size = size};
}

static int add_file(struct plan *plan, enum eif_type type, const char *path, struct err *err)
{
	struct part *part = &plan->parts[plan->count];
	struct stat st;

	*part = (struct part){.type = type, .path = path};
	part->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (part->fd < 0)
		return err_errno(err, "FILE-OPEN", "%s", path);
	plan->count++;
	if (fstat(part->fd, &st) < 0)
		return err_errno(err, "FILE-READ", "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_MALFORMED, "EIF-INPUT",
			       "%s: a regular file expected, found another kind", path);
	part->size = (uint64_t)st.st_size;
	return 0;
}

static int check_format(const struct eif_build *build, struct err *err)
{
	cleanup_json json_t *metadata = NULL;

	if (build->ramdisk_count < 1 || build->ramdisk_count > EIF_MAX_RAMDISKS)
		return err_set(err, EXIT_USAGE, "EIF-SECTION-COUNT",
			       "1 to %d ramdisks expected (%d sections less kernel, cmdline and "
			       "metadata), found %zu",
			       EIF_MAX_RAMDISKS, EIF_MAX_SECTIONS, build->ramdisk_count);
	if (build->cmdline_size > EIF_MAX_CMDLINE)
		return err_set(err, EXIT_MALFORMED, "EIF-CMDLINE",
			       "command line: at most %d bytes expected, found %zu",
			       EIF_MAX_CMDLINE, build->cmdline_size);
	metadata = eif_metadata_parse(build->metadata, build->metadata_size, err);
	return metadata ? 0 : -1;
}

static int check_boot(const struct eif_build *build, const struct plan *plan, struct err *err)
{
	if (boot_check_cmdline(build->cmdline, build->cmdline_size, err) < 0)
		return -1;
	for (unsigned i = 0; i < plan->count; i++) {
		const struct part *part = &plan->parts[i];
		bool last = i + 1 == plan->count;

		if (part->type == EIF_KERNEL &&
		    boot_check_kernel(part->fd, part->path, build->arch, err) < 0)
			return -1;
		if (part->type == EIF_RAMDISK &&
		    boot_check_ramdisk(part->fd, part->path, part->size, last, err) < 0)
			return -1;
	}
	return 0;
}

static int make_plan(const struct eif_build *build, struct plan *plan, struct err *err)
{
	if (check_format(build, err) < 0 || add_file(plan, EIF_KERNEL, build->kernel, err) < 0)
		return -1;
	if (plan->parts[0].size == 0)
		return err_set(err, EXIT_MALFORMED, "EIF-KERNEL",
			       "%s: a kernel expected, found an empty file", build->kernel);
	add_bytes(plan, EIF_CMDLINE, build->cmdline, build->cmdline_size);
	add_bytes(plan, EIF_METADATA, build->metadata, build->metadata_size);
	for (size_t i = 0; i < build->ramdisk_count; i++)
		if (add_file(plan, EIF_RAMDISK, build->ramdisks[i], err) < 0)
			return -1;
	return build->boot_checks ? check_boot(build, plan, err) : 0;
}

/* Everything but the checksum, which is known last. */
static int fill_header(const struct plan *plan, enum eif_arch arch,
		       unsigned char header[HEADER_SIZE], struct err *err)
{
	uint64_t offset = HEADER_SIZE;

	memset(header, 0, HEADER_SIZE);
	memcpy(header + AT_MAGIC, eif_magic, sizeof(eif_magic));
	put_be(header + AT_VERSION, 2, FORMAT_VERSION);
	put_be(header + AT_FLAGS, 2, arch == EIF_AARCH64 ? FLAG_AARCH64 : 0);
	put_be(header + AT_MEMORY, 8, UINT64_C(1) << 30);
	put_be(header + AT_CPUS, 8, 2);
	put_be(header + AT_COUNT, 2, plan->count);
	for (unsigned i = 0; i < plan->count; i++) {
		uint64_t size = plan->parts[i].size;

		put_be(header + AT_OFFSETS + 8 * i, 8, offset);
		put_be(header + AT_SIZES + 8 * i, 8, size);
		if (size > INT64_MAX - SECTION_HEADER_SIZE - offset)
			return err_set(err, EXIT_MALFORMED, "EIF-SECTION-SIZE",
				       "section %u: an image below 2^63 bytes expected, found "
				       "%llu more",
				       i, (unsigned long long)size);
		offset += SECTION_HEADER_SIZE + size;
	}
	return 0;
}

static int put_bytes(struct writer *writer, const struct part *part, struct err *err)
{
	const unsigned char *data = part->data;

	for (size_t left = (size_t)part->size; left > 0;) {
		size_t size = left < RING_BLOCK ? left : RING_BLOCK;
		unsigned char *room = measurer_room(writer->measurer, err);

		if (!room || outfile_write(writer->out, data, size, err) < 0)
			return -1;
		memcpy(room, data, size);
		measurer_put(writer->measurer, size);
		data += size;
		left -= size;
	}
	return 0;
}

/*
 * From file to file without a detour, as far as the kernel can: up to size bytes, none at the end,
 * and none or -1 where it cannot. No file system shares the extents, because sections are not
 * aligned.
 */
static ssize_t copy_in_kernel(int from, int to, size_t size)
{
	ssize_t n = copy_file_range(from, NULL, to, NULL, size, 0);

	return n > 0 ? n : sendfile(to, from, NULL, size);
}

/*
 * Moves up to size bytes into the image and leaves them in the room: as they lie there, read back,
 * which costs less than reading the input, because they are still in the processor's cache. What
 * goes wrong inside the kernel is done once more by hand, where it is clear whose error it is.
 */
static ssize_t copy_block(struct writer *writer, const struct part *part, unsigned char *room,
			  size_t size, struct err *err)
{
	ssize_t n = copy_in_kernel(part->fd, writer->out->fd, size);

	if (n > 0)
		return outfile_read_back(writer->out, room, (size_t)n, err) < 0 ? -1 : n;
	do
		n = read(part->fd, room, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "FILE-READ", "%s", part->path);
	return outfile_write(writer->out, room, (size_t)n, err) < 0 ? -1 : n;
}

static int input_changed(const struct part *part, const char *found, struct err *err)
{
	return err_set(err, EXIT_ENVIRONMENT, "EIF-INPUT-CHANGED",
		       "%s: %llu bytes expected, found %s", part->path,
		       (unsigned long long)part->size, found);
}

/* At the expected end one more byte is asked for: a file that grew would be cut off silently. */
static int copy_file(struct writer *writer, const struct part *part, struct err *err)
{
	unsigned char more;
	ssize_t n;

	for (uint64_t left = part->size; left > 0; left -= (uint64_t)n) {
		size_t want = left < RING_BLOCK ? (size_t)left : RING_BLOCK;
		unsigned char *room = measurer_room(writer->measurer, err);

		n = room ? copy_block(writer, part, room, want, err) : -1;
		if (n < 0)
			return -1;
		if (n == 0)
			return input_changed(part, "fewer", err);
		measurer_put(writer->measurer, (size_t)n);
	}
	n = read(part->fd, &more, 1);
	if (n < 0)
		return err_errno(err, "FILE-READ", "%s", part->path);
	return n > 0 ? input_changed(part, "more", err) : 0;
}

static int put_part(struct writer *writer, const struct part *part, struct err *err)
{
	unsigned char header[SECTION_HEADER_SIZE] = {0};

	put_be(header + AT_SECTION_TYPE, 2, part->type);
	put_be(header + AT_SECTION_SIZE, 8, part->size);
	if (outfile_write(writer->out, header, sizeof(header), err) < 0 ||
	    measurer_begin(writer->measurer, part->type, header, err) < 0)
		return -1;
	return part->fd >= 0 ? copy_file(writer, part, err) : put_bytes(writer, part, err);
}

static int put_image(struct writer *writer, const struct plan *plan,
		     const unsigned char header[HEADER_SIZE], struct measured *measured,
		     struct err *err)
{
	unsigned char crc[4];

	if (outfile_write(writer->out, header, HEADER_SIZE, err) < 0 ||
	    measurer_header(writer->measurer, header, err) < 0)
		return -1;
	for (unsigned i = 0; i < plan->count; i++)
		if (put_part(writer, &plan->parts[i], err) < 0)
			return -1;
	if (measurer_final(writer->measurer, measured, err) < 0)
		return -1;
	put_be(crc, sizeof(crc), measured->crc);
	return outfile_write_at(writer->out, crc, sizeof(crc), AT_CRC, err);
}

int draft_write(const struct eif_build *build, const char *path, struct outfile *out,
		struct eif_measurements *measurements, struct err *err)
{
	cleanup_with(plan_close) struct plan plan = {0};
	cleanup_with(writer_close) struct writer writer = {.out = out};
	struct measured measured = {0};
	unsigned char header[HEADER_SIZE];

	if (make_plan(build, &plan, err) < 0 || fill_header(&plan, build->arch, header, err) < 0)
		return -1;
	writer.measurer = measurer_new(false, err);
	if (!writer.measurer || (out->fd < 0 && outfile_open(out, path, err) < 0) ||
	    put_image(&writer, &plan, header, &measured, err) < 0)
		return -1;
	*measurements = (struct eif_measurements){0};
	memcpy(measurements->pcr, measured.pcr, sizeof(measured.pcr));
	return 0;
}

int eif_write(const struct eif_build *build, const char *path,
	      struct eif_measurements *measurements, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	struct eif_measurements found;

	if (draft_write(build, path, &out, &found, err) < 0 || outfile_commit(&out, err) < 0)
		return -1;
	*measurements = found;
	return 0;
}
