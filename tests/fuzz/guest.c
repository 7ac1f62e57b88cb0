/*
 * The parsers of the programs in ramdisk 0 but the run specification: answers of the security
 * module, requests to the responder, forwarding rules, the command line. The first byte says which.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "nsm.h"
#include "request.h"
#include "rule.h"

#include "../../init/init.h"

static void expect_inside(const struct nsm_bytes *bytes, const uint8_t *data, size_t size)
{
	if (bytes->data && (bytes->data < data || bytes->size > size ||
			    (size_t)(bytes->data - data) > size - bytes->size))
		fuzz_fail("bytes of the input expected, found others");
}

static void answer(const uint8_t *data, size_t size)
{
	struct nsm_bytes bytes = {0};
	enum nsm_command command = size > 0 ? data[0] % (NSM_ATTESTATION + 1) : NSM_GET_RANDOM;

	data += size > 0;
	size -= size > 0;
	errno = 0;
	if (nsm_decode(command, data, size, &bytes) == 0)
		expect_inside(&bytes, data, size);
	else if (errno != EREMOTEIO && errno != EPROTO)
		fuzz_fail("EREMOTEIO or EPROTO expected, found %d", errno);
}

static void requests(const uint8_t *data, size_t size)
{
	struct nsm_request request;
	uint8_t encoded[NSM_REQUEST_MAX];
	ssize_t taken;

	while ((taken = request_take(data, size, &request)) > 0) {
		if ((size_t)taken > size || taken > REQUEST_SIZE_MAX ||
		    request.command != NSM_ATTESTATION || request.fields[NSM_USER_DATA].data ||
		    request.fields[NSM_PUBLIC_KEY].data)
			fuzz_fail("a nonce and nothing else expected");
		expect_inside(&request.fields[NSM_NONCE], data, (size_t)taken);
		if (nsm_encode(&request, encoded) == 0)
			fuzz_fail("a request that the module takes expected");
		data += taken;
		size -= (size_t)taken;
	}
	if (taken == 0 && size >= REQUEST_SIZE_MAX)
		fuzz_fail("no more to come expected behind %d bytes", REQUEST_SIZE_MAX);
}

static void rule(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct rule rule;

	if (!text)
		fuzz_fail("no memory");
	memcpy(text, data, size);
	if (rule_parse(text, &rule) == 0 &&
	    ((rule.from.address.ss_family == AF_VSOCK) == (rule.to.address.ss_family == AF_VSOCK) ||
	     rule.from.size == 0 || rule.to.size == 0))
		fuzz_fail("a rule across the border expected, found \"%s\"", text);
	free(text);
}

static void line(const uint8_t *data, size_t size)
{
	static const char expected[] = "a=b mark=end";
	const size_t length = sizeof(expected) - 1;
	struct cmdcheck_rest rest = {0};
	struct refusal why = {0};
	char *copy = malloc(size ? size : 1);
	bool good = size >= length && memcmp(data, expected, length) == 0 &&
		    !memchr(data, '\0', size) &&
		    (size == length || data[length] == ' ' ||
		     (data[length] == '\n' && size == length + 1));

	if (!copy)
		fuzz_fail("no memory");
	memcpy(copy, data, size);
	if ((cmdcheck(copy, size, expected, &rest, &why) == 0) != good)
		fuzz_fail("the line %s expected, found another opinion",
			  good ? "accepted" : "refused");
	if (good && rest.size > size - length)
		fuzz_fail("words behind the marker expected, found %zu bytes", rest.size);
	free(copy);
}

static int run(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const uint8_t *data, size_t size) = {answer, requests, rule,
									    line};

	if (size > 0)
		parsers[data[0] % 4](data + 1, size - 1);
	return 0;
}

const struct target fuzz_guest = {"guest", run, NULL};
