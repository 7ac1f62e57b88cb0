/*
 * Limits and what counts against them. Never silently cuts anything off: what is too much is an
 * error that names the limit and the option that raises it.
 */
#include "limit.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below this many bytes a layer may expand as it likes: empty files and tar's padding do. */
static const uint64_t expands_freely = 64ULL << 20;

const struct rootfs_limits rootfs_default_limits = {
	.entries = 4000000,
	.bytes = 64ULL << 30,
	.ratio = 200,
	.layers = 500,
	.zstd_window = 128ULL << 20, /* what Linux takes, lib/decompress_unzstd.c */
	.xz_memory = 128ULL << 20,   /* xz -9 needs 65 MiB */
};

static const struct limit {
	const char *name;
	size_t offset;
} known[] = {
	{"entries", offsetof(struct rootfs_limits, entries)},
	{"bytes", offsetof(struct rootfs_limits, bytes)},
	{"ratio", offsetof(struct rootfs_limits, ratio)},
	{"layers", offsetof(struct rootfs_limits, layers)},
	{"zstd-window", offsetof(struct rootfs_limits, zstd_window)},
	{"xz-memory", offsetof(struct rootfs_limits, xz_memory)},
};

static const struct limit *find_limit(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == length && strncmp(known[i].name, name, length) == 0)
			return &known[i];
	return NULL;
}

/* 0 when it is no number. */
static uint64_t parse_number(const char *text)
{
	static const char units[] = "kMG";
	unsigned long long number;
	const char *unit;
	char *end;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno)
		return 0;
	if (!*end)
		return number;
	unit = strchr(units, *end);
	if (!unit || end[1])
		return 0;
	for (; unit >= units; unit--) {
		if (number > UINT64_MAX / 1024)
			return 0;
		number *= 1024;
	}
	return number;
}

int limits_set(struct rootfs_limits *limits, const char *setting, struct err *err)
{
	const char *equals = strchr(setting, '=');
	const struct limit *limit = equals ? find_limit(setting, (size_t)(equals - setting)) : NULL;
	uint64_t value = limit ? parse_number(equals + 1) : 0;

	if (!limit)
		return err_set(err, EXIT_USAGE, "USAGE",
			       "entries=, bytes=, ratio=, layers=, zstd-window= or xz-memory= "
			       "expected after --limit, found %s",
			       setting);
	if (value == 0)
		return err_set(err, EXIT_USAGE, "USAGE",
			       "a number above 0, perhaps with k, M or G, expected after --limit "
			       "%.*s, found %s",
			       (int)(equals - setting) + 1, setting, equals + 1);
	memcpy((char *)limits + limit->offset, &value, sizeof(value));
	return 0;
}

int limit_exceeded(const struct rootfs_limits *limits, const char *name, const char *found,
		   struct err *err)
{
	uint64_t value;

	memcpy(&value, (const char *)limits + find_limit(name, strlen(name))->offset,
	       sizeof(value));
	return err_set(err, EXIT_MALFORMED, "ROOTFS-LIMIT",
		       "%s of at most %llu expected, found %s; --limit %s=NUMBER raises it", name,
		       (unsigned long long)value, found, name);
}

static int too_many(const struct rootfs_limits *limits, const char *name, uint64_t found,
		    struct err *err)
{
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)found);
	return limit_exceeded(limits, name, number, err);
}

int limit_entry(struct rootfs_usage *usage, struct err *err)
{
	if (++usage->entries > usage->limits.entries)
		return limit_exceeded(&usage->limits, "entries", "more", err);
	return 0;
}

int limit_bytes(struct rootfs_usage *usage, uint64_t bytes, struct err *err)
{
	if (bytes > usage->limits.bytes - usage->bytes)
		return limit_exceeded(&usage->limits, "bytes", "more", err);
	usage->bytes += bytes;
	return 0;
}

int limit_layers(const struct rootfs_usage *usage, uint64_t layers, struct err *err)
{
	if (layers > usage->limits.layers)
		return too_many(&usage->limits, "layers", layers, err);
	return 0;
}

int limit_ratio(const struct rootfs_limits *limits, uint64_t stored, uint64_t plain,
		struct err *err)
{
	if (plain > expands_freely && plain / limits->ratio > stored)
		return too_many(limits, "ratio", plain / (stored ? stored : 1), err);
	return 0;
}
