/*
 * The arithmetic of layouts: unsigned 64-bit numbers, names, a few functions. An overflow, a
 * division by zero or an unknown name is an error, never a number. Depth is bounded.
 */
#include "room.h"

#include <string.h>

enum { MAX_DEPTH = 32, MAX_ARGUMENTS = 2 };

struct parser {
	const char *at;
	const char *end;
	const struct realm_name *names;
	size_t count;
	const char *text; /* all of it, for messages */
	unsigned depth;
};

static int failed(const struct parser *parser, const char *expected, struct err *err)
{
	int length = (int)(parser->end - parser->text);

	return err_set(err, EXIT_MALFORMED, "LAYOUT-EXPRESSION", "%.*s: character %d: %s expected",
		       length < 200 ? length : 200, parser->text,
		       (int)(parser->at - parser->text) + 1, expected);
}

static void skip_spaces(struct parser *parser)
{
	while (parser->at < parser->end && *parser->at == ' ')
		parser->at++;
}

static bool take(struct parser *parser, char c)
{
	skip_spaces(parser);
	if (parser->at == parser->end || *parser->at != c)
		return false;
	parser->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

static int digit_of(char c, unsigned base)
{
	if (is_digit(c))
		return c - '0';
	return base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_number(struct parser *parser, uint64_t *value, struct err *err)
{
	unsigned base = 10;
	const char *start;
	unsigned shift = 0;

	if (parser->end - parser->at > 2 && parser->at[0] == '0' && parser->at[1] == 'x') {
		base = 16;
		parser->at += 2;
	}
	start = parser->at;
	*value = 0;
	for (; parser->at < parser->end; parser->at++) {
		int digit = digit_of(*parser->at, base);

		if (digit < 0)
			break;
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit, value))
			return failed(parser, "a number of at most 64 bits", err);
	}
	if (parser->at == start)
		return failed(parser, "a digit", err);
	if (parser->at < parser->end && base == 10) {
		shift = *parser->at == 'K'   ? 10
			: *parser->at == 'M' ? 20
			: *parser->at == 'G' ? 30
					     : 0;
		parser->at += shift > 0;
	}
	if (shift > 0 && *value >> (64 - shift))
		return failed(parser, "a number of at most 64 bits", err);
	*value <<= shift;
	return 0;
}

static int parse_sum(struct parser *parser, uint64_t *value, struct err *err);

static uint64_t ceil_log2(uint64_t value)
{
	uint64_t bits = 0;

	while (bits < 64 && (bits == 63 ? value > (1ULL << 63) : value > 1ULL << bits))
		bits++;
	return bits;
}

static int call(const struct parser *parser, const char *name, size_t length, const uint64_t *v,
		unsigned count, uint64_t *value, struct err *err)
{
	char word[16] = "";

	if (length < sizeof(word))
		memcpy(word, name, length);
	if (count == 2 && strcmp(word, "min") == 0) {
		*value = v[0] < v[1] ? v[0] : v[1];
		return 0;
	}
	if (count == 2 && strcmp(word, "max") == 0) {
		*value = v[0] > v[1] ? v[0] : v[1];
		return 0;
	}
	if (count == 1 && strcmp(word, "log2") == 0) {
		*value = ceil_log2(v[0]);
		return 0;
	}
	if (count != 2 || (strcmp(word, "align_up") != 0 && strcmp(word, "align_down") != 0))
		return failed(parser,
			      "min(a, b), max(a, b), align_up(a, b), align_down(a, b) or log2(a)",
			      err);
	if (v[1] == 0 || (v[1] & (v[1] - 1)))
		return failed(parser, "a power of two to align to", err);
	if (strcmp(word, "align_up") == 0 && v[0] > UINT64_MAX - (v[1] - 1))
		return failed(parser, "a number of at most 64 bits", err);
	*value = strcmp(word, "align_up") == 0 ? round_up(v[0], v[1]) : round_down(v[0], v[1]);
	return 0;
}

static int parse_call(struct parser *parser, const char *name, size_t length, uint64_t *value,
		      struct err *err)
{
	uint64_t arguments[MAX_ARGUMENTS];
	unsigned count = 0;

	do {
		if (count == MAX_ARGUMENTS)
			return failed(parser, "at most two arguments", err);
		if (parse_sum(parser, &arguments[count++], err) < 0)
			return -1;
	} while (take(parser, ','));
	if (!take(parser, ')'))
		return failed(parser, "a closing parenthesis", err);
	return call(parser, name, length, arguments, count, value, err);
}

static int parse_name(struct parser *parser, uint64_t *value, struct err *err)
{
	const char *name = parser->at;
	size_t length;

	while (parser->at < parser->end && (is_letter(*parser->at) || is_digit(*parser->at)))
		parser->at++;
	length = (size_t)(parser->at - name);
	if (take(parser, '('))
		return parse_call(parser, name, length, value, err);
	for (size_t i = 0; i < parser->count; i++) {
		if (strlen(parser->names[i].name) == length &&
		    memcmp(parser->names[i].name, name, length) == 0) {
			*value = parser->names[i].value;
			return 0;
		}
	}
	parser->at = name;
	return failed(parser, "a name that is known here", err);
}

static int parse_atom(struct parser *parser, uint64_t *value, struct err *err)
{
	skip_spaces(parser);
	if (parser->at == parser->end)
		return failed(parser, "a number or a name", err);
	if (is_digit(*parser->at))
		return parse_number(parser, value, err);
	if (is_letter(*parser->at))
		return parse_name(parser, value, err);
	if (!take(parser, '('))
		return failed(parser, "a number or a name", err);
	if (parse_sum(parser, value, err) < 0)
		return -1;
	return take(parser, ')') ? 0 : failed(parser, "a closing parenthesis", err);
}

static int parse_product(struct parser *parser, uint64_t *value, struct err *err)
{
	if (parse_atom(parser, value, err) < 0)
		return -1;
	for (;;) {
		char op = take(parser, '*')   ? '*'
			  : take(parser, '/') ? '/'
			  : take(parser, '%') ? '%'
					      : 0;
		uint64_t right;

		if (!op)
			return 0;
		if (parse_atom(parser, &right, err) < 0)
			return -1;
		if (op == '*' && __builtin_mul_overflow(*value, right, value))
			return failed(parser, "a product of at most 64 bits", err);
		if (op != '*' && right == 0)
			return failed(parser, "another divisor than 0", err);
		if (op != '*')
			*value = op == '/' ? *value / right : *value % right;
	}
}

static int parse_sum(struct parser *parser, uint64_t *value, struct err *err)
{
	if (++parser->depth > MAX_DEPTH)
		return failed(parser, "fewer parentheses", err);
	if (parse_product(parser, value, err) < 0)
		return -1;
	for (;;) {
		char op = take(parser, '+') ? '+' : take(parser, '-') ? '-' : 0;
		uint64_t right;

		if (!op)
			break;
		if (parse_product(parser, &right, err) < 0)
			return -1;
		if (op == '+' ? __builtin_add_overflow(*value, right, value)
			      : __builtin_sub_overflow(*value, right, value))
			return failed(parser, "a result from 0 to 64 bits", err);
	}
	parser->depth--;
	return 0;
}

int realm_expression(const char *text, size_t size, const struct realm_name *names, size_t count,
		     uint64_t *value, struct err *err)
{
	struct parser parser = {
		.at = text, .end = text + size, .names = names, .count = count, .text = text};
	uint64_t found;

	if (parse_sum(&parser, &found, err) < 0)
		return -1;
	skip_spaces(&parser);
	if (parser.at != parser.end)
		return failed(&parser, "the end", err);
	*value = found;
	return 0;
}
