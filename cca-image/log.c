/* Writes the log of a measurement as it goes, in one of two forms. Keeps nothing in memory. */
#include "log.h"

#include <stdarg.h>
#include <string.h>

enum { LINE = 1024 };

__attribute__((format(printf, 3, 4))) static int print(struct log *log, struct err *err,
						       const char *fmt, ...)
{
	char line[LINE];
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	return outfile_write(&log->out, line, (size_t)size, err);
}

int log_open(struct log *log, const char *path, enum log_format format, enum realm_rmm rmm,
	     const struct realm_params *params, struct err *err)
{
	cleanup_rim struct realm_rim *rim = realm_rim_new(rmm, params, err);
	cleanup_json json_t *json = realm_params_json(params);
	cleanup_free char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	char hex[HASH_MAX_HEX];

	if (!rim)
		return -1;
	if (!text)
		return err_errno(err, "MEMORY", "%s", path);
	if (outfile_open(&log->out, path, err) < 0)
		return -1;
	log->format = format;
	hash_hex(realm_rim_value(rim), realm_rim_size(rim), hex);
	if (format == LOG_LINES)
		return print(log, err, "create 0x%llx %u %u %u %u %u %u %s\n",
			     (unsigned long long)params->flags, params->s2sz, params->sve_vl,
			     params->num_bps, params->num_wps, params->pmu_num_ctrs,
			     realm_hash_number(params->hash), hex);
	return print(log, err,
		     "{\"schema\": \"rim-traces/1\", \"traces\": [{\"name\": \"log\",\n\"rmm\": "
		     "\"%s\",\n\"params\": %s,\n\"rim_after_create\": \"%s\",\n\"ops\": [",
		     realm_rmm_name(rmm), text, hex);
}

static void gprs_text(const struct realm_event *event, const char *quote, const char *between,
		      char *out, size_t room)
{
	size_t used = 0;

	for (unsigned i = 0; i < REALM_GPRS; i++)
		used += (size_t)snprintf(out + used, room - used, "%s%s0x%llx%s",
					 i > 0 ? between : "", quote,
					 (unsigned long long)event->gprs[i], quote);
}

/* Of a page that is not measured there is no digest: any bytes give the same value. */
static int trace_event(struct log *log, const struct realm_event *event, const char *content,
		       const char *rim, struct err *err)
{
	char gprs[300];

	if (print(log, err, "%s\n", log->any ? "," : "") < 0)
		return -1;
	log->any = true;
	switch (event->type) {
	case REALM_EVENT_DATA:
		return print(log, err,
			     "{\"op\": \"data\", \"ipa\": \"0x%llx\", \"flags\": %u, \"%s\": "
			     "\"%s\", \"rim\": \"%s\"}",
			     (unsigned long long)event->base, event->flags ? 1 : 0,
			     event->flags ? "digest" : "hex", event->flags ? content : "", rim);
	case REALM_EVENT_RIPAS:
		return print(log, err,
			     "{\"op\": \"ripas\", \"base\": \"0x%llx\", \"top\": \"0x%llx\", "
			     "\"rim\": \"%s\"}",
			     (unsigned long long)event->base, (unsigned long long)event->top, rim);
	case REALM_EVENT_REC:
		gprs_text(event, "\"", ", ", gprs, sizeof(gprs));
		return print(log, err,
			     "{\"op\": \"rec\", \"flags\": %u, \"pc\": \"0x%llx\", \"gprs\": [%s], "
			     "\"rim\": \"%s\"}",
			     event->flags ? 1 : 0, (unsigned long long)event->pc, gprs, rim);
	}
	return 0;
}

static int line_event(struct log *log, const struct realm_event *event, const char *content,
		      const char *rim, struct err *err)
{
	char gprs[300];

	switch (event->type) {
	case REALM_EVENT_DATA:
		return print(log, err, "data 0x%llx %u %s %s\n", (unsigned long long)event->base,
			     event->flags ? 1 : 0, event->flags ? content : "-", rim);
	case REALM_EVENT_RIPAS:
		return print(log, err, "ripas 0x%llx 0x%llx %s\n", (unsigned long long)event->base,
			     (unsigned long long)event->top, rim);
	case REALM_EVENT_REC:
		gprs_text(event, "", " ", gprs, sizeof(gprs));
		return print(log, err, "rec %u 0x%llx %s %s\n", event->flags ? 1 : 0,
			     (unsigned long long)event->pc, gprs, rim);
	}
	return 0;
}

int log_event(void *context, const struct realm_event *event, const struct realm_rim *rim,
	      struct err *err)
{
	struct log *log = context;
	char content[HASH_MAX_HEX];
	char hex[HASH_MAX_HEX];

	hash_hex(realm_rim_value(rim), realm_rim_size(rim), hex);
	hash_hex(event->content, realm_rim_size(rim), content);
	return log->format == LOG_TRACE ? trace_event(log, event, content, hex, err)
					: line_event(log, event, content, hex, err);
}

int log_commit(struct log *log, enum realm_rmm rmm, const unsigned char *rim, size_t size,
	       struct err *err)
{
	char hex[HASH_MAX_HEX];

	hash_hex(rim, size, hex);
	if (log->format == LOG_TRACE && print(log, err, "\n],\n\"%s\": \"%s\"}]}\n",
					      rmm == REALM_RMM_1 ? "rim" : "rim_rmm2", hex) < 0)
		return -1;
	return outfile_commit(&log->out, err);
}

void log_close(struct log *log)
{
	outfile_close(&log->out);
}
