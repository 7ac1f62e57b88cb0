/* Reads rules. Never looks a name up, and takes no rule in two ways. */
#include "rule.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <linux/vm_sockets.h>

enum { LISTEN_LEAST = 1024 };

/* Takes the text off the front of *at. */
static bool take(const char **at, const char *text)
{
	size_t size = strlen(text);

	if (strncmp(*at, text, size) != 0)
		return false;
	*at += size;
	return true;
}

static bool take_number(const char **at, uint32_t most, uint32_t *number)
{
	uint64_t value = 0;
	const char *digit = *at;

	/* Zero is no port and no CID of anybody. */
	if (*digit == '0')
		return false;
	for (; *digit >= '0' && *digit <= '9' && value <= most; digit++)
		value = value * 10 + (uint64_t)(*digit - '0');
	if (digit == *at || value > most)
		return false;
	*at = digit;
	*number = (uint32_t)value;
	return true;
}

/* The text until a character, which is taken as well. */
static bool take_until(const char **at, char end, char *text, size_t room)
{
	const char *found = strchr(*at, end);
	size_t size;

	if (!found || (size_t)(found - *at) >= room)
		return false;
	size = (size_t)(found - *at);
	memcpy(text, *at, size);
	text[size] = '\0';
	*at = found + 1;
	return true;
}

static bool take_tcp(const char **at, struct rule_end *end)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&end->address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&end->address;
	bool is_six = take(at, "[");
	char text[INET6_ADDRSTRLEN];
	uint32_t port;

	memset(end, 0, sizeof(*end));
	if (!take_until(at, is_six ? ']' : ':', text, sizeof(text)) || (is_six && !take(at, ":")) ||
	    !take_number(at, UINT16_MAX, &port))
		return false;
	if (is_six) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		end->size = sizeof(*six);
		return inet_pton(AF_INET6, text, &six->sin6_addr) == 1;
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	end->size = sizeof(*four);
	return inet_pton(AF_INET, text, &four->sin_addr) == 1;
}

/* The highest number of each stands for any. To listen below 1024 takes a capability. */
static bool take_vsock(const char **at, bool with_cid, struct rule_end *end)
{
	struct sockaddr_vm *address = (struct sockaddr_vm *)&end->address;
	uint32_t cid = VMADDR_CID_ANY;
	uint32_t port;

	memset(end, 0, sizeof(*end));
	if (with_cid && (!take_number(at, VMADDR_CID_ANY - 1, &cid) || !take(at, ":")))
		return false;
	if (!take_number(at, VMADDR_PORT_ANY - 1, &port) || (!with_cid && port < LISTEN_LEAST))
		return false;
	address->svm_family = AF_VSOCK;
	address->svm_cid = cid;
	address->svm_port = port;
	end->size = sizeof(*address);
	return true;
}

int rule_parse(const char *text, struct rule *rule)
{
	bool good;

	if (take(&text, "vsock:"))
		good = take_vsock(&text, false, &rule->from) && take(&text, ">tcp:") &&
		       take_tcp(&text, &rule->to);
	else
		good = take(&text, "tcp:") && take_tcp(&text, &rule->from) &&
		       take(&text, ">vsock:") && take_vsock(&text, true, &rule->to);
	return good && !*text ? 0 : -1;
}
