/*
 * Whoever has nothing else to do takes the strand that is furthest behind one block further. So the
 * cores are busy as long as there is work, whatever each strand costs; a strand's own order never
 * changes, and with it no result.
 */
#include "ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Beside the caller's. No image keeps more than four cores busy, since two strands take most. */
enum { MAX_HELPERS = 3, STACK_SIZE = 256 * 1024 };

struct ring {
	unsigned char *memory;
	struct block blocks[RING_BLOCKS];
	struct strand strands[RING_MAX_STRANDS];
	unsigned strand_count;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	uint64_t made;			 /* blocks so far */
	uint64_t done[RING_MAX_STRANDS]; /* of these, by each strand */
	bool busy[RING_MAX_STRANDS];	 /* a thread is at it */
	bool ended;			 /* nobody wants it any more */
	struct err trouble;		 /* of the first strand that failed */

	bool started;
	unsigned helper_count;
	pthread_t helpers[MAX_HELPERS];
};

struct ring *ring_new(const struct strand *strands, unsigned count, struct err *err)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (ring)
		ring->memory = malloc((size_t)RING_BLOCKS * RING_BLOCK);
	if (!ring || !ring->memory) {
		free(ring);
		err_errno(err, "MEMORY", "a ring of %d bytes", RING_BLOCKS * RING_BLOCK);
		return NULL;
	}
	for (unsigned i = 0; i < RING_BLOCKS; i++)
		ring->blocks[i].data = ring->memory + (size_t)i * RING_BLOCK;
	for (unsigned i = 0; i < count; i++)
		ring->strands[i] = strands[i];
	ring->strand_count = count;
	pthread_mutex_init(&ring->lock, NULL);
	pthread_cond_init(&ring->changed, NULL);
	return ring;
}

/* Blocks that every strand is done with. With the lock held, as all below it. */
static uint64_t slowest(const struct ring *ring)
{
	uint64_t done = ring->made;

	for (unsigned i = 0; i < ring->strand_count; i++)
		if (ring->done[i] < done)
			done = ring->done[i];
	return done;
}

/* The strand that is furthest behind and free; strand_count when there is nothing to do. */
static unsigned pick(const struct ring *ring)
{
	unsigned found = ring->strand_count;
	uint64_t done = ring->made;

	if (ring->trouble.status)
		return found;
	for (unsigned i = 0; i < ring->strand_count; i++)
		if (!ring->busy[i] && ring->done[i] < done) {
			found = i;
			done = ring->done[i];
		}
	return found;
}

/* One block of one strand, without the lock meanwhile; false when there was nothing to do. */
static bool step(struct ring *ring)
{
	unsigned i = pick(ring);
	struct err err = {0};
	int result;

	if (i == ring->strand_count)
		return false;
	ring->busy[i] = true;
	pthread_mutex_unlock(&ring->lock);
	result = ring->strands[i].take(ring->strands[i].context,
				       &ring->blocks[ring->done[i] % RING_BLOCKS], &err);
	pthread_mutex_lock(&ring->lock);
	ring->busy[i] = false;
	ring->done[i]++;
	if (result < 0 && !ring->trouble.status)
		ring->trouble = err;
	pthread_cond_broadcast(&ring->changed);
	return true;
}

static void step_or_wait(struct ring *ring)
{
	if (!step(ring))
		pthread_cond_wait(&ring->changed, &ring->lock);
}

static void *help(void *data)
{
	struct ring *ring = data;

	pthread_mutex_lock(&ring->lock);
	while (!ring->ended)
		step_or_wait(ring);
	pthread_mutex_unlock(&ring->lock);
	return NULL;
}

/* Processors that this process may use. */
static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set)
							    : MAX_HELPERS + 1;
}

/*
 * As many as there can be; none is no failure. More threads than processors would take turns, and
 * the costliest strand, for which all others wait in the end, would lose some of its own.
 */
static void start(struct ring *ring)
{
	unsigned most = processors() - 1;
	pthread_attr_t attributes;

	ring->started = true;
	if (pthread_attr_init(&attributes) != 0)
		return;
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (most > MAX_HELPERS)
		most = MAX_HELPERS;
	while (ring->helper_count < most && ring->helper_count + 1 < ring->strand_count &&
	       pthread_create(&ring->helpers[ring->helper_count], &attributes, help, ring) == 0)
		ring->helper_count++;
	pthread_attr_destroy(&attributes);
}

static int report(const struct ring *ring, struct err *err)
{
	if (!ring->trouble.status)
		return 0;
	*err = ring->trouble;
	return -1;
}

struct block *ring_room(struct ring *ring, struct err *err)
{
	int result;

	pthread_mutex_lock(&ring->lock);
	while (ring->made - slowest(ring) == RING_BLOCKS && !ring->trouble.status) {
		if (!ring->started)
			start(ring);
		step_or_wait(ring);
	}
	result = report(ring, err);
	pthread_mutex_unlock(&ring->lock);
	return result < 0 ? NULL : &ring->blocks[ring->made % RING_BLOCKS];
}

void ring_put(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->made++;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

static void join(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->ended = true;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
	while (ring->helper_count > 0)
		pthread_join(ring->helpers[--ring->helper_count], NULL);
}

int ring_finish(struct ring *ring, struct err *err)
{
	pthread_mutex_lock(&ring->lock);
	while (slowest(ring) < ring->made && !ring->trouble.status)
		step_or_wait(ring);
	pthread_mutex_unlock(&ring->lock);
	join(ring);
	return report(ring, err);
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	join(ring);
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->lock);
	free(ring->memory);
	free(ring);
}
