/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * mysql_login.bpf.h - what of a MySQL client's bytes may be copied: commands, and of a login all
 * but the auth field.
 *
 * In: the caller's buffer. Out: text of the exchange. Never: a byte of an auth field, of a packet
 * whose sequence number is not 0 (auth replies, LOCAL INFILE data), or of a COM_CHANGE_USER behind
 * its command byte.
 */
#ifndef BPFXRAY_MYSQL_LOGIN_BPF_H
#define BPFXRAY_MYSQL_LOGIN_BPF_H

#include "capture.bpf.h"

/*
 * Protocol::HandshakeResponse41: packet header, capabilities, max packet, charset and 23 filler
 * bytes.
 */
#define LOGIN_FIXED_LEN	      36
#define LOGIN_NAME_CAP	      97 /* 32 characters of 3 bytes and the NUL; MariaDB allows 80 */
#define LOGIN_REST_CAP	      512
#define LOGIN_CAP_WITH_DB     (1u << 3)
#define LOGIN_CAP_COMPRESS    (1u << 5)
#define LOGIN_CAP_41	      (1u << 9)
#define LOGIN_CAP_SSL	      (1u << 11)
#define LOGIN_CAP_SECURE      (1u << 15)
#define LOGIN_CAP_LENENC_AUTH (1u << 21)
#define LOGIN_CAP_ZSTD	      (1u << 26)
#define COM_CHANGE_USER	      0x11

/* Results of mysql_login__copy(). */
#define LOGIN_PLAIN	 0
#define LOGIN_TLS	 1
#define LOGIN_COMPRESSED 2
#define LOGIN_MORE	 3

struct login_cursor {
	__u64 base;
	__u32 off; /* in the caller's packet */
	__u32 len; /* of the packet, header included */
};

/*
 * Copies a NUL-terminated string of the packet to text[out]. Returns its length with the NUL, 0
 * when there is none.
 */
static __always_inline __u32 login__string(struct open_exchange *ex, struct login_cursor *in,
					   __u32 out)
{
	__u32 room = bound__at_most(in->len - in->off, LOGIN_NAME_CAP);
	long n;

	if (in->off >= in->len || !room)
		return 0;
	out = bound__at_most(out, BX_READ_CAP);
	n = bpf_probe_read_user_str(ex->text + out, room, (void *)(in->base + in->off));
	if (n <= 0 || n >= LOGIN_NAME_CAP)
		return 0;
	in->off += n;
	return n;
}

/* Steps over the auth field. Returns false when its length cannot be known. */
static __always_inline bool login__skip_auth(struct login_cursor *in, __u32 caps)
{
	__u8 len[3] = {};

	if (!(caps & (LOGIN_CAP_LENENC_AUTH | LOGIN_CAP_SECURE)))
		return false;
	if (bpf_probe_read_user(len, sizeof(len), (void *)(in->base + in->off)))
		return false;
	if (!(caps & LOGIN_CAP_LENENC_AUTH) || len[0] < 0xfb) {
		in->off += 1 + len[0];
		return true;
	}
	if (len[0] != 0xfc)
		return false;
	in->off += 3 + (len[1] | len[2] << 8);
	return true;
}

/* Behind the auth field: database, plugin and attributes, whole. */
static __always_inline __u32 login__rest(struct open_exchange *ex, struct login_cursor *in,
					 __u32 out)
{
	__u32 n;

	if (in->off >= in->len)
		return 0;
	n = bound__at_most(in->len - in->off, LOGIN_REST_CAP);
	out = bound__at_most(out, BX_READ_CAP);
	if (bpf_probe_read_user(ex->text + out, n, (void *)(in->base + in->off)))
		return 0;
	return n;
}

static __always_inline void login__keep(struct open_exchange *ex, __u32 len)
{
	ex->wire.text_len = len;
	ex->wire.turn[0].text_len = len;
	ex->wire.turn[0].kept = len;
	ex->wire.flags |= BX_EX_LOGIN;
}

/*
 * Copies the login packet of @len bytes at @base, whole in this one call, without its auth field:
 * its length byte becomes 0. A packet in pieces is not copied at all (BX_EX_WITHHELD). Returns
 * LOGIN_*.
 */
VERIFIED_ALONE int mysql_login__copy(exchange_ref ref, __u64 base, __u32 len)
{
	struct open_exchange *ex = exchange__at(ref);
	struct login_cursor in = { .base = base, .off = LOGIN_FIXED_LEN, .len = len };
	__u32 caps, out = LOGIN_FIXED_LEN, size;

	if (!ex)
		return LOGIN_PLAIN;
	ex->withheld = 1;
	ex->wire.flags |= BX_EX_WITHHELD;
	if (len < LOGIN_FIXED_LEN || bpf_probe_read_user(ex->text, LOGIN_FIXED_LEN, (void *)base))
		return LOGIN_PLAIN;
	size = ex->text[0] | ex->text[1] << 8 | ex->text[2] << 16;
	caps = ex->text[4] | ex->text[5] << 8 | ex->text[6] << 16 | (__u32)ex->text[7] << 24;
	if (size + 4 != len || !(caps & LOGIN_CAP_41))
		return LOGIN_PLAIN;
	ex->wire.flags &= ~BX_EX_WITHHELD;
	login__keep(ex, LOGIN_FIXED_LEN);
	if (size + 4 == LOGIN_FIXED_LEN)
		return caps & LOGIN_CAP_SSL ? LOGIN_TLS : LOGIN_PLAIN;
	out += login__string(ex, &in, out);
	if (out > LOGIN_FIXED_LEN && login__skip_auth(&in, caps)) {
		ex->text[bound__at_most(out, BX_READ_CAP)] = 0;
		out++;
		out += login__rest(ex, &in, out);
	}
	login__keep(ex, bound__at_most(out, BX_READ_CAP + LOGIN_REST_CAP));
	return caps & (LOGIN_CAP_COMPRESS | LOGIN_CAP_ZSTD) ? LOGIN_COMPRESSED : LOGIN_PLAIN;
}

/*
 * A piece of a login that is not copied: its first 8 bytes are packet header and capabilities, no
 * secret, and say whether the commands to come are compressed. Returns LOGIN_*.
 */
VERIFIED_ALONE int mysql_login__piece(exchange_ref ref, __u64 base, __u32 len)
{
	struct open_exchange *ex = exchange__at(ref);
	__u32 have, n, caps;

	if (!ex)
		return LOGIN_MORE;
	have = bound__at_most(ex->header_len, 8);
	n = bound__at_most(len < 8 - have ? len : 8 - have, 8);
	if (bpf_probe_read_user(ex->header + have, n, (void *)base))
		return LOGIN_COMPRESSED; /* not known: nothing of what follows is copied */
	ex->header_len = have + n;
	if (have + n < 8)
		return LOGIN_MORE;
	caps = ex->header[4] | ex->header[5] << 8 | ex->header[6] << 16 |
	       (__u32)ex->header[7] << 24;
	return caps & (LOGIN_CAP_COMPRESS | LOGIN_CAP_ZSTD) ? LOGIN_COMPRESSED : LOGIN_PLAIN;
}

/*
 * Commands behind the first in one send (COM_STMT_CLOSE, then another): how far they may be copied.
 * @first is the first packet's payload length.
 */
static __always_inline __u32 mysql__may_copy_more(struct open_exchange *ex, __u64 base, __u32 len,
						  __u32 first)
{
	__u32 at = 4 + first, begin = ex->packet_at, i;
	__u8 header[5] = {};

	for (i = 0; i < 3; i++) {
		if (at + sizeof(header) > len)
			return len;
		if (bpf_probe_read_user(header, sizeof(header), (void *)(base + at)))
			return at;
		if (header[3] || header[4] == COM_CHANGE_USER) {
			ex->withheld = 1;
			return header[3] ? at : at + sizeof(header);
		}
		__builtin_memcpy(ex->header, header, sizeof(header));
		ex->packet_at = begin + at;
		at += 4 + (header[0] | header[1] << 8 | header[2] << 16);
	}
	return len;
}

/* Whether byte @offset of the request is the first behind the packet whose header is known. */
static __always_inline bool mysql__packet_ended(struct open_exchange *ex, __u64 offset)
{
	__u8 *header = ex->header;
	__u32 payload = header[0] | header[1] << 8 | header[2] << 16;

	return ex->header_len >= 5 && (__u32)offset == ex->packet_at + 4 + payload;
}

/*
 * How many of @len request bytes at @base, bytes @offset.. of the turn, may be copied. A packet's
 * header and command byte are collected over as many calls as it takes; they themselves may always
 * be copied.
 */
VERIFIED_ALONE __u32 mysql__may_copy(exchange_ref ref, __u64 base, __u32 len, __u64 offset)
{
	struct open_exchange *ex = exchange__at(ref);
	__u32 have, n;
	__u8 *header;

	if (!ex || ex->withheld)
		return 0;
	if (mysql__packet_ended(ex, offset)) {
		ex->packet_at = offset;
		ex->header_len = 0;
	}
	have = bound__at_most(ex->header_len, 5);
	header = ex->header;
	if (have >= 5)
		return len;
	n = bound__at_most(len < 5 - have ? len : 5 - have, 5);
	if (bpf_probe_read_user(header + bound__at_most(have, 5), n, (void *)base))
		return 0;
	ex->header_len = have + n;
	if (have + n > 3 && header[3]) {
		if (ex->packet_at)
			return len; /* a statement goes on in another packet */
		ex->withheld = 1;
		ex->wire.flags |= BX_EX_WITHHELD;
		counter__add(BX_C_WITHHELD, 1);
		return 0;
	}
	if (have + n < 5)
		return len;
	if (header[4] == COM_CHANGE_USER) {
		ex->withheld = 1;
		counter__add(BX_C_WITHHELD, 1);
		return n;
	}
	if (have)
		return len;
	return mysql__may_copy_more(ex, base, len, header[0] | header[1] << 8 | header[2] << 16);
}

#endif
