/* Makes folders. Never changes one that is there. */
#include "folders.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

int folder_make(const char *path, struct refusal *why)
{
	char part[PATH_MAX];
	size_t size = strlen(path);
	struct stat st;

	if (size >= sizeof(part) || path[0] != '/')
		return refuse(why, "INIT-FOLDER",
			      "\"%.200s\": expected an absolute path below %d bytes", path,
			      PATH_MAX);
	for (size_t end = 1; end <= size; end++) {
		if (path[end] != '/' && path[end] != '\0')
			continue;
		memcpy(part, path, end);
		part[end] = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return refuse_errno(why, "INIT-FOLDER", "%.200s: make the folder", part);
	}
	if (stat(path, &st))
		return refuse_errno(why, "INIT-FOLDER", "%.200s: expected a folder, found", path);
	if (!S_ISDIR(st.st_mode))
		return refuse(why, "INIT-FOLDER", "%.200s: expected a folder, found another type",
			      path);
	return 0;
}
