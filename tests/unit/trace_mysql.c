// SPDX-License-Identifier: Apache-2.0
/*
 * trace_mysql.c - MySQL conversations for the tests of trace/.
 */
#include "trace_mysql.h"

struct stream packets(uint8_t first, size_t n, const struct bytes *payloads)
{
	struct stream s = { 0 };

	for (size_t i = 0; i < n; i++)
		stream_packet(&s, (uint8_t)(first + i), payloads[i]);
	return s;
}

static struct bytes view(const struct stream *s)
{
	return bytes_of(s->data, s->len);
}

struct db db_begin(struct bench *b, enum db_spans spans)
{
	struct db db = { .bench = b, .ms = 20 };

	bench_begin(b, spans);
	return db;
}

void db_exchange(struct db *db, struct stream command, struct stream answer, uint32_t flags)
{
	EXCHANGE(db->bench, .conn = DB_CONN, .seq = ++db->seq, .protocol = BX_PROTO_MYSQL,
		 .request = view(&command), .request_ms = db->ms, .response = view(&answer),
		 .response_ms = db->ms + 1, .owner_conn = db->unowned ? 0 : OWNER,
		 .owner_seq = db->unowned ? 0 : 1, .flags = flags | db->flags);
	db->ms += 2;
}

static size_t put(uint8_t *to, size_t at, const void *from, size_t len)
{
	memcpy(to + at, from, len);
	return at + len;
}

/* MariaDB 10.11 that offers everything but compression. */
static struct stream greeting(void)
{
	static const uint8_t tail[] = { 0xfe, 0xff, 0x2d, 0x02, 0x00, 0xff, 0xc1, 21, 0,
					0,    0,    0,	  0,	0,    0x1d, 0,	  0,  0 };
	uint8_t p[128] = { 10 };
	size_t n = put(p, 1, "5.5.5-10.11.19-MariaDB-0", 25);

	n = put(p, n, "\x07\x00\x00\x00saltsalt\x00", 13);
	n = put(p, n, tail, sizeof(tail));
	n = put(p, n, "saltsaltsalt\x00mysql_native_password\x00", 35);
	return PACKETS(0, bytes_of(p, n));
}

static struct stream login(uint32_t caps)
{
	uint8_t p[256] = { (uint8_t)caps,
			   (uint8_t)(caps >> 8),
			   (uint8_t)(caps >> 16),
			   (uint8_t)(caps >> 24),
			   0,
			   0,
			   0,
			   1,
			   45 };
	static const char attributes[] = "\x22\x0c_client_name\x07pymysql";
	size_t n = put(p, 32, "app\x00", 4);

	p[n++] = 0; /* the auth field was cut out */
	n = put(p, n, "todo\x00mysql_native_password\x00", 27);
	if (caps & MYSQL_CAP_CONNECT_ATTRS) {
		p[n++] = sizeof(attributes) - 2;
		n = put(p, n, attributes + 1, sizeof(attributes) - 2);
	}
	return PACKETS(1, bytes_of(p, n));
}

#define LOGIN_CAPS                                                                                 \
	(MYSQL_CAP_PROTOCOL_41 | MYSQL_CAP_CONNECT_WITH_DB | MYSQL_CAP_SECURE |                    \
	 MYSQL_CAP_PLUGIN_AUTH | MYSQL_CAP_CONNECT_ATTRS)

void db_login(struct db *db, uint32_t client_caps, struct stream answer)
{
	db_exchange(db, (struct stream){ 0 }, greeting(), 0);
	db_exchange(db, login(client_caps | LOGIN_CAPS), answer, BX_EX_LOGIN);
}

void db_ask_for_tls(struct db *db)
{
	/* the fixed part of a login alone, 32 bytes */
	static const uint8_t request[32] = { 0x08, 0xaa, 0, 0, 0, 0, 0, 1, 45 };

	db_exchange(db, (struct stream){ 0 }, greeting(), 0);
	db_exchange(db, PACKETS(1, bytes_of(request, sizeof(request))), (struct stream){ 0 },
		    BX_EX_LOGIN);
}

void db_connect_tls(struct db *db)
{
	db_ask_for_tls(db);
	db->flags |= BX_EX_TLS;
	db_exchange(db, login(LOGIN_CAPS | MYSQL_CAP_SSL), PACKETS(3, OK), BX_EX_LOGIN);
}

void db_connect(struct db *db, uint32_t client_caps)
{
	db_login(db, client_caps, PACKETS(2, OK));
}

void db_query(struct db *db, const char *sql)
{
	uint8_t p[512] = { MYSQL_COM_QUERY };
	size_t n = put(p, 1, sql, strlen(sql));

	db_exchange(db, PACKETS(0, bytes_of(p, n)), PACKETS(1, OK), 0);
}

void db_quit(struct db *db)
{
	db_exchange(db, PACKETS(0, LIT("\x01")), (struct stream){ 0 }, BX_EX_CLOSED_LOCAL);
}

void web_request(struct bench *b, double end_ms, uint32_t children)
{
	EXCHANGE(b, .conn = OWNER, .request = LITERAL(WEB_GET), .request_ms = 10,
		 .response = LITERAL(WEB_OK), .response_ms = end_ms, .children = children,
		 .flags = BX_EX_SNAPSHOT);
}
