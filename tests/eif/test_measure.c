/*
 * Images that are larger than the ring: the same results with any number of threads and any way of
 * copying, and every failure on the way is an error that leaves nothing behind. What is expected is
 * computed here by one call each over all bytes in memory.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "../../eif/room.h"
#include "../../eif/ring.h"

enum { RAMDISK_SIZE = RING_BLOCKS * RING_BLOCK * 2 + 4097 };

/* How the C library and OpenSSL behave from now on. */
static struct {
	unsigned no_threads; /* bit n stands for the thread after n others */
	bool no_file_range;  /* copy_file_range() */
	bool no_sendfile;
	bool short_copies;    /* at most 100000 bytes at a time */
	bool full;	      /* no room on the disk after the first MiB */
	long fail_digest;     /* the update of a whole block after that many others fails */
	int change;	      /* the input, to this size, after the first MiB; 0 for no change */
	const char *changing; /* its path */
	long copied;
} world;

/* Those that the functions below stand before. */
static struct {
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	int (*update)(EVP_MD_CTX *, const void *, size_t);
	ssize_t (*copy)(int, off_t *, int, off_t *, size_t, unsigned);
	ssize_t (*send)(int, int, off_t *, size_t);
	ssize_t (*write)(int, const void *, size_t);
} real;

__attribute__((constructor)) static void find_real(void)
{
	*(void **)&real.create = dlsym(RTLD_NEXT, "pthread_create");
	*(void **)&real.update = dlsym(RTLD_NEXT, "EVP_DigestUpdate");
	*(void **)&real.copy = dlsym(RTLD_NEXT, "copy_file_range");
	*(void **)&real.send = dlsym(RTLD_NEXT, "sendfile");
	*(void **)&real.write = dlsym(RTLD_NEXT, "write");
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *data)
{
	bool fails = world.no_threads & 1;

	world.no_threads >>= 1;
	return fails ? EAGAIN : real.create(thread, attributes, run, data);
}

int EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t size)
{
	if (size == RING_BLOCK && __atomic_load_n(&world.fail_digest, __ATOMIC_RELAXED) > 0 &&
	    __atomic_sub_fetch(&world.fail_digest, 1, __ATOMIC_RELAXED) == 0)
		return 0;
	return real.update(context, data, size);
}

/* Whatever happens while it is being copied. */
static ssize_t meanwhile(ssize_t size)
{
	if (world.copied < 1 << 20 && world.copied + size >= 1 << 20 && world.change)
		assert_int_equal(truncate(world.changing, world.change), 0);
	if (world.full && world.copied >= 1 << 20) {
		errno = ENOSPC;
		return -1;
	}
	world.copied += size;
	return size;
}

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t size, unsigned flags)
{
	if (world.no_file_range) {
		errno = EXDEV;
		return -1;
	}
	if (world.short_copies && size > 100000)
		size = 100000;
	if (meanwhile((ssize_t)size) < 0)
		return -1;
	return real.copy(from, from_at, to, to_at, size, flags);
}

ssize_t sendfile(int to, int from, off_t *from_at, size_t size);
ssize_t sendfile(int to, int from, off_t *from_at, size_t size)
{
	if (world.no_sendfile) {
		errno = EINVAL;
		return -1;
	}
	if (meanwhile((ssize_t)size) < 0)
		return -1;
	return real.send(to, from, from_at, size);
}

ssize_t write(int fd, const void *data, size_t size)
{
	if (size == RING_BLOCK && meanwhile((ssize_t)size) < 0)
		return -1;
	return real.write(fd, data, size);
}

struct fixture {
	char dir[32];
	char kernel[64];
	char ramdisk[64];
	char image[64];
	unsigned char *bytes; /* "kernel", "quiet", then the ramdisk twice */
	size_t metadata_size;
	char *metadata;
	unsigned char pcr[3][SHA384_SIZE];
	unsigned char sha256[SHA256_SIZE]; /* of the ramdisk */
};

enum { PREFIX = 11 }; /* of the bytes, before the first ramdisk */

static void write_file(const char *path, const void *data, size_t size)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
}

static void digest(const EVP_MD *md, const void *data, size_t size, unsigned char *out)
{
	assert_true(EVP_Digest(data, size, out, NULL, md, NULL));
}

static void expect_pcr(const void *data, size_t size, unsigned char *pcr)
{
	unsigned char extended[2 * SHA384_SIZE] = {0};

	digest(EVP_sha384(), data, size, extended + SHA384_SIZE);
	digest(EVP_sha384(), extended, sizeof(extended), pcr);
}

static int set_up(void **state)
{
	static struct fixture f;
	const struct eif_identity identity = {"n", "v", "k", NULL, 0};
	struct err err = {0};

	strcpy(f.dir, "/tmp/test_measure.XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	snprintf(f.kernel, sizeof(f.kernel), "%s/kernel", f.dir);
	snprintf(f.ramdisk, sizeof(f.ramdisk), "%s/ramdisk", f.dir);
	snprintf(f.image, sizeof(f.image), "%s/image.eif", f.dir);
	f.bytes = malloc(PREFIX + 2 * (size_t)RAMDISK_SIZE);
	assert_non_null(f.bytes);
	memcpy(f.bytes, "kernelquiet", PREFIX);
	for (size_t i = 0; i < RAMDISK_SIZE; i++)
		f.bytes[PREFIX + i] = (unsigned char)(i * 7 + (i >> 13));
	memcpy(f.bytes + PREFIX + RAMDISK_SIZE, f.bytes + PREFIX, RAMDISK_SIZE);
	write_file(f.kernel, "kernel", 6);
	f.metadata = eif_metadata_compose(&identity, &f.metadata_size, &err);
	assert_non_null(f.metadata);
	expect_pcr(f.bytes, PREFIX + 2 * (size_t)RAMDISK_SIZE, f.pcr[0]);
	expect_pcr(f.bytes, PREFIX + RAMDISK_SIZE, f.pcr[1]);
	expect_pcr(f.bytes + PREFIX, RAMDISK_SIZE, f.pcr[2]);
	digest(EVP_sha256(), f.bytes + PREFIX, RAMDISK_SIZE, f.sha256);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	unlink(f->image);
	unlink(f->ramdisk);
	unlink(f->kernel);
	free(f->metadata);
	free(f->bytes);
	return rmdir(f->dir);
}

/* Every test begins in a world without surprises, without an image and with a fresh ramdisk. */
static int begin(void **state)
{
	const struct fixture *f = *state;

	memset(&world, 0, sizeof(world));
	world.changing = f->ramdisk;
	unlink(f->image);
	write_file(f->ramdisk, f->bytes + PREFIX, RAMDISK_SIZE);
	return 0;
}

static int build(const struct fixture *f, struct eif_measurements *measurements, struct err *err)
{
	const char *const ramdisks[] = {f->ramdisk, f->ramdisk};
	const struct eif_build build = {.kernel = f->kernel,
					.ramdisks = ramdisks,
					.ramdisk_count = 2,
					.cmdline = "quiet",
					.cmdline_size = 5,
					.metadata = f->metadata,
					.metadata_size = f->metadata_size};

	world.copied = 0;
	return eif_write(&build, f->image, measurements, err);
}

static int read_image(const struct fixture *f, struct eif_image *image, struct err *err)
{
	cleanup_close int fd = open(f->image, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return eif_read(fd, f->image, NULL, image, err);
}

/* The sha256 of a whole file, from one mapping. */
static void expect_file(const char *path, const unsigned char *sha256)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char found[SHA256_SIZE];
	struct stat st;
	void *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(bytes != MAP_FAILED);
	digest(EVP_sha256(), bytes, (size_t)st.st_size, found);
	munmap(bytes, (size_t)st.st_size);
	assert_memory_equal(found, sha256, SHA256_SIZE);
}

/* Builds and reads: the checksum that the one wrote is the one that the other computes. */
static void check_image(const struct fixture *f, unsigned no_threads)
{
	cleanup_with(eif_image_clear) struct eif_image image = EIF_IMAGE_INIT;
	struct eif_measurements measurements;
	struct err err = {0};

	world.no_threads = no_threads;
	assert_int_equal(build(f, &measurements, &err), 0);
	assert_memory_equal(measurements.pcr, f->pcr, sizeof(f->pcr));
	assert_false(measurements.has_pcr8);
	world.no_threads = no_threads;
	assert_int_equal(read_image(f, &image, &err), 0);
	assert_memory_equal(image.measurements.pcr, f->pcr, sizeof(f->pcr));
	assert_memory_equal(image.sections[3].sha256, f->sha256, SHA256_SIZE);
	assert_memory_equal(image.sections[4].sha256, f->sha256, SHA256_SIZE);
	expect_file(f->image, image.file_sha256);
	assert_int_equal(err.status, 0);
}

static void test_threads(void **state)
{
	static const unsigned failing[] = {0, 1, 2, 7};

	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++)
		check_image(*state, failing[i]);
}

static void test_ways_to_copy(void **state)
{
	world.no_file_range = true;
	check_image(*state, 0);
	world.no_sendfile = true;
	check_image(*state, 0);
	world.no_file_range = false;
	world.short_copies = true;
	check_image(*state, 0);
}

static void test_digests_that_fail(void **state)
{
	static const long when[] = {1, 2, 17, 60, 90};
	const struct fixture *f = *state;
	struct eif_measurements measurements = {.has_pcr8 = true};
	struct eif_image image;

	for (unsigned i = 0; i < 2 * sizeof(when) / sizeof(when[0]); i++) {
		struct err err = {0};

		world.no_threads = i % 2 ? 7 : 0;
		world.fail_digest = when[i / 2];
		assert_int_equal(build(f, &measurements, &err), -1);
		assert_string_equal(err.name, "HASH-ENGINE");
		assert_int_equal(access(f->image, F_OK), -1);
		assert_true(measurements.has_pcr8);
	}
	world.fail_digest = 0;
	assert_int_equal(build(f, &measurements, &(struct err){0}), 0);
	for (unsigned i = 0; i < 2 * sizeof(when) / sizeof(when[0]); i++) {
		struct err err = {0};

		world.no_threads = i % 2 ? 7 : 0;
		world.fail_digest = when[i / 2];
		assert_int_equal(read_image(f, &image, &err), -1);
		assert_string_equal(err.name, "HASH-ENGINE");
	}
}

/* In the middle of the first ramdisk: by the kernel, with sendfile, by hand. */
static void fail_each_way(const struct fixture *f, void (*prepare)(void), const char *name,
			  const char *text)
{
	struct eif_measurements measurements;

	for (unsigned way = 0; way < 3; way++) {
		struct err err = {0};

		begin((void *[]){(void *)(uintptr_t)f});
		world.no_file_range = way > 0;
		world.no_sendfile = way > 1;
		prepare();
		assert_int_equal(build(f, &measurements, &err), -1);
		assert_string_equal(err.name, name);
		assert_int_equal(err.status, EXIT_ENVIRONMENT);
		assert_non_null(strstr(err.text, text));
		assert_int_equal(access(f->image, F_OK), -1);
	}
}

static void fill_disk(void)
{
	world.full = true;
}

static void shrink(void)
{
	world.change = 2 << 20;
}

static void grow(void)
{
	world.change = RAMDISK_SIZE + 1;
}

static void test_a_full_disk(void **state)
{
	fail_each_way(*state, fill_disk, "FILE-WRITE", "image.eif: No space left");
}

static void test_an_input_that_shrinks(void **state)
{
	fail_each_way(*state, shrink, "EIF-INPUT-CHANGED",
		      "ramdisk: 8392705 bytes expected, found fewer");
}

static void test_an_input_that_grows(void **state)
{
	fail_each_way(*state, grow, "EIF-INPUT-CHANGED",
		      "ramdisk: 8392705 bytes expected, found more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_threads, begin),
		cmocka_unit_test_setup(test_ways_to_copy, begin),
		cmocka_unit_test_setup(test_digests_that_fail, begin),
		cmocka_unit_test_setup(test_a_full_disk, begin),
		cmocka_unit_test_setup(test_an_input_that_shrinks, begin),
		cmocka_unit_test_setup(test_an_input_that_grows, begin),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
