/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment.h - the variables by which the X-Ray SDKs are configured, where bpfxray's own
 * environment has them. AWS_XRAY_DAEMON_ADDRESS and AWS_XRAY_TRACING_NAME are read where they are
 * used.
 */
#ifndef BPFXRAY_CLI_ENVIRONMENT_H
#define BPFXRAY_CLI_ENVIRONMENT_H

#include <stdbool.h>

/*
 * What AWS_XRAY_SDK_ENABLED says, as the SDKs read it: y, yes, t, true, on, 1 and their opposites,
 * in either case. True when it is absent; true after a warning when it says anything else.
 */
bool environment_is_enabled(void);

/*
 * AWS_XRAY_CONTEXT_MISSING has no meaning here, where no code can run without its request: a value
 * that the SDKs know is accepted, another one brings the warning that they give.
 */
void environment_check_context_missing(void);

#endif
