/* Options that say what a realm is made of. Prints nothing. */
#include "parts.h"

static int add_layout(struct parts_options *options, const char *path, struct err *err)
{
	struct realm_layout *layout;

	if (options->layout_count == MAX_LAYOUTS)
		return err_set(err, EXIT_USAGE, "REALM-USAGE", "--layout: at most %d expected",
			       MAX_LAYOUTS);
	layout = realm_layout_load(path, err);
	if (!layout)
		return -1;
	options->layouts[options->layout_count++] = layout;
	return 0;
}

static int add_numbers(const char *option, char *text, uint64_t *values, size_t *count,
		       struct err *err)
{
	char *words[MAX_SIZES];
	size_t words_count;

	if (*count > 0)
		return err_set(err, EXIT_USAGE, "REALM-USAGE", "--%s: one expected, found two",
			       option);
	if (command_words(option, text, words, MAX_SIZES, &words_count, err) < 0)
		return -1;
	for (; *count < words_count; (*count)++)
		if (command_number(option, words[*count], 1, INT64_MAX, &values[*count], err) < 0)
			return -1;
	return 0;
}

int parts_option(struct parts_options *options, int opt, char *value, struct err *err)
{
	int status;

	switch (opt) {
	case OPT_LAYOUT:
		status = add_layout(options, value, err);
		break;
	case OPT_KERNEL:
		status = command_set_once(&options->parts.kernel, "kernel", value, err);
		break;
	case OPT_INITRD:
		status = command_set_once(&options->parts.initrd, "initrd", value, err);
		break;
	case OPT_TREE:
		status = command_set_once(&options->parts.tree, "tree", value, err);
		break;
	case OPT_CMDLINE:
		status = command_set_once(&options->parts.cmdline, "cmdline", value, err);
		break;
	case OPT_MEMORY:
		status = add_numbers("memory", value, options->memory, &options->memory_count, err);
		break;
	case OPT_CPUS:
		status = add_numbers("cpus", value, options->cpus, &options->cpu_count, err);
		break;
	default:
		return 0;
	}
	return status < 0 ? -1 : 1;
}

void parts_close(struct parts_options *options)
{
	for (size_t i = 0; i < options->layout_count; i++)
		realm_layout_free(options->layouts[i]);
}

int parts_check(const struct parts_options *options, char **argv, bool one, struct err *err)
{
	if (options->layout_count == 0)
		return command_usage(argv, "--layout", "none", err);
	if (options->memory_count == 0)
		return command_usage(argv, "--memory", "none", err);
	if (options->cpu_count == 0)
		return command_usage(argv, "--cpus", "none", err);
	if (one &&
	    (options->layout_count > 1 || options->memory_count > 1 || options->cpu_count > 1))
		return command_usage(argv, "one layout, one size of memory, one number of CPUs",
				     "several", err);
	return 0;
}

struct realm_parts parts_with(const struct parts_options *options, uint64_t memory, uint64_t cpus)
{
	struct realm_parts parts = options->parts;

	parts.memory = memory;
	parts.cpus = cpus;
	return parts;
}
