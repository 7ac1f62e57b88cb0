/* Small files, read whole into memory that the caller has. */
#ifndef MINTMARK_READFILE_H
#define MINTMARK_READFILE_H

#include <stddef.h>

/*
 * Reads the regular file at path (the last component may not be a symbolic link) and sets *size.
 * Returns -1 with errno set on failure; EFBIG when the file has more than room bytes, EINVAL when
 * it is not a regular file.
 */
int read_whole_file(const char *path, char *data, size_t room, size_t *size);

#endif
