// SPDX-License-Identifier: Apache-2.0
/* page.c - see page.h. page.sh makes the template out of page/ when bpfxray is built. */
#include "report/page.h"

#include <errno.h>
#include <string.h>

#include "report/aggregates.h"
#include "report/rows.h"
#include "report/script.h"
#include "util/cleanup.h"
#include "xray/json_read.h"

static const uint8_t template_bytes[] = {
#include <report_page.inc>
};

struct bytes page_template(void)
{
	return bytes_of(template_bytes, sizeof(template_bytes));
}

/* Writes what stands in front of @mark and takes it and the mark off @left. */
static int write_until(struct bytes *left, const char *mark, FILE *out)
{
	const uint8_t *at = memmem(left->at, left->len, mark, strlen(mark));

	if (!at)
		return -EINVAL;
	fwrite(left->at, 1, (size_t)(at - left->at), out);
	*left = bytes_skip(*left, (size_t)(at - left->at) + strlen(mark));
	return 0;
}

static int write_data(const struct report *report, const struct rows *rows, FILE *out)
{
	_cleanup_(cleanup_json) cJSON *json = aggregates_json(report, AGGREGATES_PAGE_MAX);
	int r;

	if (!json)
		return -ENOMEM;
	fputs("{\"aggregates\":", out);
	r = script_write_json(json, out);
	if (r < 0)
		return r;
	fputs(",\"rows\":", out);
	r = rows_write(report, rows, out);
	fputc('}', out);
	return r;
}

int page_write(const struct report *report, const struct inputs *inputs, FILE *out)
{
	_cleanup_free_ uint32_t *traces = NULL;
	struct bytes left = page_template();
	struct rows rows = { 0 };
	size_t count;
	int r = rows_choose(report, &rows);

	traces = rows.traces;
	if (r < 0)
		return r;
	r = write_until(&left, "@DATA@", out);
	if (r < 0)
		return r;
	r = write_data(report, &rows, out);
	if (r < 0)
		return r;
	r = write_until(&left, "@DOCUMENTS@", out);
	if (r < 0)
		return r;
	r = rows_write_documents(report, inputs, &rows, out, &count);
	if (r < 0)
		return r;
	fwrite(left.at, 1, left.len, out);
	return 0;
}
