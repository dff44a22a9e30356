/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.bpf.c - the one definition of each map that maps.bpf.h declares, and the object's licence.
 */
#include "maps.bpf.h"

struct ring_map ring SEC(".maps");
struct pool_map pool SEC(".maps");
struct idle_map idle_by_conn SEC(".maps");
struct blank_map blank SEC(".maps");
struct conn_of_sk_map conn_of_sk SEC(".maps");
struct conn_of_ptr_map conn_of_ptr SEC(".maps");
struct target_ports_map target_ports SEC(".maps");
struct thread_map thread_of_task SEC(".maps");
struct tls_sessions_map tls_sessions SEC(".maps");
struct kept_calls_map kept_calls SEC(".maps");
struct kept_blank_map kept_blank SEC(".maps");
struct targets_map bx_targets SEC(".maps");
struct counters_map counters SEC(".maps");

/* Set by the loader; see conn.bpf.h. */
const volatile bool conn_by_pointer = false;

const volatile bool again_needed = false;
const volatile bool state_again_needed = false;
bool tracepoints_preemptible;

char LICENSE[] SEC("license")
= "Dual BSD/GPL";
