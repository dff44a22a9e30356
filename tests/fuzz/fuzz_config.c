// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_config.c - the configuration file: any text is taken whole or refused with its line. Bytes
 * up to the first empty line are the file, the others a daemon address.
 */
#include "fuzz.h"

#include <errno.h>

#include "cli/config.h"
#include "cli/options.h"
#include "emit/address.h"

static void check_config(char *text)
{
	static char program[] = "bpfxray", trace[] = "trace", flag[] = "--config", file[] = "f";
	char *argv[] = { program, trace, flag, file, NULL };
	struct options options;
	int r = options_parse_with(4, argv, text, &options);

	INVARIANT(r == 0 || r == -EINVAL);
	INVARIANT(r == 0 || (options.error[0] && strlen(options.error) < sizeof(options.error)));
	if (r)
		return;
	INVARIANT(options.command == COMMAND_TRACE);
	INVARIANT(options.pid_count <= OPTIONS_PIDS_MAX);
	INVARIANT(options.choice_count <= OPTIONS_CHOICES_MAX);
	INVARIANT(options.pid_count || options.choice_count);
	INVARIANT(options.queue_documents >= 1 && options.queue_bytes >= 65536);
}

static void check_address(const char *text)
{
	struct daemon_address address;
	const char *why;
	int r = daemon_address_parse(text, &address, &why);

	INVARIANT(r == 0 || (r == -EINVAL && why && *why));
	if (r)
		return;
	INVARIANT(address.udp.host[0] && address.tcp.host[0]);
	INVARIANT(atoi(address.udp.port) > 0 && atoi(address.tcp.port) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest;

	INVARIANT(text);
	memcpy(text, data, size);
	text[size] = '\0';
	rest = strstr(text, "\n\n");
	if (rest)
		*rest = '\0';
	check_address(rest ? rest + 2 : text);
	check_config(text);
	free(text);
	return 0;
}
