// SPDX-License-Identifier: Apache-2.0
/*
 * version.c - what `--version` prints: the libraries as found at run time, because a distribution
 * replaces the shared ones under a binary. libelf cannot tell its package's version at run time, so
 * the one compiled against is named.
 */
#include <ares.h>
#include <bpf/libbpf.h>
#include <cjson/cJSON.h>
#include <elfutils/version.h>
#include <seccomp.h>
#include <zlib.h>

#include "cli/version.h"

void version_print(FILE *out)
{
	const char *libbpf = libbpf_version_string();

	fprintf(out, "bpfxray %s\n", BPFXRAY_VERSION);
	fprintf(out, "libbpf %s\n", libbpf[0] == 'v' ? libbpf + 1 : libbpf);
	fprintf(out, "libelf %d.%d (compiled against)\n", _ELFUTILS_VERSION / 1000,
		_ELFUTILS_VERSION % 1000);
	fprintf(out, "zlib %s\n", zlibVersion());
	fprintf(out, "cJSON %s\n", cJSON_Version());
	fprintf(out, "libseccomp %u.%u.%u\n", seccomp_version()->major, seccomp_version()->minor,
		seccomp_version()->micro);
	fprintf(out, "c-ares %s\n", ares_version(NULL));
}
