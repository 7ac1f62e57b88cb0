/*
 * Unit tests of the rootfs library: what a shell test cannot arrange, such as sockets, extended
 * attributes and folders that change between two calls. Never writes outside a temporary folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <cmocka.h>

#include "../../rootfs/blobs.h"
#include "../../rootfs/deb.h"
#include "../../rootfs/rootfs.h"
#include "../../rootfs/tree.h"

static const struct rootfs_options plain = {0};

static void write_file(const char *path, const char *text)
{
	cleanup_fclose FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

static int setup(void **state)
{
	char *folder = strdup("/tmp/test_rootfs.XXXXXX");

	*state = folder;
	if (!folder || !mkdtemp(folder) || chdir(folder) < 0 || mkdir("d", 0755) < 0)
		return -1;
	write_file("d/a", "text");
	return mkdir("d/sub", 0755);
}

static int teardown(void **state)
{
	cleanup_free char *folder = *state;
	static const char *const files[] = {"d/a", "d/b", "d/sub/c",  "d/sub", "d/socket",
					    "d",   "out", "out.json", "d.tar", "hole"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		remove(files[i]);
	return chdir("/") < 0 ? -1 : rmdir(folder);
}

static struct rootfs *read_folder(struct err *err)
{
	cleanup_rootfs struct rootfs *rootfs = rootfs_new(&plain, err);

	assert_non_null(rootfs);
	return rootfs_read(rootfs, "dir:d", err) < 0 ? NULL : steal_ptr(rootfs);
}

static void expect_change(struct rootfs *rootfs)
{
	struct err err = {0};

	assert_int_equal(rootfs_hash(rootfs, &err), -1);
	assert_string_equal(err.name, "ROOTFS-CHANGED");
	assert_int_equal(err.status, EXIT_ENVIRONMENT);
}

static void file_that_grows(void **state)
{
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = read_folder(&err);

	(void)state;
	write_file("d/a", "longer text");
	expect_change(rootfs);
}

static void file_of_the_same_size(void **state)
{
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = read_folder(&err);

	(void)state;
	/* Clocks of file systems are coarse: a later ctime needs no more than this. */
	usleep(20000);
	write_file("d/a", "TEXT");
	expect_change(rootfs);
}

static void file_that_appears(void **state)
{
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = read_folder(&err);

	(void)state;
	usleep(20000);
	write_file("d/sub/c", "");
	expect_change(rootfs);
}

static void file_that_becomes_a_link(void **state)
{
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = read_folder(&err);

	(void)state;
	assert_int_equal(rename("d/a", "d/b"), 0);
	assert_int_equal(symlink("b", "d/a"), 0);
	assert_int_equal(rootfs_hash(rootfs, &err), -1);
	assert_string_equal(err.name, "ROOTFS-READ");
	assert_non_null(strstr(err.text, strerror(ELOOP)));
}

static void blobs_hold_still(void **state)
{
	cleanup_blobs struct blobs *blobs = NULL;
	cleanup_blob struct blob blob = BLOB_INIT;
	struct err err = {0};

	(void)state;
	blobs = blobs_open_folder("d", &err);
	assert_non_null(blobs);
	assert_int_equal(blobs_find(blobs, "a", &blob, &err), 0);
	assert_int_equal(blob_settle(&blob, &err), 0);
	usleep(20000);
	write_file("d/a", "TEXT");
	assert_int_equal(blob_settle(&blob, &err), -1);
	assert_string_equal(err.name, "ROOTFS-CHANGED");
	assert_int_equal(err.status, EXIT_ENVIRONMENT);
}

/* A folder keeps to what it read, whatever is laid over it. */
static void folders_hold_still_below_others(void **state)
{
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = read_folder(&err);
	unsigned char digest[SHA256_SIZE];

	(void)state;
	assert_non_null(rootfs);
	assert_int_equal(rootfs_read(rootfs, "dir:d/sub", &err), 0);
	assert_int_equal(rootfs_hash(rootfs, &err), 0);
	assert_int_equal(rootfs_digest(rootfs, digest, &err), 0);
	usleep(20000);
	write_file("d/sub/c", "");
	expect_change(rootfs);
}

static void sockets_are_refused(void **state)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "d/socket"};
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct err err = {0};

	(void)state;
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_null(read_folder(&err));
	assert_string_equal(err.name, "ROOTFS-SOCKET");
	assert_int_equal(err.status, EXIT_MALFORMED);
	assert_non_null(strstr(err.text, "socket"));
}

static void attributes_are_refused(void **state)
{
	struct err err = {0};

	(void)state;
	if (setxattr("d/a", "user.test", "x", 1, 0) < 0 ||
	    setxattr("d/sub", "user.other", "x", 1, 0) < 0)
		skip();
	assert_null(read_folder(&err));
	assert_string_equal(err.name, "ROOTFS-XATTR");
	assert_non_null(strstr(err.text, "a (user.test)"));
	assert_non_null(strstr(err.text, "sub (user.other)"));
}

static void many_refusals_fit_one_error(void **state)
{
	struct refusals refusals = {0};
	struct err err = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		refuse_attribute(&refusals, "some/path", "user.test");
	assert_int_equal(refusals_check(&refusals, "source", &err), -1);
	assert_non_null(strstr(err.text, "found 1000: some/path (user.test), some/path"));
}

static void unpacked_archives_verify(void **state)
{
	cleanup_with(outfile_close) struct outfile manifest = OUTFILE_INIT;
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = read_folder(&err);
	cleanup_rootfs struct rootfs *unpacked = rootfs_new(&plain, &err);

	(void)state;
	assert_int_equal(rootfs_add(rootfs, "b", "d/a", 0600, &err), 0);
	assert_int_equal(outfile_open(&out, "out", &err), 0);
	assert_int_equal(rootfs_write_cpio(rootfs, &out, &err), 0);
	assert_int_equal(outfile_commit(&out, &err), 0);
	assert_int_equal(outfile_open(&manifest, "out.json", &err), 0);
	assert_int_equal(rootfs_write_manifest(rootfs, &manifest, &err), 0);
	assert_int_equal(outfile_commit(&manifest, &err), 0);
	assert_int_equal(rootfs_unpack(unpacked, "out", &err), 0);
	assert_int_equal(rootfs_verify(unpacked, "out.json", &err), 0);
	assert_int_equal(err.status, 0);
}

static struct node *add(struct node *dir, const char *name, uint32_t mode, const char *target)
{
	struct err err = {0};
	cleanup_inode struct inode *inode = inode_new(mode, 0, 0, &err);

	assert_non_null(inode);
	if (target)
		assert_int_equal(inode_set_target(inode, target, &err), 0);
	return node_add(dir, name, inode, &err);
}

static void paths_sort_as_bytes(void **state)
{
	static const char *const sorted[] = {"a", "a-b", "a.b", "a/b", "a0", "\xff"};
	cleanup_with(list_free) struct list list = LIST_INIT;
	struct err err = {0};
	struct node *top = node_new_top(&err);
	struct node *a = add(top, "a", S_IFDIR | 0755, NULL);

	(void)state;
	add(top, "\xff", S_IFREG, NULL);
	add(top, "a0", S_IFREG, NULL);
	add(top, "a-b", S_IFREG, NULL);
	add(a, "b", S_IFREG, NULL);
	add(top, "a.b", S_IFREG, NULL);
	assert_int_equal(list_make(&list, top, true, &err), 0);
	assert_int_equal(list.count, 6);
	for (size_t i = 0; i < list.count; i++)
		assert_string_equal(list.entries[i].path, sorted[i]);
	node_remove(top);
}

static enum walk_failure failure_of(struct node *top, const char *path)
{
	struct walk walk = WALK_INIT(top);

	assert_null(walk_path(&walk, top, path, strlen(path)));
	return walk.failure;
}

static void walks_stay_inside(void **state)
{
	struct err err = {0};
	struct node *top = node_new_top(&err);
	struct node *usr = add(top, "usr", S_IFDIR | 0755, NULL);
	struct walk walk = WALK_INIT(top);

	(void)state;
	add(top, "lib", S_IFLNK | 0777, "/usr/");
	add(top, "up", S_IFLNK | 0777, "../../usr");
	add(top, "loop", S_IFLNK | 0777, "loop/x");
	add(top, "file", S_IFREG | 0644, NULL);
	assert_ptr_equal(walk_path(&walk, top, "lib/./", 6), usr);
	assert_false(walk.escaped);
	assert_ptr_equal(walk_path(&walk, top, "up", 2), usr);
	assert_true(walk.escaped);
	assert_int_equal(failure_of(top, "loop"), WALK_LOOP);
	assert_int_equal(failure_of(top, "none"), WALK_MISSING);
	assert_int_equal(failure_of(top, "file/x"), WALK_NOT_DIRECTORY);
	node_remove(top);
}

/* Whether what is unpacked of the package is what was compared with its pin. */
static int compare_data(const struct deb *deb, struct err *err)
{
	cleanup_stream struct stream *stream = stream_open_part(&deb->data, err);
	char buffer[100];

	while (stream_read(stream, buffer, sizeof(buffer), err) > 0)
		;
	assert_int_equal(stream_settle(stream, err), 0);
	return deb_compare(deb, stream, deb->data_sha256, err);
}

static void packages_are_hashed_as_used(void **state)
{
	static const char text[] = "!<arch>\n"
				   "debian-binary   0           0     0     644     4         `\n"
				   "2.0\n"
				   "control.tar     0           0     0     644     2         `\n"
				   "c\n"
				   "data.tar        0           0     0     644     6         `\n"
				   "data1\n";
	cleanup_with(deb_close) struct deb deb = DEB_INIT;
	cleanup_hash struct hash *hash = NULL;
	cleanup_free char *changed = strdup(text);
	struct deb_pin pin = {.size = sizeof(text) - 1, .name = "x.deb"};
	unsigned char digest[SHA256_SIZE];
	struct err err = {0};

	(void)state;
	write_file("out", text);
	hash = hash_new(HASH_SHA256, &err);
	assert_int_equal(hash_update(hash, text, sizeof(text) - 1, &err), 0);
	assert_int_equal(hash_final(hash, digest, &err), 0);
	hash_hex(digest, sizeof(digest), pin.sha256);
	assert_int_equal(deb_open(&deb, "out", &pin, &err), 0);
	assert_int_equal(compare_data(&deb, &err), 0);
	changed[sizeof(text) - 3] = '2';
	write_file("out", changed);
	assert_int_equal(compare_data(&deb, &err), -1);
	assert_string_equal(err.name, "ROOTFS-CHANGED");
	assert_int_equal(err.status, EXIT_ENVIRONMENT);
}

/* Whether a hole can be made in a file here. */
static bool makes_holes(void)
{
	cleanup_close int fd = open("hole", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, "text", 4) == 4 &&
	       fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
}

static void pack_to(struct rootfs *rootfs, const char *path, int expected, struct err *err)
{
	cleanup_with(outfile_close) struct outfile out = OUTFILE_INIT;

	assert_int_equal(outfile_open(&out, path, err), 0);
	assert_int_equal(rootfs_write_cpio(rootfs, &out, err), expected);
}

static void the_spool_shrinks_while_the_archive_grows(void **state)
{
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = rootfs_new(&plain, &err);
	struct stat st;

	(void)state;
	assert_int_equal(system("head -c 40000000 /dev/zero | tr '\\0' x >d/b && tar -cf d.tar d"),
			 0);
	assert_non_null(rootfs);
	assert_int_equal(rootfs_read(rootfs, "tar:d.tar", &err), 0);
	pack_to(rootfs, "out", 0, &err);
	assert_int_equal(fstat(rootfs->contents->file(rootfs->contents), &st), 0);
	assert_true(st.st_size >= 40000000);
	if (makes_holes())
		assert_true(st.st_blocks == 0);
	/* Holes would read as zeros. */
	pack_to(rootfs, "out", -1, &err);
	assert_string_equal(err.name, "ROOTFS-SPOOL");
	assert_int_equal(err.status, EXIT_ENVIRONMENT);
	assert_int_equal(rootfs_hash(rootfs, &err), -1);
	assert_string_equal(err.name, "ROOTFS-SPOOL");
}

static void what_the_disk_changes_is_noticed(void **state)
{
	struct err err = {0};
	cleanup_rootfs struct rootfs *rootfs = rootfs_new(&plain, &err);
	int fd;

	(void)state;
	assert_int_equal(system("tar -cf d.tar d"), 0);
	assert_non_null(rootfs);
	assert_int_equal(rootfs_read(rootfs, "tar:d.tar", &err), 0);
	fd = rootfs->contents->file(rootfs->contents);
	assert_int_equal(pwrite(fd, "", 1, 2), 1);
	assert_int_equal(rootfs_hash(rootfs, &err), -1);
	assert_string_equal(err.name, "ROOTFS-SPOOL");
	pack_to(rootfs, "out", -1, &err);
	assert_string_equal(err.name, "ROOTFS-SPOOL");
	assert_int_equal(err.status, EXIT_ENVIRONMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(file_that_grows, setup, teardown),
		cmocka_unit_test_setup_teardown(file_of_the_same_size, setup, teardown),
		cmocka_unit_test_setup_teardown(file_that_appears, setup, teardown),
		cmocka_unit_test_setup_teardown(file_that_becomes_a_link, setup, teardown),
		cmocka_unit_test_setup_teardown(blobs_hold_still, setup, teardown),
		cmocka_unit_test_setup_teardown(packages_are_hashed_as_used, setup, teardown),
		cmocka_unit_test_setup_teardown(folders_hold_still_below_others, setup, teardown),
		cmocka_unit_test_setup_teardown(sockets_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(attributes_are_refused, setup, teardown),
		cmocka_unit_test(many_refusals_fit_one_error),
		cmocka_unit_test_setup_teardown(unpacked_archives_verify, setup, teardown),
		cmocka_unit_test_setup_teardown(the_spool_shrinks_while_the_archive_grows, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_the_disk_changes_is_noticed, setup, teardown),
		cmocka_unit_test(paths_sort_as_bytes),
		cmocka_unit_test(walks_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
