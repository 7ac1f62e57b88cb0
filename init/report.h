/* The last word: how the application ended. */
#ifndef MINTMARK_REPORT_H
#define MINTMARK_REPORT_H

#include "supervise.h"

/*
 * Says "exit status N" or "killed by signal N" as one line to CID 3 port 9001, then on the console.
 * Tries once and takes at most three seconds: a parent that does not listen changes nothing.
 */
void report_end(const struct ending *end);

#endif
