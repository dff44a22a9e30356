/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.h - how a document travels to the X-Ray daemon (Developer Guide, "Sending trace
 * data to X-Ray").
 */
#ifndef BPFXRAY_EMIT_DOCUMENT_H
#define BPFXRAY_EMIT_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

/* Each datagram begins with this line; exactly one document follows. */
#define DOCUMENT_HEADER "{\"format\":\"json\",\"version\":1}\n"

/* The largest UDP payload over IPv4 is 65,507 bytes; the header line takes 30 of them. */
#define DOCUMENT_MAX (65507 - (sizeof(DOCUMENT_HEADER) - 1))

/*
 * A number for the trace that the compact @json belongs to: the same for each of its documents. 0
 * when it names none.
 */
uint64_t document_trace(const char *json, size_t len);

#endif
