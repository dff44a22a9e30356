// SPDX-License-Identifier: Apache-2.0
/* docker.c - see docker.h. */
#include "host/docker.h"

#include <fcntl.h>

#include <cjson/cJSON.h>

#include "host/json_text.h"
#include "util/cleanup.h"

#define CONFIG_PATH "/var/lib/docker/containers/%s/config.v2.json"
/* Environment and labels included; a longer one is not of a container that anybody started. */
#define CONFIG_MAX (1024 * 1024)

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

int docker_name_parse(struct bytes text, char *ret, size_t cap)
{
	_cleanup_(cleanup_json) cJSON *root = NULL;
	char name[512];

	if (text.len)
		root = cJSON_ParseWithLength((const char *)text.at, text.len);
	if (!cJSON_IsObject(root))
		return -EBADMSG;
	json_take_text(root, "Name", name, sizeof(name));
	if (name[0] != '/' || !name[1] || strlen(name) > cap)
		return -ENOENT;
	memcpy(ret, name + 1, strlen(name));
	return 0;
}

int docker_name(const char *id, char *ret, size_t cap)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	ssize_t n;

	if (asprintf(&path, CONFIG_PATH, id) < 0)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	text = malloc(CONFIG_MAX);
	if (!text)
		return -ENOMEM;
	n = read(fd, text, CONFIG_MAX);
	return n < 0 ? -errno : docker_name_parse(bytes_of(text, (size_t)n), ret, cap);
}
