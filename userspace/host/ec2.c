// SPDX-License-Identifier: Apache-2.0
/* ec2.c - see ec2.h. */
#include "host/ec2.h"

#include <errno.h>

#include "host/json_text.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

#define TAKE(object, key, to) json_take_text(object, key, to, sizeof(to))

int ec2_instance_parse(struct bytes body, struct ec2_instance *ret)
{
	_cleanup_(cleanup_json) cJSON *root = NULL;
	struct ec2_instance instance;

	if (body.len > EC2_ANSWER_MAX)
		return -E2BIG;
	root = body.len ? cJSON_ParseWithLength((const char *)body.at, body.len) : NULL;
	if (!cJSON_IsObject(root))
		return -EBADMSG;
	TAKE(root, "instanceId", instance.instance_id);
	TAKE(root, "availabilityZone", instance.availability_zone);
	TAKE(root, "instanceType", instance.instance_type);
	TAKE(root, "imageId", instance.image_id);
	if (!instance.instance_id[0])
		return -EBADMSG;
	*ret = instance;
	return 0;
}

int ec2_token_parse(struct bytes body, char ret[EC2_TOKEN_CAP])
{
	if (!body.len || body.len >= EC2_TOKEN_CAP)
		return -EBADMSG;
	for (size_t i = 0; i < body.len; i++)
		if (body.at[i] <= ' ' || body.at[i] > '~')
			return -EBADMSG;
	memcpy(ret, body.at, body.len);
	ret[body.len] = '\0';
	return 0;
}

/* Copies @len characters. False when there are none, or too many. */
static bool take(const char *from, size_t len, char *to, size_t cap)
{
	if (!len || len >= cap)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* Takes the host off the front of *@text. */
static bool take_host(const char **text, struct ec2_endpoint *ret)
{
	bool brackets = **text == '[';
	const char *host = *text + brackets;
	size_t len = strcspn(host, brackets ? "]" : ":/");

	if (!take(host, len, ret->host, sizeof(ret->host)) || (brackets && host[len] != ']'))
		return false;
	*text = host + len + brackets;
	return true;
}

int ec2_endpoint_parse(const char *text, struct ec2_endpoint *ret)
{
	static const char scheme[] = "http://";
	struct ec2_endpoint found = { .port = "80" };
	size_t digits;

	if (strncmp(text, scheme, strlen(scheme)) != 0)
		return -EINVAL;
	text += strlen(scheme);
	if (!take_host(&text, &found))
		return -EINVAL;
	if (*text == ':') {
		digits = strspn(++text, "0123456789");
		if (!take(text, digits, found.port, sizeof(found.port)))
			return -EINVAL;
		text += digits;
	}
	text += *text == '/';
	if (*text)
		return -EINVAL;
	*ret = found;
	return 0;
}

bool ec2_is_vendor(struct bytes vendor)
{
	return bytes_starts_with(vendor, "Amazon EC2");
}
