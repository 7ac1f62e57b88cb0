/* Folders that the application is promised. */
#ifndef MINTMARK_FOLDERS_H
#define MINTMARK_FOLDERS_H

#include "refusal.h"

/*
 * Makes the folder at an absolute path, and those above it, 0755 and root's, as far as they are
 * missing; links on the way are followed. INIT-FOLDER when there is something else.
 */
int folder_make(const char *path, struct refusal *why);

#endif
