/*
 * The log: C2SP's worked example, 10000 releases with their proofs, whatever is changed in a log is
 * found, and what is withdrawn or outdated is refused.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "folder.h"
#include "log.h"
#include "outfile.h"

enum { MANY = 10000, FEW = 700, NOW = 1800000000 };

static char scratch[] = "/tmp/test_log.XXXXXX";
static char key_path[64];
static char vkey[256];

static const char origin[] = "example.org/log";
static const char known_checkpoint[] =
	"example.org/log\n3\npkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=\n\n"
	"\xe2\x80\x94 example.org/log "
	"mK8CO7M/+pGQsZ/PeDFg1yhvV8zjZHD3gN1CrXMLYRJHmNB7hJBi6dVWThRktb1vhxSiJnglL0apohaYt/"
	"9H5gmO2gM=\n";

static struct attest_log_keeper keeper(void)
{
	return (struct attest_log_keeper){.key = key_path, .origin = origin, .now = NOW};
}

static struct attest_log_trust trust(void)
{
	return (struct attest_log_trust){.key = vkey, .now = NOW + 60, .max_age = 3600};
}

/* The key of the worked example: its seed is 00 01 02 ... 1f. */
static int set_up(void **state)
{
	const struct attest_log_keeper who = keeper();
	unsigned char seed[32];
	struct err err = {0};
	EVP_PKEY *key;
	char *text;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(scratch));
	snprintf(key_path, sizeof(key_path), "%s/key.pem", scratch);
	for (int i = 0; i < 32; i++)
		seed[i] = (unsigned char)i;
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	file = fopen(key_path, "w");
	assert_true(key && file);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	EVP_PKEY_free(key);
	text = attest_log_key(&who, false, &err);
	assert_non_null(text);
	snprintf(vkey, sizeof(vkey), "%s", text);
	free(text);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static json_t *release(const char *name, unsigned number, int security)
{
	char hex[97];
	char pcr0[97];

	memset(hex, 'b', 96);
	hex[96] = '\0';
	snprintf(pcr0, sizeof(pcr0), "%096x", number + 1);
	return json_pack("{s:s, s:s, s:s, s:i, s:{s:s}, s:{s:{s:s, s:s, s:s}}}", "type", "release",
			 "name", name, "version", pcr0 + 88, "security", security, "files",
			 "SHA256SUMS",
			 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			 "measurements", "nitro-x86_64", "PCR0", pcr0, "PCR1", hex, "PCR2", hex);
}

static void append(const char *folder, json_t *entries)
{
	const struct attest_log_keeper who = keeper();
	struct err err = {0};

	if (attest_log_append(folder, &who, entries, &err) < 0)
		fail_msg("%s: %s", err.name, err.text);
	json_decref(entries);
}

static void append_releases(const char *folder, unsigned from, unsigned to)
{
	json_t *list = json_array();

	for (unsigned i = from; i < to; i++)
		json_array_append_new(list, release("hello", i, 0));
	append(folder, list);
}

static struct attest_log *open_good(const char *folder)
{
	const struct attest_log_trust who = trust();
	struct err err = {0};
	struct attest_log *log = attest_log_open(folder, &who, &err);

	if (!log)
		fail_msg("%s: %s: %s", folder, err.name, err.text);
	return log;
}

static void path_in(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", scratch, name);
}

static void worked_example(void **state)
{
	static const char *const entries[] = {"entry-0", "entry-1", "entry-2"};
	struct checkpoint checkpoint;
	struct note_key key;
	struct node leaf[3];
	struct node root;
	struct err err = {0};
	struct signer *signer = signer_open(key_path, NULL, "TEST", &err);
	char *text;
	char *line;
	char note[512];
	int64_t at;

	(void)state;
	assert_string_equal(
		vkey, "example.org/log+98af023b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
	for (int i = 0; i < 3; i++)
		assert_int_equal(tree_leaf(entries[i], 7, &leaf[i], &err), 0);
	assert_int_equal(tree_node(&leaf[0], &leaf[1], &root, &err), 0);
	assert_int_equal(tree_node(&root, &leaf[2], &root, &err), 0);
	text = checkpoint_text(origin, 3, root.hash, &err);
	line = note_line(text, strlen(text), signer, origin, NOTE_ED25519, 0, &err);
	snprintf(note, sizeof(note), "%s\n%s", text, line);
	assert_string_equal(note, known_checkpoint);
	assert_int_equal(checkpoint_read(note, strlen(note), &checkpoint, &err), 0);
	assert_int_equal(note_key_parse(vkey, &key, &err), 0);
	assert_int_equal(checkpoint_signed(&checkpoint, &key, &at, &err), 1);
	note[16] = '4';
	assert_int_equal(checkpoint_read(note, strlen(note), &checkpoint, &err), 0);
	assert_int_equal(checkpoint_signed(&checkpoint, &key, &at, &err), -1);
	free(text);
	free(line);
	signer_close(signer);
}

static void ten_thousand_releases(void **state)
{
	static struct tree tree;
	struct node proof[PROOF_MAX];
	struct attest_log *log;
	struct node root;
	struct err err = {0};
	char folder[64];
	size_t count;

	(void)state;
	path_in(folder, sizeof(folder), "many");
	/* In pieces of odd sizes, so that tiles end everywhere. */
	for (unsigned at = 0, step = 1; at < MANY; at += step, step = step * 2 % 509) {
		if (step > MANY - at)
			step = MANY - at;
		append_releases(folder, at, at + step);
	}
	log = open_good(folder);
	assert_int_equal(attest_log_size(log), MANY);
	attest_log_close(log);
	tree.folder = folder;
	tree.size = MANY;
	assert_int_equal(tree_range(&tree, 0, MANY, &root, &err), 0);
	for (unsigned i = 0; i < MANY; i += i < 600 ? 1 : 13) {
		json_t *entry = release("hello", i, 0);
		struct node leaf;
		size_t size;
		char *text = entry_text(entry, &size, &err);

		assert_int_equal(tree_leaf(text, size, &leaf, &err), 0);
		assert_int_equal(tree_prove(&tree, i, proof, &count, &err), 0);
		assert_int_equal(proof_holds(&leaf, i, MANY, proof, count, &root, &err), 1);
		assert_int_equal(proof_holds(&leaf, i + 1, MANY, proof, count, &root, &err), 0);
		leaf.hash[0] ^= 1;
		assert_int_equal(proof_holds(&leaf, i, MANY, proof, count, &root, &err), 0);
		free(text);
		json_decref(entry);
	}
}

static void consistency(void **state)
{
	static struct tree tree;
	struct node proof[PROOF_MAX];
	struct node older_root;
	struct node root;
	struct err err = {0};
	char folder[64];
	size_t count;

	(void)state;
	path_in(folder, sizeof(folder), "many");
	tree.folder = folder;
	tree.size = MANY;
	assert_int_equal(tree_range(&tree, 0, MANY, &root, &err), 0);
	for (uint64_t older = 1; older <= MANY; older += older < 300 ? 1 : 97) {
		assert_int_equal(tree_range(&tree, 0, older, &older_root, &err), 0);
		assert_int_equal(tree_prove_older(&tree, older, proof, &count, &err), 0);
		assert_int_equal(
			proof_older_holds(older, &older_root, MANY, &root, proof, count, &err), 1);
		older_root.hash[31] ^= 1;
		assert_int_equal(
			proof_older_holds(older, &older_root, MANY, &root, proof, count, &err), 0);
		older_root.hash[31] ^= 1;
		if (count > 0) {
			proof[count - 1].hash[0] ^= 1;
			assert_int_equal(proof_older_holds(older, &older_root, MANY, &root, proof,
							   count, &err),
					 0);
		}
	}
}

static void put(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_true(file && fwrite(data, 1, size, file) == size);
	assert_int_equal(fclose(file), 0);
}

static char changed_file[4096];
static unsigned changes;

static void expect_refused(const char *what, long at)
{
	const struct attest_log_trust who = trust();
	struct err err = {0};
	char folder[64];
	struct attest_log *log;

	path_in(folder, sizeof(folder), "few");
	log = attest_log_open(folder, &who, &err);
	if (log)
		fail_msg("%s: %s at %ld: a refusal expected, found it accepted", changed_file, what,
			 at);
	/* What is missing altogether is the environment's fault. */
	assert_in_range(err.status, EXIT_VERIFY, EXIT_ENVIRONMENT);
	changes++;
}

/* Each file: a bit of every so many bytes, cut short, made longer, taken away. */
static int change_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char moved[80];
	struct err err = {0};
	size_t size;
	char *data;
	int fd;

	(void)st;
	(void)ftw;
	/* Of a partial tile the one in use alone. */
	if (type != FTW_F ||
	    (strstr(path, ".p/") && !strstr(path, "/188") && !strstr(path, ".p/2")))
		return 0;
	snprintf(changed_file, sizeof(changed_file), "%s", path);
	data = read_small_file(path, 1 << 24, &size, &err);
	assert_non_null(data);
	fd = open(path, O_RDWR);
	for (size_t at = 0; at < size; at += size / 11 + 1) {
		char other = (char)(data[at] ^ 4);

		assert_int_equal(pwrite(fd, &other, 1, (off_t)at), 1);
		expect_refused("a bit", (long)at);
		assert_int_equal(pwrite(fd, data + at, 1, (off_t)at), 1);
	}
	assert_int_equal(ftruncate(fd, (off_t)size - 1), 0);
	expect_refused("cut short", (long)size);
	assert_int_equal(pwrite(fd, data + size - 1, 1, (off_t)size - 1), 1);
	assert_int_equal(pwrite(fd, "x", 1, (off_t)size), 1);
	expect_refused("made longer", (long)size);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
	path_in(moved, sizeof(moved), "moved");
	assert_int_equal(rename(path, moved), 0);
	expect_refused("taken away", 0);
	assert_int_equal(rename(moved, path), 0);
	free(data);
	return 0;
}

static void tampering(void **state)
{
	char folder[64];
	char one[96];
	char two[96];
	char kept[96];

	(void)state;
	path_in(folder, sizeof(folder), "few");
	append_releases(folder, 0, FEW);
	attest_log_close(open_good(folder));
	assert_int_equal(nftw(folder, change_file, 16, FTW_PHYS), 0);
	/* Two bundles, and their tiles with them, in each other's place. */
	snprintf(changed_file, sizeof(changed_file), "two bundles");
	for (int level = 0; level < 2; level++) {
		snprintf(one, sizeof(one), "%s/tile/%s/000", folder, level ? "0" : "entries");
		snprintf(two, sizeof(two), "%s/tile/%s/001", folder, level ? "0" : "entries");
		snprintf(kept, sizeof(kept), "%s/kept", folder);
		assert_int_equal(rename(one, kept) | rename(two, one) | rename(kept, two), 0);
		expect_refused("exchanged", level);
	}
	print_message("# %u changes\n", changes);
	assert_true(changes > 80);
}

static void forks(void **state)
{
	const struct attest_log_trust who = trust();
	struct err err = {0};
	struct attest_log *log;
	json_t *list;
	char path[128];
	char left[64];
	char right[64];
	size_t size;
	char *older;

	(void)state;
	path_in(left, sizeof(left), "left");
	path_in(right, sizeof(right), "right");
	append_releases(left, 0, 5);
	append_releases(right, 0, 5);
	snprintf(path, sizeof(path), "%s/checkpoint", left);
	older = read_small_file(path, 65536, &size, &err);
	append_releases(left, 5, 9);
	append_releases(right, 6, 12);
	log = open_good(left);
	assert_int_equal(attest_log_continues(log, older, size, &err), 0);
	attest_log_close(log);
	log = open_good(right);
	assert_int_equal(attest_log_continues(log, older, size, &err), 0);
	free(older);
	older = read_small_file(path, 65536, &size, &err);
	assert_int_equal(attest_log_continues(log, older, size, &err), -1);
	assert_string_equal(err.name, "ATTEST-LOG-FORK");
	attest_log_close(log);
	free(older);
	/* The keeper does not sign over another beginning. */
	snprintf(path, sizeof(path), "%s/tile/0/000.p/9", left);
	assert_int_equal(truncate(path, 8 * 32), 0);
	list = json_array();
	err = (struct err){0};
	{
		const struct attest_log_keeper keeping = keeper();

		assert_int_equal(attest_log_append(left, &keeping, list, &err), -1);
	}
	assert_string_equal(err.name, "ATTEST-LOG-TILE");
	json_decref(list);
	assert_null(attest_log_open(left, &who, &err));
}

enum { PAIRS = 64 };

static void digest(unsigned char prefix, const void *a, size_t a_size, const void *b, size_t b_size,
		   struct node *out)
{
	unsigned char data[1024] = {prefix};

	assert_true(1 + a_size + b_size <= sizeof(data));
	memcpy(data + 1, a, a_size);
	memcpy(data + 1 + a_size, b, b_size);
	assert_int_equal(EVP_Digest(data, 1 + a_size + b_size, out->hash, NULL, EVP_sha256(), NULL),
			 1);
}

/* MTH of RFC 6962, 2.1, word for word. */
static void naive_head(const struct node *leaves, size_t n, struct node *head)
{
	struct node left;
	struct node right;
	size_t k = 1;

	if (n == 0) {
		assert_int_equal(EVP_Digest("", 0, head->hash, NULL, EVP_sha256(), NULL), 1);
	} else if (n == 1) {
		*head = leaves[0];
	} else {
		while (2 * k < n)
			k *= 2;
		naive_head(leaves, k, &left);
		naive_head(leaves + k, n - k, &right);
		digest(1, left.hash, 32, right.hash, 32, head);
	}
}

static void expect_inconsistent(const struct consistency *proof, const struct checkpoint *older,
				const char *what)
{
	struct err err = {0};

	if (consistency_holds(proof, older, &err) == 0)
		fail_msg("from %" PRIu64 " to %" PRIu64 ": %s: a refusal expected", older->size,
			 proof->newer.size, what);
	assert_int_equal(err.status, EXIT_VERIFY);
}

/* Nothing but the hashes from this root to that one will do. */
static void alter_consistency(const struct consistency *good, const struct checkpoint *older)
{
	struct consistency bad = *good;
	struct checkpoint other = *older;

	for (size_t i = 0; i < good->count; i++) {
		bad.nodes[i].hash[i] ^= 1;
		expect_inconsistent(&bad, older, "a hash altered");
		bad = *good;
		memmove(&bad.nodes[i], &bad.nodes[i + 1], (--bad.count - i) * sizeof(*bad.nodes));
		expect_inconsistent(&bad, older, "a hash removed");
		bad = *good;
	}
	for (size_t i = 0; i <= good->count; i++) {
		memmove(&bad.nodes[i + 1], &bad.nodes[i], (bad.count++ - i) * sizeof(*bad.nodes));
		expect_inconsistent(&bad, older, "a hash added");
		bad = *good;
	}
	bad.from++;
	expect_inconsistent(&bad, older, "from another size");
	other.size++;
	expect_inconsistent(&bad, &other, "an older checkpoint of another size");
	bad = *good;
	bad.newer.root[31] ^= 1;
	if (older->size > 0) /* every log begins with nothing */
		expect_inconsistent(&bad, older, "another root");
	other = *older;
	other.root[0] ^= 1;
	expect_inconsistent(good, &other, "another older root");
}

static void expect_consistent(struct attest_log *log, const char *note, const struct node *head,
			      uint64_t from)
{
	const struct attest_file older = {.data = note, .size = strlen(note)};
	const struct attest_log_trust who = trust();
	struct checkpoint checkpoint;
	struct consistency proof;
	struct err err = {0};
	char *text = attest_log_prove_from(log, older.data, older.size, &err);
	json_t *said;

	assert_non_null(text);
	said = attest_log_prove_from_check(text, strlen(text), &older, &who, &err);
	if (!said)
		fail_msg("from %" PRIu64 ": %s: %s", from, err.name, err.text);
	assert_int_equal(json_integer_value(json_object_get(said, "From")), from);
	assert_int_equal(json_integer_value(json_object_get(said, "Size")), attest_log_size(log));
	assert_int_equal(consistency_read(text, strlen(text), &proof, &err), 0);
	assert_int_equal(checkpoint_read(note, strlen(note), &checkpoint, &err), 0);
	assert_memory_equal(proof.newer.root, head, 32);
	alter_consistency(&proof, &checkpoint);
	json_decref(said);
	free(text);
}

static char *checkpoint_of(const char *folder)
{
	struct err err = {0};
	char path[128];
	size_t size;
	char *text;

	snprintf(path, sizeof(path), "%s/checkpoint", folder);
	text = read_small_file(path, NOTE_MAX, &size, &err);
	assert_non_null(text);
	return text;
}

/* Each size to each later one, against heads that share no code with the tree. */
static void consistency_proofs(void **state)
{
	struct node leaves[PAIRS];
	char *notes[PAIRS + 1];
	struct err err = {0};
	char folder[64];

	(void)state;
	path_in(folder, sizeof(folder), "pairs");
	for (unsigned n = 0; n <= PAIRS; n++) {
		struct attest_log *log;
		struct node head;

		append_releases(folder, n > 0 ? n - 1 : 0, n);
		if (n > 0) {
			json_t *entry = release("hello", n - 1, 0);
			size_t size;
			char *text = entry_text(entry, &size, &err);

			digest(0, text, size, "", 0, &leaves[n - 1]);
			free(text);
			json_decref(entry);
		}
		naive_head(leaves, n, &head);
		notes[n] = checkpoint_of(folder);
		log = open_good(folder);
		for (unsigned m = 0; m <= n; m++)
			expect_consistent(log, notes[m], &head, m);
		attest_log_close(log);
	}
	for (unsigned n = 0; n <= PAIRS; n++)
		free(notes[n]);
}

static void expect_no_proof(const char *text, const char *older_note, const char *name, int status)
{
	const struct attest_file older = {.data = older_note, .size = strlen(older_note)};
	const struct attest_log_trust who = trust();
	struct err err = {0};

	if (attest_log_prove_from_check(text, strlen(text), &older, &who, &err))
		fail_msg("%s expected of \"%s\"", name, text);
	assert_string_equal(err.name, name);
	assert_int_equal(err.status, status);
}

static char *prove_from(const char *folder, const char *note)
{
	struct attest_log *log = open_good(folder);
	struct err err = {0};
	char *text = attest_log_prove_from(log, note, strlen(note), &err);

	assert_non_null(text);
	attest_log_close(log);
	return text;
}

static void consistency_forks(void **state)
{
	struct err err = {0};
	struct attest_log *log;
	char left[64];
	char right[64];
	char *shared;
	char *mine;
	char *other;
	char *proof;

	(void)state;
	path_in(left, sizeof(left), "fork-left");
	path_in(right, sizeof(right), "fork-right");
	append_releases(left, 0, 5);
	append_releases(right, 0, 5);
	shared = checkpoint_of(left);
	append_releases(left, 5, 7);
	append_releases(right, 6, 8);
	mine = checkpoint_of(left);
	other = checkpoint_of(right);
	proof = prove_from(left, shared);
	expect_no_proof(proof, other, "ATTEST-LOG-FORK", EXIT_VERIFY);
	expect_no_proof(proof, mine, "ATTEST-LOG-CONSISTENCY", EXIT_VERIFY);
	free(proof);
	append_releases(left, 7, 11);
	proof = prove_from(left, mine);
	expect_no_proof(proof, shared, "ATTEST-LOG-CONSISTENCY", EXIT_VERIFY);
	expect_no_proof(proof, other, "ATTEST-LOG-CONSISTENCY", EXIT_VERIFY);
	free(mine);
	mine = checkpoint_of(left);
	log = open_good(right);
	assert_null(attest_log_prove_from(log, mine, strlen(mine), &err));
	assert_string_equal(err.name, "ATTEST-LOG-FORK");
	attest_log_close(log);
	free(proof);
	proof = prove_from(right, shared);
	expect_no_proof(proof, mine, "ATTEST-LOG-FORK", EXIT_VERIFY);
	free(proof);
	free(other);
	free(shared);
	free(mine);
}

/* The same key under another name is another log. */
static char *note_of(const char *name, uint64_t size)
{
	static const unsigned char root[SHA256_SIZE] = {1};
	struct err err = {0};
	struct signer *signer = signer_open(key_path, NULL, "TEST", &err);
	char *text = checkpoint_text(name, size, root, &err);
	char *line = note_line(text, strlen(text), signer, name, NOTE_ED25519, 0, &err);
	char *note = NULL;

	assert_true(line && asprintf(&note, "%s\n%s", text, line) > 0);
	signer_close(signer);
	free(text);
	free(line);
	return note;
}

static void consistency_forms(void **state)
{
	static const char *const bad[] = {
		"old",	      "old \n\n",   "old 5",	       "old 05\n\n",
		"old -5\n\n", "old 5 \n\n", "old 5\nAA==\n\n", "old 5\nrubbish\n\n",
		"new 5\n\n",  "old 5\n"};
	char many[64 * 45 + 16] = "old 5\n";
	char folder[64];
	char *older;
	char *proof;
	char *other;

	(void)state;
	path_in(folder, sizeof(folder), "forms");
	append_releases(folder, 0, 5);
	older = checkpoint_of(folder);
	append_releases(folder, 5, 9);
	proof = prove_from(folder, older);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_no_proof(bad[i], older, "ATTEST-LOG-CONSISTENCY", EXIT_MALFORMED);
	for (int i = 0; i < 64; i++)
		strcat(many, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	strcat(many, "\n");
	expect_no_proof(many, older, "ATTEST-LOG-CONSISTENCY", EXIT_MALFORMED);
	expect_no_proof("old 5\n\n", older, "ATTEST-LOG-CHECKPOINT", EXIT_MALFORMED);
	expect_no_proof(proof, "nothing\n", "ATTEST-LOG-CHECKPOINT", EXIT_MALFORMED);
	other = note_of("example.org/other", 5);
	expect_no_proof(proof, other, "ATTEST-LOG-SIGNATURE", EXIT_VERIFY);
	free(other);
	other = note_of(origin, 0);
	expect_no_proof(proof, other, "ATTEST-LOG-CONSISTENCY", EXIT_VERIFY);
	free(other);
	/* The number of entries is what was signed. */
	strstr(proof, "\n9\n")[1] = '8';
	expect_no_proof(proof, older, "ATTEST-LOG-SIGNATURE", EXIT_VERIFY);
	free(proof);
	free(older);
}

static struct attest_file text_of(const char *text)
{
	return (struct attest_file){.data = text, .size = text ? strlen(text) : 0};
}

/* Looks at a log, or at a proof of its first entry, as a reader with this file does. */
static struct err look(const char *seen_path, const char *folder, bool by_proof,
		       const char *consistency)
{
	const struct attest_file growth = text_of(consistency);
	const struct attest_log_trust who = trust();
	struct err ignored = {0};
	struct err err = {0};
	struct attest_log *log = open_good(folder);
	char *proof = attest_log_prove(log, 0, &ignored);
	const struct attest_file file = text_of(proof);
	struct attest_log_seen *seen = attest_log_seen_open(seen_path, &err);
	int good = seen ? 0 : -1;

	if (good == 0 && by_proof)
		good = attest_log_seen_check_proof(seen, &file, consistency ? &growth : NULL, &who,
						   &err);
	else if (good == 0)
		good = attest_log_seen_check(seen, log, &err);
	if (good == 0)
		good = attest_log_seen_keep(seen, &err);
	assert_int_equal(good == 0, err.status == 0);
	attest_log_seen_close(seen);
	attest_log_close(log);
	free(proof);
	return err;
}

static void expect_seen(const char *seen_path, const char *folder, bool by_proof,
			const char *consistency)
{
	struct err err = look(seen_path, folder, by_proof, consistency);
	char *newest = checkpoint_of(folder);
	size_t size;
	char *kept;

	if (err.status)
		fail_msg("%s: %s: %s", folder, err.name, err.text);
	kept = read_small_file(seen_path, NOTE_MAX, &size, &err);
	assert_non_null(kept);
	assert_string_equal(kept, newest);
	free(kept);
	free(newest);
}

/* Refused by folder and by proof, and what was seen stays. */
static void expect_unseen(const char *seen_path, const char *folder, const char *consistency,
			  const char *name, int status)
{
	for (int by_proof = 0; by_proof < 2; by_proof++) {
		struct err ignored = {0};
		size_t size;
		char *before = read_small_file(seen_path, NOTE_MAX, &size, &ignored);
		struct err err = look(seen_path, folder, by_proof, consistency);
		char *after = read_small_file(seen_path, NOTE_MAX, &size, &ignored);

		assert_string_equal(err.name, name);
		assert_int_equal(err.status, status);
		assert_non_null(strstr(err.text, seen_path));
		assert_true(before && after);
		assert_string_equal(before, after);
		free(before);
		free(after);
	}
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static void seen_logs(void **state)
{
	struct err err = {0};
	char folder[64];
	char forked[64];
	char rolled[64];
	char by[2][64];
	char *older;
	char *growth;

	(void)state;
	path_in(folder, sizeof(folder), "seen-log");
	path_in(forked, sizeof(forked), "seen-forked");
	path_in(rolled, sizeof(rolled), "seen-rolled");
	path_in(by[0], sizeof(by[0]), "seen-by-log");
	path_in(by[1], sizeof(by[1]), "seen-by-proof");
	append_releases(folder, 0, 3);
	append_releases(rolled, 0, 3);
	append_releases(forked, 0, 3);
	older = checkpoint_of(folder);
	/* First use, and the same again. */
	for (int by_proof = 0; by_proof < 2; by_proof++) {
		struct attest_log_seen *seen = attest_log_seen_open(by[by_proof], &err);

		assert_true(seen && attest_log_seen_nothing(seen));
		attest_log_seen_close(seen);
		expect_seen(by[by_proof], folder, by_proof, NULL);
		expect_seen(by[by_proof], folder, by_proof, NULL);
		seen = attest_log_seen_open(by[by_proof], &err);
		assert_true(seen && !attest_log_seen_nothing(seen));
		attest_log_seen_close(seen);
	}
	/* Growth: a proof alone does not show that it is one. */
	append_releases(folder, 3, 7);
	append_releases(forked, 4, 7);
	growth = prove_from(folder, older);
	err = look(by[1], folder, true, NULL);
	assert_string_equal(err.name, "ATTEST-LOG-CONSISTENCY");
	err = look(by[1], forked, true, growth);
	assert_string_equal(err.name, "ATTEST-LOG-CONSISTENCY");
	expect_seen(by[0], folder, false, NULL);
	expect_seen(by[1], folder, true, growth);
	free(growth);
	/* Another history, as long, shorter and longer; and the beginning of this one. */
	for (int i = 0; i < 2; i++) {
		expect_unseen(by[i], rolled, NULL, "ATTEST-LOG-OLDER", EXIT_VERIFY);
		expect_unseen(by[i], forked, NULL, "ATTEST-LOG-OLDER", EXIT_VERIFY);
	}
	append_releases(forked, 8, 9);
	for (int i = 0; i < 2; i++)
		expect_unseen(by[i], forked, NULL, "ATTEST-LOG-FORK", EXIT_VERIFY);
	append_releases(forked, 9, 12);
	growth = prove_from(forked, older);
	err = look(by[0], forked, false, NULL);
	assert_string_equal(err.name, "ATTEST-LOG-FORK");
	err = look(by[1], forked, true, growth);
	assert_string_equal(err.name, "ATTEST-LOG-CONSISTENCY");
	expect_seen(by[0], folder, false, NULL);
	free(growth);
	free(older);
}

static void seen_files(void **state)
{
	struct err err = {0};
	char folder[64];
	char path[128];
	char link[128];
	size_t size;
	char *kept;
	char *other;

	(void)state;
	path_in(folder, sizeof(folder), "seen-log");
	path_in(path, sizeof(path), "seen-file");
	kept = checkpoint_of(folder);
	/* Damaged in every way that a reader of checkpoints knows of, and by one letter of the
	 * root. */
	put_text(path, "");
	expect_unseen(path, folder, NULL, "ATTEST-LOG-CHECKPOINT", EXIT_MALFORMED);
	put(path, kept, strlen(kept) / 2);
	expect_unseen(path, folder, NULL, "ATTEST-LOG-CHECKPOINT", EXIT_MALFORMED);
	strstr(kept, "\n7\n")[4] ^= 1;
	put_text(path, kept);
	expect_unseen(path, folder, NULL, "ATTEST-LOG-SIGNATURE", EXIT_VERIFY);
	other = note_of("example.org/other", 3);
	put_text(path, other);
	expect_unseen(path, folder, NULL, "ATTEST-LOG-SIGNATURE", EXIT_VERIFY);
	/* What cannot be replaced, or made, is said, not passed over. */
	free(kept);
	kept = checkpoint_of(folder);
	put_text(path, kept);
	path_in(link, sizeof(link), "seen-link");
	assert_int_equal(symlink(path, link), 0);
	expect_unseen(link, folder, NULL, "FILE-CREATE", EXIT_ENVIRONMENT);
	path_in(link, sizeof(link), "nowhere/seen");
	err = look(link, folder, false, NULL);
	assert_string_equal(err.name, "FILE-OPEN");
	err = look(scratch, folder, false, NULL);
	assert_string_equal(err.name, "FILE-READ");
	assert_null(read_small_file(link, NOTE_MAX, &size, &err));
	free(kept);
	free(other);
}

/* A second reader waits for the first: what it saw is not to be forgotten for an older one. */
static void seen_by_two(void **state)
{
	struct err err = {0};
	struct attest_log_seen *seen;
	struct attest_log *log;
	char path[128];
	char old[64];
	char grown[64];
	int status;
	pid_t pid;

	(void)state;
	path_in(old, sizeof(old), "seen-rolled");
	path_in(grown, sizeof(grown), "seen-log");
	path_in(path, sizeof(path), "seen-twice");
	expect_seen(path, old, false, NULL);
	seen = attest_log_seen_open(path, &err);
	log = open_good(grown);
	assert_int_equal(attest_log_seen_check(seen, log, &err), 0);
	pid = fork();
	if (pid == 0) {
		attest_log_seen_close(seen); /* else it would wait for itself */
		err = look(path, old, false, NULL);
		_exit(strcmp(err.name, "ATTEST-LOG-OLDER") == 0 ? 0 : 1);
	}
	usleep(200000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(attest_log_seen_keep(seen, &err), 0);
	attest_log_seen_close(seen);
	attest_log_close(log);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The state of a witness, too: what another call of it signs meanwhile is not forgotten. */
static void witness_by_two(void **state)
{
	const struct attest_log_keeper witness = {
		.key = key_path, .origin = "example.org/w", .now = NOW};
	struct err err = {0};
	struct attest_log_seen *seen;
	struct attest_log *log;
	char fork_path[64];
	char grown[64];
	char path[128];
	int status;
	pid_t pid;

	(void)state;
	path_in(fork_path, sizeof(fork_path), "seen-forked");
	path_in(grown, sizeof(grown), "seen-log");
	path_in(path, sizeof(path), "state-twice");
	seen = attest_log_seen_open(path, &err);
	log = open_good(grown);
	assert_int_equal(attest_log_seen_check(seen, log, &err), 0);
	pid = fork();
	if (pid == 0) {
		attest_log_seen_close(seen); /* else it would wait for itself */
		attest_log_witness(fork_path, vkey, path, &witness, &err);
		_exit(strcmp(err.name, "ATTEST-LOG-FORK") == 0 ? 0 : 1);
	}
	usleep(200000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(attest_log_seen_keep(seen, &err), 0);
	attest_log_seen_close(seen);
	attest_log_close(log);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static struct err expect_no_append(const char *folder)
{
	const struct attest_log_keeper who = keeper();
	json_t *list = json_array();
	struct err err = {0};

	json_array_append_new(list, release("hello", 999, 0));
	assert_int_equal(attest_log_append(folder, &who, list, &err), -1);
	json_decref(list);
	return err;
}

/* The entries of the tile that grows are written anew, so the keeper looks at them before. */
static void keeper_checks_entries(void **state)
{
	char checkpoint[96];
	char folder[64];
	char path[96];
	size_t size;
	char *data;
	struct err err = {0};

	(void)state;
	path_in(folder, sizeof(folder), "entries");
	append_releases(folder, 0, 2);
	snprintf(path, sizeof(path), "%s/tile/entries/000.p/2", folder);
	snprintf(checkpoint, sizeof(checkpoint), "%s/checkpoint", folder);
	data = read_small_file(path, BUNDLE_MAX, &size, &err);
	assert_non_null(data);
	data[size / 2] ^= 1;
	put(path, data, size);
	err = expect_no_append(folder);
	assert_string_equal(err.name, "ATTEST-LOG-TILE");
	data[size / 2] ^= 1;
	data = realloc(data, BUNDLE_MAX);
	memset(data + size, 0, BUNDLE_MAX - size);
	put(path, data, BUNDLE_MAX);
	err = expect_no_append(folder);
	assert_string_equal(err.name, "ATTEST-LOG-ENTRY");
	put(path, data, size - 1);
	err = expect_no_append(folder);
	assert_string_equal(err.name, "ATTEST-LOG-ENTRY");
	assert_int_equal(access(checkpoint, F_OK), 0);
	put(path, data, size);
	append_releases(folder, 2, 3);
	attest_log_close(open_good(folder));
	free(data);
}

/*
 * Hands out the checkpoint as it is, once: whoever opens it, a pipe, gets its text, and by then
 * another stands in its place.
 */
static pid_t hand_out_once(const char *folder, const char *other)
{
	char path[96];
	char beside[96];
	struct err err = {0};
	size_t size;
	char *text;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/checkpoint", folder);
	snprintf(beside, sizeof(beside), "%s/beside", folder);
	text = read_small_file(path, NOTE_MAX, &size, &err);
	assert_non_null(text);
	put(beside, other, strlen(other));
	assert_int_equal(unlink(path) | mkfifo(path, 0600), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_WRONLY);

		if (rename(beside, path) < 0 || write(fd, text, size) != (ssize_t)size)
			_exit(1);
		_exit(0);
	}
	free(text);
	return pid;
}

static void witness_signs_what_it_checked(void **state)
{
	static const char other[] =
		"example.org/log\n7\npkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=\n\n";
	const struct attest_log_keeper witness = {
		.key = key_path, .origin = "example.org/w", .now = NOW};
	struct err err = {0};
	char folder[64];
	char seen[64];
	size_t size;
	char *text;
	int status;
	pid_t pid;

	(void)state;
	path_in(folder, sizeof(folder), "raced");
	path_in(seen, sizeof(seen), "seen");
	append_releases(folder, 0, 3);
	pid = hand_out_once(folder, other);
	assert_int_equal(attest_log_witness(folder, vkey, seen, &witness, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	text = read_small_file(seen, NOTE_MAX, &size, &err);
	assert_non_null(text);
	assert_memory_equal(text, "example.org/log\n3\n", 18);
	assert_non_null(strstr(text, "\xe2\x80\x94 example.org/w "));
	free(text);
}

static void expect_find(struct attest_log *log, unsigned number, const char *error)
{
	json_t *entry = release("x", number, 0);
	struct err err = {0};
	json_t *found = attest_log_find(
		log, json_object_get(json_object_get(entry, "measurements"), "nitro-x86_64"), &err);

	if (error) {
		assert_null(found);
		assert_string_equal(err.name, error);
	} else if (!found) {
		fail_msg("release %u: %s: %s", number, err.name, err.text);
	}
	json_decref(found);
	json_decref(entry);
}

static void rollback(void **state)
{
	struct err err = {0};
	struct attest_log *log;
	char folder[64];
	json_t *list;

	(void)state;
	path_in(folder, sizeof(folder), "rollback");
	list = json_array();
	json_array_append_new(list, release("hello", 0, 0));
	json_array_append_new(list, release("hello", 1, 0));
	json_array_append_new(list, release("other", 2, 5));
	append(folder, list);
	log = open_good(folder);
	expect_find(log, 0, NULL);
	expect_find(log, 1, NULL);
	expect_find(log, 9, "ATTEST-LOG-MISSING");
	attest_log_close(log);
	list = json_array();
	json_array_append_new(list, attest_log_withdrawal(1, "it leaks", &err));
	append(folder, list);
	log = open_good(folder);
	expect_find(log, 0, NULL);
	expect_find(log, 1, "ATTEST-LOG-WITHDRAWN");
	attest_log_close(log);
	list = json_array();
	json_array_append_new(list, release("hello", 3, 1));
	append(folder, list);
	log = open_good(folder);
	expect_find(log, 0, "ATTEST-LOG-SECURITY");
	expect_find(log, 3, NULL);
	expect_find(log, 2, NULL);
	attest_log_close(log);
	/* The same image under two entries: what was withdrawn last is withdrawn. */
	list = json_array();
	json_array_append_new(list, release("other", 2, 5));
	json_array_append_new(list, attest_log_withdrawal(2, "all of them", &err));
	append(folder, list);
	log = open_good(folder);
	expect_find(log, 2, "ATTEST-LOG-WITHDRAWN");
	attest_log_close(log);
	list = json_array();
	json_array_append_new(list, release("other", 2, 5));
	append(folder, list);
	log = open_good(folder);
	expect_find(log, 2, NULL);
	attest_log_close(log);
	/* A newer one that was withdrawn outdates nothing. */
	list = json_array();
	json_array_append_new(list, attest_log_withdrawal(4, "worse", &err));
	append(folder, list);
	log = open_good(folder);
	expect_find(log, 0, NULL);
	attest_log_close(log);
}

/*
 * Every call that changes a file or a folder passes here in place of the C library's, so that a
 * process can be ended at the first, the second, ... of them; a write is ended in its middle.
 */
static long calls_left = -1;

static void pass(void)
{
	if (calls_left >= 0 && calls_left-- == 0)
		kill(getpid(), SIGKILL);
}

/* What reached the disk, and what got its name, in order. */
static char events[256];

static void note_event(const char *event)
{
	size_t used = strlen(events);

	snprintf(events + used, sizeof(events) - used, "%s ", event);
}

int fdatasync(int fd)
{
	note_event("data");
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	note_event("folder");
	return (int)syscall(SYS_fsync, fd);
}

ssize_t write(int fd, const void *data, size_t size)
{
	if (calls_left == 0)
		syscall(SYS_write, fd, data, size / 2);
	pass();
	return syscall(SYS_write, fd, data, size);
}

int rename(const char *from, const char *to)
{
	pass();
	note_event(strrchr(to, '/') + 1);
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode)
{
	pass();
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int unlinkat(int fd, const char *name, int flags)
{
	pass();
	return (int)syscall(SYS_unlinkat, fd, name, flags);
}

static void expect_events(const char *expected)
{
	assert_string_equal(events, expected);
	events[0] = '\0';
}

/* No name before its bytes, no checkpoint before its tiles, none done before all is on the disk. */
static void power_cuts(void **state)
{
	const struct attest_log_keeper witness = {
		.key = key_path, .origin = "example.org/w", .now = NOW};
	struct err err = {0};
	char folder[64];
	char path[128];

	(void)state;
	path_in(folder, sizeof(folder), "durable");
	snprintf(path, sizeof(path), "%s/state", folder);
	events[0] = '\0';
	append_releases(folder, 0, 1);
	/* The log's folder, tile, tile/0, 000.p; and tile/entries with its 000.p. */
	expect_events("folder folder folder folder data 1 folder "
		      "folder folder data 1 folder data checkpoint folder ");
	append_releases(folder, 1, 2);
	expect_events("data 2 folder data 2 folder data checkpoint folder ");
	/* In the log's own folder, which is locked once. */
	assert_int_equal(attest_log_witness(folder, vkey, path, &witness, &err), 0);
	expect_events("data state folder data checkpoint folder ");
	path_in(path, sizeof(path), "durable-seen");
	expect_seen(path, folder, false, NULL);
	expect_events("data durable-seen folder ");
}

/* Whether a process was ended at that call of an append of entries from ... to. */
static bool append_and_die(const char *folder, unsigned from, unsigned to, long call)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		calls_left = call;
		append_releases(folder, from, to);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	return status != 0;
}

static int no_leftover(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (path[ftw->base] == '.')
		fail_msg("%s: nothing unfinished expected", path);
	return 0;
}

/*
 * Killed anywhere in an append that ends a tile and begins one, the log is the old or the new. What
 * is left of one that was killed lies in the way of the next.
 */
static void killed(void **state)
{
	enum { BEFORE = 250, AFTER = 270 };
	uint64_t size = AFTER;
	unsigned began = 0;
	long call = 0;
	long old = 0;
	char folder[64];
	bool died;

	(void)state;
	do {
		struct attest_log *log;
		char name[32];
		char tile[96];

		if (size == AFTER) {
			snprintf(name, sizeof(name), "killed-%ld", call);
			path_in(folder, sizeof(folder), name);
			append_releases(folder, 0, 1);
			append_releases(folder, 1, BEFORE);
		}
		died = append_and_die(folder, BEFORE, AFTER, call);
		log = open_good(folder);
		size = attest_log_size(log);
		attest_log_close(log);
		/* The first new file is there, and the checkpoint is not yet. */
		snprintf(tile, sizeof(tile), "%s/tile/0/000", folder);
		began += size == BEFORE && access(tile, F_OK) == 0;
		old += size == BEFORE;
		call++;
		assert_true(size == AFTER || (size == BEFORE && died && old == call));
		if (size == AFTER) {
			append_releases(folder, AFTER, AFTER + 1);
			assert_int_equal(nftw(folder, no_leftover, 16, FTW_PHYS), 0);
		}
	} while (died);
	print_message(
		"# killed at %ld calls, before the checkpoint %ld, %u of them with new tiles\n",
		call - 1, old, began);
	assert_true(began > 8 && call - 1 > old);
}

static void ages(void **state)
{
	struct attest_log_trust who = trust();
	struct err err = {0};
	char folder[64];

	(void)state;
	path_in(folder, sizeof(folder), "rollback");
	who.now = NOW + 3601;
	assert_null(attest_log_open(folder, &who, &err));
	assert_string_equal(err.name, "ATTEST-LOG-STALE");
	who.now = NOW - 3601;
	assert_null(attest_log_open(folder, &who, &err));
	assert_string_equal(err.name, "ATTEST-LOG-STALE");
	who = trust();
	who.key = "example.org/log+98af023b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5";
	assert_null(attest_log_open(folder, &who, &err));
	assert_string_equal(err.name, "ATTEST-LOG-KEY");
	append(folder, json_array());
	attest_log_close(open_good(folder));
}

#define RIM	  "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER_RIM "2222222222222222222222222222222222222222222222222222222222222222"
#define NAMED	  "\"name\":\"n\",\"security\":0,\"type\":\"release\",\"version\":\"1\"}"

/* The launch configuration is PCR16, which stands beside the other PCRs. */
static void launch_configuration(void **state)
{
	static const char format[] =
		"{\"Recipe\":\"n\",\"Measurements\":{\"HashAlgorithm\":\"x\","
		"\"PCR0\":\"%s\",\"PCR1\":\"%s\",\"PCR2\":\"%s\"},\"PCR16\":\"%s\"}";
	struct attest_values values = {.platform = ATTEST_NITRO};
	struct err err = {0};
	char sum[HASH_MAX_HEX];
	char text[1024];
	char folder[64];
	char path[128];
	char hex[97];
	json_t *entry;
	int size;

	(void)state;
	memset(hex, '1', 96);
	hex[96] = '\0';
	path_in(folder, sizeof(folder), "release");
	snprintf(path, sizeof(path), "%s/nitro", folder);
	assert_int_equal(mkdir(folder, 0700) | mkdir(path, 0700), 0);
	size = snprintf(text, sizeof(text), format, hex, hex, hex, hex);
	snprintf(path, sizeof(path), "%s/nitro/measurements.json", folder);
	put(path, text, (size_t)size);
	assert_int_equal(data_sha256(text, (size_t)size, sum, &err), 0);
	size = snprintf(text, sizeof(text), "%s  nitro/measurements.json\n", sum);
	snprintf(path, sizeof(path), "%s/SHA256SUMS", folder);
	put(path, text, (size_t)size);
	entry = attest_log_release(folder, "1", 0, &err);
	if (!entry)
		fail_msg("%s: %s", err.name, err.text);
	for (int i = 0; i < 17; i += i == 2 ? 14 : 1) {
		values.pcr[i].size = 48;
		memset(values.pcr[i].data, 0x11, 48);
	}
	assert_true(entry_has(entry, &values));
	values.pcr[16].data[0] ^= 1;
	assert_false(entry_has(entry, &values));
	json_decref(entry);
}

/* Any of a realm's RIMs is the realm's. */
static void realm_entry(void **state)
{
	static const char good[] =
		"{\"files\":{\"f\":\"" RIM "\"},\"measurements\":{\"t\":[{\"RIM\":\"" RIM
		"\"},{\"RIM\":\"" OTHER_RIM "\"}]}," NAMED;
	struct err err = {0};
	json_t *entry = entry_parse(good, sizeof(good) - 1, 0, &err);
	struct attest_values values = {.platform = ATTEST_CCA, .rim = {.size = 32}};

	(void)state;
	assert_non_null(entry);
	memset(values.rim.data, 0x11, 32);
	assert_true(entry_has(entry, &values));
	memset(values.rim.data, 0x22, 32);
	assert_true(entry_has(entry, &values));
	memset(values.rim.data, 0x33, 32);
	assert_false(entry_has(entry, &values));
	json_decref(entry);
}

static void bad_entries(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"type\":\"release\"}",
		"{\"entry\":0,\"reason\":\"x\",\"type\":\"withdrawal\"}",
		"{\"entry\":-1,\"reason\":\"x\",\"type\":\"withdrawal\"}",
		"{\"type\":\"news\"}",
		"[]",
		"{\"files\":{\"f\":\"" RIM "\"},\"measurements\":{\"t\":[]}," NAMED,
		"{\"files\":{\"f\":\"" RIM "\"},\"measurements\":{\"t\":[{\"RIM\":\"" RIM
		"\"}]}," NAMED,
		"{\"files\":{\"f\":\"" RIM "\"},\"measurements\":{\"t\":[{\"RIM\":\"" RIM
		"\"},{\"RIM\":\"1\"}]}," NAMED,
		"{\"files\":{\"f\":\"" RIM "\"},\"measurements\":{\"t\":[{\"RIM\":\"" RIM
		"\"},[]]}," NAMED,
	};
	const struct attest_log_keeper who = keeper();
	char folder[64];

	(void)state;
	path_in(folder, sizeof(folder), "bad");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *list = json_array();
		struct err err = {0};

		json_array_append_new(list, json_loads(bad[i], JSON_DECODE_ANY, NULL));
		assert_int_equal(attest_log_append(folder, &who, list, &err), -1);
		assert_string_equal(err.name, "ATTEST-LOG-ENTRY");
		json_decref(list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_example),
		cmocka_unit_test(ten_thousand_releases),
		cmocka_unit_test(consistency),
		cmocka_unit_test(tampering),
		cmocka_unit_test(forks),
		cmocka_unit_test(consistency_proofs),
		cmocka_unit_test(consistency_forks),
		cmocka_unit_test(consistency_forms),
		cmocka_unit_test(seen_logs),
		cmocka_unit_test(seen_files),
		cmocka_unit_test(seen_by_two),
		cmocka_unit_test(witness_by_two),
		cmocka_unit_test(power_cuts),
		cmocka_unit_test(rollback),
		cmocka_unit_test(keeper_checks_entries),
		cmocka_unit_test(witness_signs_what_it_checked),
		cmocka_unit_test(killed),
		cmocka_unit_test(ages),
		cmocka_unit_test(bad_entries),
		cmocka_unit_test(realm_entry),
		cmocka_unit_test(launch_configuration),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
