// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_login.c - the greeting (handshake v10) and the client's answer to it.
 *
 * The answer holds the auth field between the user and the database: it is skipped by its length
 * and never handed out. In the form that the kernel side copies, that length is 0.
 */
#include "proto/mysql_read.h"

#include <errno.h>

#define GREETING_V10 10
/* CLIENT_MYSQL: unset means that MariaDB's extended capabilities are told. */
#define CAP_MYSQL	  (1u << 0)
#define LOGIN_FIXED_LEN	  32
#define LOGIN_FILLER_LEN  19
#define GREETING_SALT_LEN 8

static bool is_printable(struct bytes s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < 0x20 || s.at[i] > 0x7e)
			return false;
	}
	return s.len > 0;
}

int mysql_parse_greeting(struct bytes payload, struct mysql_greeting *ret)
{
	struct mysql_reader r = mysql_reader_of(payload);
	uint8_t protocol = (uint8_t)mysql_read_int(&r, 1);
	uint32_t extended;

	*ret = (struct mysql_greeting){ 0 };
	ret->version = mysql_read_nul(&r);
	ret->thread_id = (uint32_t)mysql_read_int(&r, 4);
	if (protocol != GREETING_V10 || r.cut || !is_printable(ret->version))
		return -EBADMSG;
	mysql_read_bytes(&r, GREETING_SALT_LEN + 1);
	ret->capabilities = (uint32_t)mysql_read_int(&r, 2);
	ret->charset = (uint8_t)mysql_read_int(&r, 1);
	ret->status = (uint16_t)mysql_read_int(&r, 2);
	ret->capabilities |= (uint32_t)mysql_read_int(&r, 2) << 16;
	mysql_read_bytes(&r, 1 + 6); /* length of the salt, reserved */
	extended = (uint32_t)mysql_read_int(&r, 4);
	if (!(ret->capabilities & CAP_MYSQL))
		ret->mariadb_capabilities = extended;
	return 0;
}

/* Skips the auth field, in whichever of its three forms the capabilities announce. */
static void skip_auth(struct mysql_reader *r, uint32_t capabilities)
{
	if (capabilities & MYSQL_CAP_LENENC_AUTH)
		mysql_read_lenenc_bytes(r);
	else if (capabilities & MYSQL_CAP_SECURE)
		mysql_read_bytes(r, mysql_read_int(r, 1));
	else
		mysql_read_nul(r);
}

/*
 * Skips the auth plugin's name. The pure Python connector writes an empty database even when it did
 * not announce one: then the name looks empty, and stands behind it.
 */
static void skip_plugin(struct mysql_reader *r, uint32_t capabilities)
{
	struct bytes name = mysql_read_nul(r);
	ptrdiff_t end;

	if (name.len || (capabilities & MYSQL_CAP_CONNECT_WITH_DB))
		return;
	end = bytes_index(r->left, 0);
	if (end > 0 && is_printable(bytes_take(r->left, (size_t)end)))
		mysql_read_nul(r);
}

static void take_attribute(struct mysql_login *ret, struct bytes key, struct bytes value,
			   bool *connector)
{
	/* A connector's own name and version say more than those of the C library below it. */
	if (bytes_equal_str(key, "_connector_name"))
		ret->client_name = value;
	else if (bytes_equal_str(key, "_connector_version"))
		ret->client_version = value;
	else if (bytes_equal_str(key, "_client_name") && !connector[0])
		ret->client_name = value;
	else if (bytes_equal_str(key, "_client_version") && !connector[1])
		ret->client_version = value;
	else if (bytes_equal_str(key, "program_name"))
		ret->program_name = value;
	connector[0] |= bytes_equal_str(key, "_connector_name");
	connector[1] |= bytes_equal_str(key, "_connector_version");
}

static void read_attributes(struct mysql_reader *r, struct mysql_login *ret)
{
	uint64_t total = mysql_read_lenenc(r);
	struct mysql_reader pairs = mysql_reader_of(bytes_take(r->left, total));
	bool connector[2] = { false, false };

	while (pairs.left.len) {
		struct bytes key = mysql_read_lenenc_bytes(&pairs);
		struct bytes value = mysql_read_lenenc_bytes(&pairs);

		if (pairs.cut)
			return;
		take_attribute(ret, key, value, connector);
	}
}

int mysql_parse_login(struct bytes payload, struct mysql_login *ret)
{
	struct mysql_reader r = mysql_reader_of(payload);
	uint32_t extended;

	*ret = (struct mysql_login){ 0 };
	ret->capabilities = (uint32_t)mysql_read_int(&r, 4);
	mysql_read_int(&r, 4); /* max packet */
	ret->charset = (uint8_t)mysql_read_int(&r, 1);
	mysql_read_bytes(&r, LOGIN_FILLER_LEN);
	extended = (uint32_t)mysql_read_int(&r, 4);
	if (r.cut || !(ret->capabilities & MYSQL_CAP_PROTOCOL_41))
		return -EBADMSG;
	if (!(ret->capabilities & CAP_MYSQL))
		ret->mariadb_capabilities = extended;
	ret->ssl_request = payload.len == LOGIN_FIXED_LEN && (ret->capabilities & MYSQL_CAP_SSL);
	if (ret->ssl_request)
		return 0;
	ret->user = mysql_read_nul(&r);
	skip_auth(&r, ret->capabilities);
	if (ret->capabilities & MYSQL_CAP_CONNECT_WITH_DB)
		ret->database = mysql_read_nul(&r);
	if (r.cut)
		return -EBADMSG;
	/* What stands behind is nice to have, and may be beyond the capture. */
	if (ret->capabilities & MYSQL_CAP_PLUGIN_AUTH)
		skip_plugin(&r, ret->capabilities);
	if (ret->capabilities & MYSQL_CAP_CONNECT_ATTRS)
		read_attributes(&r, ret);
	return 0;
}
