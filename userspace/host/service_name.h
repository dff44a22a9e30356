/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_name.h - what a traced service is called in its segments when nobody says it.
 *
 * The deriving functions are pure: a command line or a configuration's text in, a name out.
 * service_name() feeds them from /proc. The name is not yet cleaned for X-Ray's alphabet (xray/
 * does that).
 */
#ifndef BPFXRAY_HOST_SERVICE_NAME_H
#define BPFXRAY_HOST_SERVICE_NAME_H

#include <sys/types.h>

#include "host/invocation.h"
#include "util/bytes.h"

/* X-Ray's 200 characters in UTF-8, and the NUL. */
#define SERVICE_NAME_CAP 801

struct name_guess {
	char name[SERVICE_NAME_CAP];
	bool weak; /* only the program's own name: nothing told which application it runs */
};

/* @cwd may be NULL: then a relative path has no folder to be named after. */
struct name_guess name_derive(const struct invocation *in, const char *cwd);

/* The uWSGI configuration that the command line names (path, to be freed), or NULL. */
char *name_uwsgi_ini(const struct invocation *in);

/*
 * From the module= or wsgi-file= line of an ini's [uwsgi] section. False when it has none, or
 * one with placeholders.
 */
bool name_from_ini(struct bytes text, const char *cwd, struct name_guess *ret);

enum name_source {
	NAME_GIVEN,	 /* --name */
	NAME_OWN_ENV,	 /* AWS_XRAY_TRACING_NAME of the tracer */
	NAME_TARGET_ENV, /* the same variable of the process */
	NAME_CONTAINER,	 /* its container's */
	NAME_DERIVED,	 /* its command line or configuration */
	NAME_EXECUTABLE, /* the program's own name */
};

struct service_name {
	char name[SERVICE_NAME_CAP];
	enum name_source source;
};

/*
 * @given: --name or NULL; @own_env: the tracer's AWS_XRAY_TRACING_NAME or NULL. An empty one counts
 * as absent, a longer one is cut. @container: its container's name or NULL. Returns 0, -ESRCH when
 * the process is gone, or another negative errno when nothing could be read.
 */
int service_name(pid_t pid, const char *given, const char *own_env, const char *container,
		 struct service_name *ret);

#endif
