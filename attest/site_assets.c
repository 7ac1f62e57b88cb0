/* site.css and site.js, as they stand, within the program: a page needs no other file. */
#include "site.h"

#define ASSET(name, file)                                                                          \
	__asm__(".pushsection .rodata\n.global " name "\n.type " name ", %object\n" name           \
		":\n.incbin \"" file "\"\n.byte 0\n.size " name ", . - " name "\n.popsection")

ASSET("site_style", "site.css");
ASSET("site_script", "site.js");
