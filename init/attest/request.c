/* Takes requests apart. Never reads behind what is there, and takes nothing but a nonce. */
#include "request.h"

enum { HEAD = 2 };

ssize_t request_take(const uint8_t *data, size_t size, struct nsm_request *request)
{
	size_t length;

	if (size < HEAD)
		return 0;
	length = (size_t)data[0] << 8 | data[1];
	if (length > NSM_FIELD_MAX)
		return -1;
	if (size < HEAD + length)
		return 0;
	*request = (struct nsm_request){.command = NSM_ATTESTATION};
	if (length > 0)
		request->fields[NSM_NONCE] = (struct nsm_bytes){data + HEAD, length};
	return (ssize_t)(HEAD + length);
}
