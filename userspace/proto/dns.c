// SPDX-License-Identifier: Apache-2.0
/*
 * dns.c - see dns.h. A name may continue at an earlier place of the message (RFC 1035 4.1.4): each
 * jump must go to before the piece that it ends, so that no message is read for ever.
 */
#include "proto/dns.h"

#include <errno.h>

#include "util/array.h"

#define HEADER_LEN 12
#define TYPE_A	   1
#define TYPE_CNAME 5
#define TYPE_AAAA  28
#define CLASS_IN   1
/* Aliases one behind another that are followed, and records that are looked at. */
#define ALIASES_MAX 8
#define RECORDS_MAX 64

struct record {
	char owner[DNS_NAME_CAP];
	char alias[DNS_NAME_CAP]; /* of a CNAME */
	uint16_t type;
	uint32_t ttl_s;
	struct bytes data;
};

/* The section of answers, from its first record on. */
struct section {
	struct bytes message;
	size_t at;
	uint16_t count;
};

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

/* What the names of hosts consist of, and the underscore that some have all the same. */
static bool is_host_label(struct bytes label)
{
	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = label.at[i];

		if (c != '-' && c != '_' && (c < '0' || c > '9') &&
		    ((c | 0x20) < 'a' || (c | 0x20) > 'z'))
			return false;
	}
	return true;
}

/* Appends a label and its dot. False: too long. A label of other bytes leaves no name. */
static bool add_label(struct bytes label, char *ret, size_t *len, bool *is_host)
{
	if (*len + label.len + 1 > DNS_NAME_CAP)
		return false;
	memcpy(ret + *len, label.at, label.len);
	*len += label.len;
	ret[(*len)++] = '.';
	*is_host &= is_host_label(label);
	return true;
}

/*
 * Reads the name at *@at, which moves behind it. 0 or -EBADMSG. @ret is empty when it is the root's
 * or no host's.
 */
static int read_name(struct bytes in, size_t *at, char ret[DNS_NAME_CAP])
{
	size_t here = *at, piece = here, len = 0;
	bool jumped = false, is_host = true;

	for (;;) {
		uint8_t n = here < in.len ? in.at[here] : 0xff;
		size_t target;

		if (n < 0x40 && here + 1 + n <= in.len) {
			here += 1 + (size_t)n;
			*at = jumped ? *at : here;
			if (!n)
				break;
			if (!add_label(bytes_of(in.at + here - n, n), ret, &len, &is_host))
				return -EBADMSG;
			continue;
		}
		if (n < 0xc0 || here + 2 > in.len)
			return -EBADMSG;
		target = be16(in.at + here) & 0x3fff;
		if (target >= piece)
			return -EBADMSG;
		*at = jumped ? *at : here + 2;
		jumped = true;
		here = piece = target;
	}
	ret[len && is_host ? len - 1 : 0] = '\0';
	return 0;
}

/* Reads the record at *@at, which moves behind it. 0 or -EBADMSG. */
static int read_record(struct bytes in, size_t *at, struct record *ret)
{
	const uint8_t *fixed;
	size_t data;

	if (read_name(in, at, ret->owner) < 0 || in.len - *at < 10)
		return -EBADMSG;
	fixed = in.at + *at;
	data = *at + 10;
	ret->type = be16(fixed + 2) == CLASS_IN ? be16(fixed) : 0;
	ret->ttl_s = be32(fixed + 4);
	if (in.len - data < be16(fixed + 8))
		return -EBADMSG;
	ret->data = bytes_of(in.at + data, be16(fixed + 8));
	*at = data + ret->data.len;
	ret->alias[0] = '\0';
	if (ret->type == TYPE_CNAME && read_name(in, &data, ret->alias) < 0)
		return -EBADMSG;
	return 0;
}

/* The answer's question, which must be one. 0, -ENOENT or -EBADMSG. */
static int read_question(struct bytes in, char name[DNS_NAME_CAP], struct section *ret)
{
	size_t at = HEADER_LEN;

	/* QR, opcode QUERY, RCODE 0 */
	if (in.len < HEADER_LEN || !(in.at[2] & 0x80) || in.at[2] & 0x78 || be16(in.at + 4) != 1)
		return -EBADMSG;
	if (in.at[3] & 0x0f)
		return -ENOENT;
	if (read_name(in, &at, name) < 0 || in.len - at < 4)
		return -EBADMSG;
	if (!name[0])
		return -ENOENT;
	*ret = (struct section){ in, at + 4, be16(in.at + 6) };
	return 0;
}

static bool is_address(const struct record *record)
{
	return (record->type == TYPE_A && record->data.len == 4) ||
	       (record->type == TYPE_AAAA && record->data.len == 16);
}

/* Takes the addresses of @name. When it is an alias *@name is changed to what it stands for. */
static bool read_section(const struct section *section, char name[DNS_NAME_CAP], uint32_t *ttl_s,
			 struct dns_answer *ret)
{
	char owner[DNS_NAME_CAP];
	struct record record;
	size_t at = section->at;
	bool alias = false;

	memcpy(owner, name, sizeof(owner));
	for (uint16_t i = 0; i < section->count && i < RECORDS_MAX; i++) {
		uint32_t least_s = *ttl_s;

		if (read_record(section->message, &at, &record) < 0)
			break;
		if (strcasecmp(record.owner, owner) != 0)
			continue;
		least_s = record.ttl_s < least_s ? record.ttl_s : least_s;
		if (record.alias[0] && !alias) {
			memcpy(name, record.alias, sizeof(record.alias));
			*ttl_s = least_s;
			alias = true;
		} else if (is_address(&record) && ret->count < ARRAY_LEN(ret->address)) {
			struct dns_address *address = &ret->address[ret->count++];

			*address = (struct dns_address){ .v6 = record.type == TYPE_AAAA };
			memcpy(address->at, record.data.at, record.data.len);
			address->ttl_s = least_s;
		}
	}
	return alias;
}

int dns_parse_answer(struct bytes message, struct dns_answer *ret)
{
	struct dns_answer answer = { .count = 0 };
	char name[DNS_NAME_CAP];
	struct section section;
	uint32_t ttl_s = UINT32_MAX;
	int r = read_question(message, name, &section);

	if (r < 0)
		return r;
	memcpy(answer.name, name, sizeof(answer.name));
	for (int i = 0; i < ALIASES_MAX; i++)
		if (!read_section(&section, name, &ttl_s, &answer) || answer.count)
			break;
	if (!answer.count)
		return -ENOENT;
	*ret = answer;
	return 0;
}

bool dns_cut_message(struct bytes *in, struct bytes *ret)
{
	size_t len = in->len < 2 ? SIZE_MAX : be16(in->at);

	if (len > in->len || in->len - len < 2)
		return false;
	*ret = bytes_of(in->at + 2, len);
	*in = bytes_skip(*in, 2 + len);
	return true;
}
