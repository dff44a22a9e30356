// SPDX-License-Identifier: Apache-2.0
/* open_requests.c - see open_requests.h. */
#include "cli/open_requests.h"

#include <errno.h>
#include <stdlib.h>

int open_requests_add(struct open_requests *open, uint64_t number,
		      const struct open_request *request)
{
	struct open_request *copy = malloc(sizeof(*copy));
	int r;

	if (!copy)
		return -ENOMEM;
	*copy = *request;
	r = table_insert(&open->by_number, table_key(number), copy);
	if (r < 0)
		free(copy);
	return r;
}

bool open_requests_take(struct open_requests *open, uint64_t number, struct open_request *ret)
{
	struct open_request *request;

	if (!number)
		return false;
	request = table_remove(&open->by_number, table_key(number));
	if (!request)
		return false;
	*ret = *request;
	free(request);
	return true;
}

void open_requests_clear(struct open_requests *open)
{
	table_for_each (&open->by_number, it)
		free(it.value);
	table_clear(&open->by_number);
}
