// SPDX-License-Identifier: Apache-2.0
/*
 * request.c - frees what requests and statements own.
 */
#include "trace/request.h"

#include <stdlib.h>

#include "util/pool.h"

void statement_clear(struct statement *s)
{
	pool_give(s->sql);
	free(s->err_message);
	*s = (struct statement){ 0 };
}

void request_clear_statements(struct request *r)
{
	for (size_t i = 0; i < r->statement_count; i++)
		statement_clear(&r->statements[i]);
	r->statements = pool_give(r->statements);
	r->statement_count = 0;
	r->statement_cap = 0;
}

void request_clear(struct request *r)
{
	pool_give(r->text);
	free(r->answer_trace_header);
	request_clear_statements(r);
	*r = (struct request){ 0 };
}
