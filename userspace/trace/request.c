// SPDX-License-Identifier: Apache-2.0
/*
 * request.c - frees what requests and statements own.
 */
#include "trace/request.h"

#include <stdlib.h>

void statement_clear(struct statement *s)
{
	free(s->sql);
	free(s->err_message);
	*s = (struct statement){ 0 };
}

void request_clear_statements(struct request *r)
{
	for (size_t i = 0; i < r->statement_count; i++)
		statement_clear(&r->statements[i]);
	free(r->statements);
	r->statements = NULL;
	r->statement_count = 0;
}

void request_clear(struct request *r)
{
	free(r->method);
	free(r->scheme);
	free(r->host);
	free(r->target);
	free(r->user_agent);
	free(r->x_forwarded_for);
	free(r->trace_header);
	free(r->answer_trace_header);
	request_clear_statements(r);
	*r = (struct request){ 0 };
}
