/*
 * Scope-bound ownership, so that each function has one way out: a variable marked cleanup_* lets go
 * of what it owns when it leaves its scope, unless steal_ptr() or steal_fd() took it first.
 */
#ifndef MINTMARK_CLEANUP_H
#define MINTMARK_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_at(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_at(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose_at(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define cleanup_with(f) __attribute__((cleanup(f)))
#define cleanup_free	cleanup_with(cleanup_free_at)
#define cleanup_close	cleanup_with(cleanup_close_at)
#define cleanup_fclose	cleanup_with(cleanup_fclose_at)

/* Returns the pointer and leaves NULL behind. */
#define steal_ptr(p)                                                                               \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#endif
