/* The format IGVM, as far as a CCA realm needs it: numbers of microsoft/igvm igvm_defs (e6c3ff1).
 */
#ifndef MINTMARK_REALM_IGVM_H
#define MINTMARK_REALM_IGVM_H

#include "room.h"

enum {
	IGVM_FIXED = 32, /* bytes of the fixed header, version 2 */
	IGVM_AT_MAGIC = 0x00,
	IGVM_AT_VERSION = 0x04,
	IGVM_AT_OFFSET = 0x08,
	IGVM_AT_SIZE = 0x0c,
	IGVM_AT_TOTAL = 0x10,
	IGVM_AT_CHECKSUM = 0x14,
	IGVM_AT_ARCH = 0x18,
	IGVM_AT_PAGE_SIZE = 0x1c,
	IGVM_VERSION = 2,
	IGVM_AARCH64 = 1,

	IGVM_ELEMENT = 8, /* bytes of type and length */

	/* Types; their content's length. */
	IGVM_PLATFORM = 0x001,
	IGVM_PLATFORM_SIZE = 0x10,
	IGVM_CORIM = 0x104,
	IGVM_CORIM_SIGNATURE = 0x105,
	IGVM_CORIM_SIZE = 0x10,
	IGVM_POLICY = 0x106,
	IGVM_POLICY_SIZE = 0x20,
	IGVM_PAGE = 0x302,
	IGVM_PAGE_SIZE_OF = 0x18,
	IGVM_VP = 0x304,
	IGVM_VP_SIZE = 0x14,
	IGVM_REQUIRED = 0x305,
	IGVM_REQUIRED_SIZE = 0x18,

	IGVM_MASK = 1, /* of the only platform */
	IGVM_PLATFORM_CCA = 6,
	IGVM_PLATFORM_VERSION = 1,

	IGVM_PAGE_UNMEASURED = 1 << 1,
	IGVM_PAGE_SHARED = 1 << 2,

	/* The boot processor's context, in a page. */
	IGVM_CONTEXT_PC = 0x40,
	IGVM_CONTEXT_FLAGS = 0x48,
	IGVM_CONTEXT_END = 0x50,

	IGVM_MAX_CORIM = 1 << 20, /* bytes of a document or a signature */
};

extern const unsigned char igvm_magic[4];

#endif
