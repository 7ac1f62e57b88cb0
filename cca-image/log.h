/* The log of a measurement: every operation, with the RIM after it. */
#ifndef MINTMARK_REALM_LOG_H
#define MINTMARK_REALM_LOG_H

#include "outfile.h"
#include "room.h"

enum log_format {
	LOG_TRACE, /* schema rim-traces/1, for realm replay */
	LOG_LINES, /* one line of words for each, for anyone */
};

struct log {
	struct outfile out;
	enum log_format format;
	bool any; /* an operation was written */
};

#define LOG_INIT ((struct log){.out = OUTFILE_INIT})

/* Begins a log of a realm with these parameters. */
int log_open(struct log *log, const char *path, enum log_format format, enum realm_rmm rmm,
	     const struct realm_params *params, struct err *err);

/* One operation; fits struct realm_watcher. */
int log_event(void *context, const struct realm_event *event, const struct realm_rim *rim,
	      struct err *err);

/* Ends the log and gives it its name. */
int log_commit(struct log *log, enum realm_rmm rmm, const unsigned char *rim, size_t size,
	       struct err *err);

void log_close(struct log *log);

#endif
