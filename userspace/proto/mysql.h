/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql.h - packets of the MySQL client/server protocol as pure functions over byte views.
 *
 * No state of a connection is kept here: trace/mysql_conn.c does that. Outputs point into the
 * input.
 */
#ifndef BPFXRAY_PROTO_MYSQL_H
#define BPFXRAY_PROTO_MYSQL_H

#include "util/bytes.h"

enum mysql_command {
	MYSQL_COM_QUIT = 0x01,
	MYSQL_COM_INIT_DB = 0x02,
	MYSQL_COM_QUERY = 0x03,
	MYSQL_COM_FIELD_LIST = 0x04,
	MYSQL_COM_STATISTICS = 0x09,
	MYSQL_COM_PROCESS_INFO = 0x0a,
	MYSQL_COM_PROCESS_KILL = 0x0c,
	MYSQL_COM_DEBUG = 0x0d,
	MYSQL_COM_PING = 0x0e,
	MYSQL_COM_CHANGE_USER = 0x11,
	MYSQL_COM_STMT_PREPARE = 0x16,
	MYSQL_COM_STMT_EXECUTE = 0x17,
	MYSQL_COM_STMT_SEND_LONG_DATA = 0x18,
	MYSQL_COM_STMT_CLOSE = 0x19,
	MYSQL_COM_STMT_RESET = 0x1a,
	MYSQL_COM_SET_OPTION = 0x1b,
	MYSQL_COM_STMT_FETCH = 0x1c,
	MYSQL_COM_RESET_CONNECTION = 0x1f,
	MYSQL_COM_STMT_BULK_EXECUTE = 0xfa, /* MariaDB */
};

/* Capability bits used here. */
/* The client libraries' own codes (errmsg.h): the connection had gone, or went meanwhile. */
#define MYSQL_CR_SERVER_GONE 2006
#define MYSQL_CR_SERVER_LOST 2013

#define MYSQL_CAP_CONNECT_WITH_DB   (1u << 3)
#define MYSQL_CAP_COMPRESS	    (1u << 5)
#define MYSQL_CAP_PROTOCOL_41	    (1u << 9)
#define MYSQL_CAP_SSL		    (1u << 11)
#define MYSQL_CAP_SECURE	    (1u << 15)
#define MYSQL_CAP_PLUGIN_AUTH	    (1u << 19)
#define MYSQL_CAP_CONNECT_ATTRS	    (1u << 20)
#define MYSQL_CAP_LENENC_AUTH	    (1u << 21)
#define MYSQL_CAP_SESSION_TRACK	    (1u << 23)
#define MYSQL_CAP_DEPRECATE_EOF	    (1u << 24)
#define MYSQL_CAP_OPTIONAL_METADATA (1u << 25)
#define MYSQL_CAP_ZSTD		    (1u << 26)
#define MYSQL_CAP_QUERY_ATTRIBUTES  (1u << 27)
/*
 * MariaDB extended capability: the result set header carries a byte that says whether metadata
 * follow.
 */
#define MARIADB_CAP_CACHE_METADATA (1u << 4)

/* Server status bits. */
#define MYSQL_STATUS_MORE_RESULTS  0x0008
#define MYSQL_STATUS_CURSOR_EXISTS 0x0040
#define MYSQL_STATUS_NO_BACKSLASH  0x0200
#define MARIADB_STATUS_ANSI_QUOTES 0x8000

struct mysql_packet {
	uint32_t len; /* payload bytes announced */
	uint8_t seq;
	struct bytes payload; /* what of it is in the input */
};

/*
 * Parses a packet header. Returns 4 and fills @ret (payload may be shorter than len), or 0 when @in
 * has under 4 bytes.
 */
int mysql_parse_packet(struct bytes in, struct mysql_packet *ret);

struct mysql_greeting {
	struct bytes version; /* as sent, `5.5.5-10.11..` for MariaDB */
	uint32_t thread_id;
	uint32_t capabilities;
	uint32_t mariadb_capabilities;
	uint16_t status;
	uint8_t charset;
};

/* Parses the payload of a handshake v10 (or its captured beginning). 0 or -EBADMSG. */
int mysql_parse_greeting(struct bytes payload, struct mysql_greeting *ret);

struct mysql_login {
	uint32_t capabilities;
	uint32_t mariadb_capabilities;
	uint8_t charset;
	bool ssl_request; /* 32 bytes with the SSL bit: TLS follows */
	struct bytes user;
	struct bytes database;
	struct bytes client_name;    /* attribute _connector_name, else _client_name */
	struct bytes client_version; /* _connector_version, else _client_version */
	struct bytes program_name;
};

/*
 * Parses the payload of a HandshakeResponse41. The kernel side cuts the auth field out and leaves
 * its length 0; both forms parse. 0 or -EBADMSG.
 */
int mysql_parse_login(struct bytes payload, struct mysql_login *ret);

/*
 * MariaDB's own version: `10.11.19-MariaDB..` of `5.5.5-10.11.19-MariaDB..`; other versions
 * unchanged.
 */
struct bytes mysql_real_version(struct bytes version);

/*
 * The SQL text of a COM_QUERY payload (command byte included), behind query attributes if there are
 * any. @attributes: 1 the connection has CLIENT_QUERY_ATTRIBUTES, 0 it has not, -1 unknown (decided
 * by the bytes). 0, or -EBADMSG when malformed.
 */
int mysql_query_text(struct bytes payload, int attributes, struct bytes *ret);

struct mysql_ok {
	uint64_t affected;
	uint64_t insert_id;
	uint16_t status;
	uint16_t warnings;
	struct bytes schema; /* session track: new default database, if told */
	bool has_schema;
};

/*
 * Parses an OK payload (first byte 00, or fe with DEPRECATE_EOF). @capabilities: effective. 0 or
 * -EBADMSG.
 */
int mysql_parse_ok(struct bytes payload, uint32_t capabilities, struct mysql_ok *ret);

struct mysql_err {
	uint16_t code;	  /* 0xffff: MariaDB progress report, not an error */
	char sqlstate[6]; /* NUL-terminated; empty when not told */
	struct bytes message;
};

/* Parses an ERR payload (first byte ff). 0 or -EBADMSG. */
int mysql_parse_err(struct bytes payload, struct mysql_err *ret);

struct mysql_eof {
	uint16_t warnings;
	uint16_t status;
};

/* Parses a 5-byte EOF payload (first byte fe). 0 or -EBADMSG. */
int mysql_parse_eof(struct bytes payload, struct mysql_eof *ret);

struct mysql_prepare_ok {
	uint32_t statement_id;
	uint16_t columns;
	uint16_t params;
};

int mysql_parse_prepare_ok(struct bytes payload, struct mysql_prepare_ok *ret);

/* Length-encoded integer. Returns bytes used, 0 partial, -EBADMSG for fb/ff. */
int mysql_parse_lenenc(struct bytes in, uint64_t *ret);

/*
 * Walks the server's answer to one command over any pieces, packet by packet, without looking into
 * rows.
 *
 * Feed the response stream from the first byte behind the request. Of each packet the walk keeps
 * the first bytes of the payload; bytes that were not captured are skipped with mysql_walk_skip(),
 * which is exact inside a packet and lost beyond it. LOCAL INFILE and authentication (CHANGE_USER)
 * have client packets between the server's: they are not fed, and the sequence number starts anew.
 */
#define MYSQL_WALK_PEEK 64

enum mysql_walk_kind {
	MYSQL_WALK_RESULT,  /* COM_QUERY, COM_STMT_EXECUTE, BULK_EXECUTE, FIELD_LIST apart */
	MYSQL_WALK_PREPARE, /* COM_STMT_PREPARE */
	MYSQL_WALK_SIMPLE,  /* one OK, ERR or EOF: PING, INIT_DB, RESET, SET_OPTION, CHANGE_USER */
	MYSQL_WALK_TEXT,    /* one packet of any content: STATISTICS */
	MYSQL_WALK_FIELDS,  /* definitions up to EOF: FIELD_LIST */
	MYSQL_WALK_FETCH,   /* binary rows up to EOF: COM_STMT_FETCH */
};

struct mysql_walk {
	/* in: set by mysql_walk_init() */
	uint32_t capabilities; /* effective; with caps_known false it is learned from the packets */
	uint32_t mariadb_capabilities;
	bool caps_known;
	/* out */
	bool done;	   /* the whole answer has been seen */
	bool failed;	   /* it ended with ERR */
	bool local_infile; /* the server asked for a file: client packets follow, then the walk goes
			      on */
	bool lost;	   /* not the protocol, or bytes missing where they were needed */
	/*
	 * Prepare, capabilities unknown: the answer is complete unless an EOF packet follows. Not
	 * done until that comes; a connection with DEPRECATE_EOF never sends it. `end` is set
	 * already.
	 */
	bool open_end;
	bool has_seq;
	uint8_t first_seq; /* of the answer's first packet: 1, more behind a command over 16 MB */
	uint64_t
		meta_end; /* stream offset behind the first result set's metadata; 0: not reached */
	uint64_t end;	  /* stream offset behind the answer's last byte, when done */
	uint64_t rows;	  /* rows of all results */
	uint64_t affected; /* of all OK packets */
	uint32_t results;  /* result sets and OKs */
	uint16_t status;   /* last server status seen */
	bool has_status;
	uint16_t err_code;
	char err_sqlstate[6];
	char err_message[MYSQL_WALK_PEEK * 4]; /* what was captured, NUL-terminated, valid UTF-8 */
	struct mysql_prepare_ok prepare;       /* MYSQL_WALK_PREPARE */
	char schema[MYSQL_WALK_PEEK]; /* session track's new default database; empty: none told */
	/* private */
	enum mysql_walk_kind kind;
	uint8_t state;
	uint8_t section; /* whose definitions are read */
	uint8_t eof;	 /* whether EOF packets follow definitions */
	bool gap;	 /* lost because bytes are missing, not because they are wrong */
	bool seq_open;	 /* the next packet may have any sequence number */
	bool continued;	 /* the packet before had 0xffffff bytes and goes on in this one */
	bool peek_cut;	 /* bytes behind the kept ones were skipped */
	uint8_t seq;
	uint8_t header_len;
	uint8_t header[4];
	uint64_t offset;
	uint64_t definitions_left;
	uint64_t definitions_end; /* stream offset behind the last definition of the first result
				     set */
	uint32_t packet_left;
	uint32_t packet_len;  /* of this packet */
	uint32_t message_len; /* of the first packet of a continued message */
	uint32_t peek_len;
	uint8_t peek[MYSQL_WALK_PEEK * 4 + 16];
};

void mysql_walk_init(struct mysql_walk *walk, enum mysql_walk_kind kind, uint32_t capabilities,
		     uint32_t mariadb_capabilities, bool caps_known);

/*
 * Feeds the next bytes. Returns the bytes used: fewer than @in.len only when the answer ended
 * inside (walk->done).
 */
size_t mysql_walk_feed(struct mysql_walk *walk, struct bytes in);

/* @n bytes of the stream were not captured. Exact inside one packet, else walk->lost. */
void mysql_walk_skip(struct mysql_walk *walk, uint64_t n);

/*
 * When the walk is lost for missing bytes: reads the end of the answer from the last captured bytes
 * of the response (fed, skipped or neither). True and fills done/failed/status/err_* when @tail
 * ends with an unmistakable EOF, OK or ERR packet; counts stay what they were, walk->lost stays
 * set, and walk->end is the offset fed and skipped so far.
 */
bool mysql_walk_tail(struct mysql_walk *walk, struct bytes tail);

#endif
