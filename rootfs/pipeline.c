/*
 * One ring, three parties: the decoder fills slots in order, the digest and the reader each go
 * through them in the same order, and a slot is filled anew when both are done with it. Where there
 * can be no threads the reader does all of it itself: the bytes and the errors are the same.
 */
#include "pipeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Large slots, because ISA-L copies its window of 32 KiB at each call; together 4 MiB. */
enum { SLOTS = 8, SLOT_SIZE = 512 * 1024 };

struct pipeline {
	struct decoder *decoder;
	struct hash *plain;
	const struct rootfs_limits *limits;
	unsigned char *memory;
	size_t size[SLOTS]; /* bytes in each */
	uint64_t total;	    /* bytes decoded */
	size_t used;	    /* bytes that the reader took from its slot */

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	uint64_t made; /* slots so far, by each party */
	uint64_t hashed;
	uint64_t taken;
	bool ended;	    /* nothing will be made after this */
	bool stopped;	    /* nobody wants it any more */
	struct err trouble; /* behind the last slot */

	bool started;
	bool decodes; /* in a thread */
	bool hashes;  /* in a thread */
	pthread_t decoding;
	pthread_t hashing;
};

struct pipeline *pipeline_new(struct decoder *decoder, struct hash *plain,
			      const struct rootfs_limits *limits, struct err *err)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (p)
		p->memory = malloc((size_t)SLOTS * SLOT_SIZE);
	if (!p || !p->memory) {
		free(p);
		err_errno(err, "ROOTFS-MEMORY", "%s", decoder->input->name);
		return NULL;
	}
	p->decoder = decoder;
	p->plain = plain;
	p->limits = limits;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	return p;
}

static unsigned char *slot(const struct pipeline *p, uint64_t number)
{
	return p->memory + (size_t)(number % SLOTS) * SLOT_SIZE;
}

static int check_limits(const struct pipeline *p, struct err *err)
{
	if (!p->limits)
		return 0;
	if (p->total > p->limits->bytes)
		return limit_exceeded(p->limits, "bytes", "more", err);
	return limit_ratio(p->limits, decoder_used(p->decoder), p->total, err);
}

/* Decodes into a slot that is free. */
static int fill(struct pipeline *p, uint64_t number, struct err *err)
{
	ssize_t n = p->decoder->read(p->decoder, slot(p, number), SLOT_SIZE, err);

	p->size[number % SLOTS] = n > 0 ? (size_t)n : 0;
	if (n < 0)
		return -1;
	p->total += (uint64_t)n;
	return check_limits(p, err) < 0 ? err_wrap(err, "%s", p->decoder->input->name) : 0;
}

static int hash_slot(struct pipeline *p, uint64_t number, struct err *err)
{
	return hash_update(p->plain, slot(p, number), p->size[number % SLOTS], err);
}

/* A failure of either thread; the first one stays. With the lock held. */
static void set_trouble(struct pipeline *p, const struct err *err)
{
	if (err->status && !p->trouble.status)
		p->trouble = *err;
}

/* Fills the next slot, which is free; false when it was the last. */
static bool decode_one(struct pipeline *p)
{
	struct err err = {0};
	uint64_t number = p->made; /* nobody else changes it */
	int failed = fill(p, number, &err);
	bool more = failed == 0 && p->size[number % SLOTS] > 0;

	if (more && p->plain && !p->hashes)
		more = hash_slot(p, number, &err) == 0;
	pthread_mutex_lock(&p->lock);
	set_trouble(p, &err);
	p->ended = !more;
	p->made += more;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return more;
}

/* With the lock held. */
static bool has_room(const struct pipeline *p)
{
	uint64_t done = p->hashes && p->hashed < p->taken ? p->hashed : p->taken;

	return p->made - done < SLOTS;
}

static void *decode_all(void *data)
{
	struct pipeline *p = data;
	bool stopped;

	do {
		pthread_mutex_lock(&p->lock);
		while (!has_room(p) && !p->stopped)
			pthread_cond_wait(&p->changed, &p->lock);
		stopped = p->stopped;
		pthread_mutex_unlock(&p->lock);
	} while (!stopped && decode_one(p));
	return NULL;
}

/* Hashes the next slot, which is filled; after a failure there is nothing more to do. */
static bool hash_one(struct pipeline *p)
{
	struct err err = {0};
	bool done = hash_slot(p, p->hashed, &err) == 0;

	pthread_mutex_lock(&p->lock);
	set_trouble(p, &err);
	p->stopped |= !done;
	p->hashed++;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return done;
}

static void *hash_all(void *data)
{
	struct pipeline *p = data;
	bool more;

	do {
		pthread_mutex_lock(&p->lock);
		while (p->hashed == p->made && !p->ended && !p->stopped)
			pthread_cond_wait(&p->changed, &p->lock);
		more = p->hashed < p->made && !p->stopped;
		pthread_mutex_unlock(&p->lock);
	} while (more && hash_one(p));
	return NULL;
}

/* The digest's thread comes first: the decoder's asks whether there is one. */
static void start(struct pipeline *p)
{
	p->started = true;
	p->hashes = p->plain && pthread_create(&p->hashing, NULL, hash_all, p) == 0;
	p->decodes = pthread_create(&p->decoding, NULL, decode_all, p) == 0;
}

/*
 * For a reader that decodes itself: waits until a slot is free, for the digest may still be behind;
 * whether one has to be filled.
 */
static bool await_room(struct pipeline *p)
{
	bool needed;

	pthread_mutex_lock(&p->lock);
	while (!has_room(p) && !p->stopped)
		pthread_cond_wait(&p->changed, &p->lock);
	needed = p->taken == p->made && !p->ended && !p->stopped;
	pthread_mutex_unlock(&p->lock);
	return needed;
}

/* Waits for the reader's next slot: whether there is one. */
static bool await_slot(struct pipeline *p)
{
	bool there;

	if (!p->started)
		start(p);
	if (!p->decodes && await_room(p))
		decode_one(p);
	pthread_mutex_lock(&p->lock);
	while (p->taken == p->made && !p->ended && !p->stopped)
		pthread_cond_wait(&p->changed, &p->lock);
	there = p->taken < p->made && !p->stopped;
	pthread_mutex_unlock(&p->lock);
	return there;
}

static void release_slot(struct pipeline *p)
{
	pthread_mutex_lock(&p->lock);
	p->taken++;
	p->used = 0;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

/* Copies from the reader's slot. */
static size_t take(struct pipeline *p, void *data, size_t size)
{
	size_t there = p->size[p->taken % SLOTS];

	if (size > there - p->used)
		size = there - p->used;
	memcpy(data, slot(p, p->taken) + p->used, size);
	p->used += size;
	if (p->used == there)
		release_slot(p);
	return size;
}

static bool report_trouble(struct pipeline *p, struct err *err)
{
	bool failed;

	pthread_mutex_lock(&p->lock);
	failed = p->trouble.status != 0;
	if (failed)
		*err = p->trouble;
	pthread_mutex_unlock(&p->lock);
	return failed;
}

ssize_t pipeline_read(struct pipeline *p, void *data, size_t size, struct err *err)
{
	char *to = data;
	size_t used = 0;

	while (used < size) {
		if (p->used == 0 && !await_slot(p))
			break;
		used += take(p, to + used, size - used);
	}
	/* Less than was asked for means the end; what came before a failure is of no use. */
	return used == size || !report_trouble(p, err) ? (ssize_t)used : -1;
}

static void join(struct pipeline *p)
{
	pthread_mutex_lock(&p->lock);
	/* All of it was read: the digest may still be on its way. */
	p->stopped |= !p->ended || p->taken < p->made;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	if (p->decodes)
		pthread_join(p->decoding, NULL);
	if (p->hashes)
		pthread_join(p->hashing, NULL);
	p->decodes = false;
	p->hashes = false;
}

int pipeline_finish(struct pipeline *p, struct err *err)
{
	join(p);
	return report_trouble(p, err) ? -1 : 0;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	join(p);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p->memory);
	free(p);
}
