/*
 * Folders that list their entries backwards, preloaded into the programs of a build step by `make verify`.
 * A file system promises no order; whoever relies on one is found out.
 * Test-only: env/run refuses it where results are published.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct listing {
	struct listing *next;
	DIR *folder;
	size_t left;              /* entries[left - 1] is the next to be told */
	struct dirent64 **entries;
	size_t count;
};

static struct listing *listings;

static struct dirent64 *(*real_readdir)(DIR *);

static struct listing **find(DIR *folder)
{
	struct listing **at = &listings;

	while (*at && (*at)->folder != folder)
		at = &(*at)->next;
	return at;
}

static void forget(DIR *folder)
{
	struct listing **at = find(folder), *gone = *at;

	if (!gone)
		return;
	*at = gone->next;
	while (gone->count)
		free(gone->entries[--gone->count]);
	free(gone->entries);
	free(gone);
}

/* Reads the whole folder; without memory the program ends, because a part would be another folder. */
static struct listing *list(DIR *folder)
{
	struct listing *listing = calloc(1, sizeof *listing);
	struct dirent64 *entry;

	if (!listing)
		abort();
	if (!real_readdir)
		real_readdir = (struct dirent64 *(*)(DIR *))dlsym(RTLD_NEXT, "readdir64");
	while ((entry = real_readdir(folder))) {
		listing->entries = realloc(listing->entries, (listing->count + 1) * sizeof *listing->entries);
		if (!listing->entries || !(listing->entries[listing->count] = malloc(entry->d_reclen)))
			abort();
		memcpy(listing->entries[listing->count++], entry, entry->d_reclen);
	}
	listing->left = listing->count;
	listing->folder = folder;
	listing->next = listings;
	listings = listing;
	return listing;
}

struct dirent64 *readdir64(DIR *folder)
{
	struct listing *listing = *find(folder);

	if (!listing)
		listing = list(folder);
	return listing->left ? listing->entries[--listing->left] : NULL;
}

/* The two structures are one on this 64-bit system. */
struct dirent *readdir(DIR *folder)
{
	return (struct dirent *)readdir64(folder);
}

void rewinddir(DIR *folder)
{
	static void (*real)(DIR *);

	if (!real)
		real = (void (*)(DIR *))dlsym(RTLD_NEXT, "rewinddir");
	forget(folder);
	real(folder);
}

int closedir(DIR *folder)
{
	static int (*real)(DIR *);

	if (!real)
		real = (int (*)(DIR *))dlsym(RTLD_NEXT, "closedir");
	forget(folder);
	return real(folder);
}
