/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql_conn.h - a client's MySQL connection: exchanges come in, statements go into the book.
 */
#ifndef BPFXRAY_TRACE_MYSQL_CONN_H
#define BPFXRAY_TRACE_MYSQL_CONN_H

#include "proto/mysql.h"
#include "trace/conn.h"

/* Prepared statements whose text one connection keeps; the oldest goes first. */
#define MYSQL_PREPARED_MAX 4096
/* Commands of one connection that wait for their answer. */
#define MYSQL_PENDING_MAX 256

/* A text that a prepared statement, its prepare and its executes share. */
struct mysql_text {
	uint32_t refs;
	bool truncated;
	size_t len;
	char data[];
};

struct mysql_prepared {
	struct list link; /* by age */
	uint32_t id;
	struct mysql_text *text;
};

/* A command whose answer is not complete. */
struct mysql_pending {
	struct list link;
	uint8_t code;	/* enum mysql_command */
	bool folds;	/* session set-up: lengthens the connect span */
	bool meta_ends; /* the statement ends with the metadata: rows are read when they are asked
			   for */
	struct node *node;	 /* NULL: taken away */
	struct mysql_text *text; /* PREPARE: the statement; INIT_DB and USE: the database */
};

enum mysql_phase {
	MYSQL_NEW,  /* the greeting is to come */
	MYSQL_AUTH, /* until the server's OK or ERR */
	MYSQL_READY,
	MYSQL_UNSURE,	  /* begun before the trace, and nothing has proven it to be MySQL yet */
	MYSQL_COMPRESSED, /* counted only */
	MYSQL_ENCRYPTED,  /* the client asked for TLS: its plain text may come, or nothing */
	MYSQL_OPAQUE,	  /* refused, or no MySQL: nothing more comes of it */
};

struct mysql_conn {
	enum mysql_phase phase;
	struct db_peer peer;
	bool mariadb;
	uint32_t server_capabilities;
	uint32_t server_mariadb_capabilities;
	uint32_t capabilities; /* effective */
	uint32_t mariadb_capabilities;
	bool caps_known;
	bool has_status;
	uint16_t status; /* of the server, as last told */
	bool odd_charset;
	struct node *connect;  /* the connect span, as long as it may grow */
	uint64_t begun_ns;     /* MYSQL_ENCRYPTED: when the connect span began */
	uint64_t greeted_ns;   /* MYSQL_ENCRYPTED: its first byte */
	struct table prepared; /* id -> struct mysql_prepared */
	struct list prepared_order;
	struct mysql_text *last_prepare; /* for MariaDB's execute of "the last one" */
	struct list pending;		 /* struct mysql_pending */
	size_t pending_count;
	struct mysql_walk walk; /* of the first pending command */
	bool walking;
	int64_t walk_base; /* where the walk's stream offset 0 is in the current turn */
	uint64_t fed[2];   /* bytes of the current turns that are done with */
	bool judged;	   /* MYSQL_UNSURE: the current exchange has had its verdict */
};

/* One record on its way through the module. */
struct mysql_step {
	struct trace *trace;
	struct conn *conn;
	struct mysql_conn *m;
	const struct bx_exchange *ex;
	struct served *served; /* what owns the exchange; NULL: nobody */
	bool final;	       /* the exchange has ended with this record */
	struct turn request;
	struct turn response;
};

/* Takes in a record. @fresh: the first one of its exchange. 0 or -ENOMEM. */
int mysql_client_exchange(struct trace *trace, struct conn *conn, const struct bx_exchange *ex,
			  bool fresh);
/* A connect() that failed. 0 or -ENOMEM. */
int mysql_connect_failed(struct trace *trace, struct conn *conn, const struct bx_exchange *ex);
/* The exchange has ended because the next one began. */
void mysql_conn_turned(struct trace *trace, struct conn *conn);
/* The connection has ended with the record @ex. */
void mysql_conn_closed(struct trace *trace, struct conn *conn, const struct bx_exchange *ex);
/* Exchanges are missing, or the connection is forgotten. */
void mysql_conn_lost(struct trace *trace, struct conn *conn);
/* The connection turned to TLS. */
void mysql_conn_encrypted(struct trace *trace, struct conn *conn);
/* True while commands wait for their answers. */
bool mysql_conn_busy(const struct conn *conn);
/* Returns NULL. */
struct mysql_conn *mysql_conn_free(struct mysql_conn *m);

/* mysql_auth.c */
int mysql_greeting_read(struct mysql_step *step);
/* The first plain text of a connection that turned to TLS. 0 or -ENOMEM. */
int mysql_decrypted(struct mysql_step *step);
void mysql_auth_read(struct mysql_step *step);
/* The connect span is complete: another statement follows, or nothing. */
void mysql_connect_done(struct trace *trace, struct mysql_conn *m);
void mysql_connect_lost(struct trace *trace, struct mysql_conn *m, uint64_t end_ns);
/* Address, name and version of a connection whose first record is @ex. */
void mysql_learn_peer(struct trace *trace, const struct conn *conn, const struct bx_exchange *ex,
		      struct mysql_conn *m);
/* @host is what the client library was asked to connect to. */
void mysql_dialled(struct conn *conn, const char *host);

/* mysql_command.c */
int mysql_commands_read(struct mysql_step *step);
enum mysql_walk_kind mysql_command_walk(uint8_t code);
void mysql_command_free(struct mysql_conn *m, struct mysql_pending *command);

/* mysql_reply.c */
void mysql_replies_read(struct mysql_step *step);
/* The first pending command ends without (the rest of) its answer. */
void mysql_reply_missing(struct trace *trace, struct mysql_conn *m, uint64_t end_ns, bool lost);
/* The first pending command is complete where the walk says. */
void mysql_reply_whole(struct trace *trace, struct mysql_conn *m);

/*
 * mysql_strict.c: does an exchange of a connection older than the trace prove that it speaks
 * MySQL?
 */
enum mysql_verdict { VERDICT_NO, VERDICT_YES, VERDICT_LATER, VERDICT_NOTHING };
enum mysql_verdict mysql_strict(const struct mysql_step *step);

/* mysql_prepared.c */
/* @in as a C string: NUL bytes become spaces. @to has room for one byte more. */
void mysql_text_copy(char *to, struct bytes in);
/* NULL without memory. */
struct mysql_text *mysql_text_new(struct bytes in, bool truncated);
struct mysql_text *mysql_text_ref(struct mysql_text *text);
struct mysql_text *mysql_text_unref(struct mysql_text *text);
int mysql_prepared_add(struct mysql_conn *m, uint32_t id, struct mysql_text *text);
struct mysql_text *mysql_prepared_find(const struct mysql_conn *m, uint32_t id);
void mysql_prepared_remove(struct mysql_conn *m, uint32_t id);
void mysql_prepared_clear(struct mysql_conn *m);

#endif
