/*
 * Images that are whole but have no name yet, for the room's own files: the commands print what
 * they measured first, so that whatever fails leaves no file. Nothing here commits anything.
 *
 * Each writes into out, which it opens for path unless it is open already.
 */
#ifndef MINTMARK_EIF_DRAFT_H
#define MINTMARK_EIF_DRAFT_H

#include "outfile.h"
#include "room.h"

/* Otherwise as eif_write(), eif_sign() and eif_strip(), which commit. */
int draft_write(const struct eif_build *build, const char *path, struct outfile *out,
		struct eif_measurements *measurements, struct err *err);
int draft_signed(int fd, const char *path, const struct eif_signing *signing, const char *out_path,
		 struct outfile *out, struct eif_measurements *measurements,
		 struct eif_signer *signer, struct err *err);
int draft_stripped(int fd, const char *path, const char *out_path, struct outfile *out,
		   struct eif_measurements *measurements, struct err *err);

/* What can be said about certificates and key before there is an image to sign. */
int draft_check_signing(const struct eif_signing *signing, struct err *err);

#endif
