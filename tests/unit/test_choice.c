// SPDX-License-Identifier: Apache-2.0
/* test_choice.c - which processes --container, --cgroup, --exe and the like choose. */
#include "unit.h"

#include "host/choice.h"
#include "util/array.h"

#define CID   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define TASK  "00112233445566778899aabbccddeeff"

static const struct ecs_task web = { .container_name = "todobackend",
				     .docker_name = "ecs-fam-7-todobackend-01",
				     .family = "fam" };
static const struct ecs_task migrate = { .container_name = "migrate", .family = "fam" };
static const struct ecs_task pause_task = { .container_name = "~internal~ecs~pause",
					    .family = "fam" };
static const struct ecs_task unknown;

TEST(choice_by_container)
{
	static const struct {
		struct choice choice;
		const char *id;
		const struct ecs_task *task;
		enum chosen chosen;
	} rows[] = {
		{ { CHOICE_CONTAINER, CID, 0 }, CID, NULL, CHOSEN_YES },
		{ { CHOICE_CONTAINER, "0123456789ab", 0 }, CID, NULL, CHOSEN_YES },
		{ { CHOICE_CONTAINER, "0123456789ab", 0 }, OTHER, &web, CHOSEN_NO },
		{ { CHOICE_CONTAINER, "0123456789ab", 0 }, "", NULL, CHOSEN_NO },
		{ { CHOICE_CONTAINER, "todobackend", 0 }, CID, NULL, CHOSEN_ASK },
		{ { CHOICE_CONTAINER, "todobackend", 0 }, CID, &web, CHOSEN_YES },
		{ { CHOICE_CONTAINER, "ecs-fam-7-todobackend-01", 0 }, CID, &web, CHOSEN_YES },
		{ { CHOICE_CONTAINER, "todobackend", 0 }, CID, &unknown, CHOSEN_NO },
		{ { CHOICE_ECS_CONTAINER, "todobackend", 0 }, CID, NULL, CHOSEN_ASK },
		{ { CHOICE_ECS_CONTAINER, "todobackend", 0 }, "", NULL, CHOSEN_NO },
		{ { CHOICE_ECS_CONTAINER, "todobackend", 0 }, CID, &web, CHOSEN_YES },
		/* the run-once container of the same image and family */
		{ { CHOICE_ECS_CONTAINER, "todobackend", 0 }, CID, &migrate, CHOSEN_NO },
		{ { CHOICE_ECS_CONTAINER, "ecs-fam-7-todobackend-01", 0 }, CID, &web, CHOSEN_NO },
		{ { CHOICE_ECS_CONTAINER, "", 0 }, CID, &unknown, CHOSEN_NO },
		{ { CHOICE_ECS_FAMILY, "fam", 0 }, CID, &web, CHOSEN_YES },
		{ { CHOICE_ECS_FAMILY, "fam", 0 }, CID, &migrate, CHOSEN_YES },
		{ { CHOICE_ECS_FAMILY, "fam", 0 }, CID, &pause_task, CHOSEN_NO },
		{ { CHOICE_ECS_FAMILY, "fa", 0 }, CID, &web, CHOSEN_NO },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct candidate candidate = { .task = rows[i].task };

		unit_context("row %zu", i);
		memcpy(candidate.ids.container, rows[i].id, strlen(rows[i].id) + 1);
		CHECK_EQ(choice_verdict(&rows[i].choice, 1, &candidate), rows[i].chosen);
	}
}

TEST(choice_by_program)
{
	static const struct {
		const char *pattern, *exe;
		enum chosen chosen;
	} rows[] = {
		{ "uwsgi", "/usr/local/bin/uwsgi", CHOSEN_YES },
		{ "uwsgi", "/usr/local/bin/uwsgi-core", CHOSEN_NO },
		{ "python3*", "/usr/bin/python3.11", CHOSEN_YES },
		{ "/usr/bin/python3*", "/usr/bin/python3.11", CHOSEN_YES },
		{ "/usr/*/uwsgi", "/usr/local/bin/uwsgi", CHOSEN_YES },
		{ "/bin/uwsgi", "/usr/bin/uwsgi", CHOSEN_NO },
		{ "uwsgi", NULL, CHOSEN_NO },
		{ "*", NULL, CHOSEN_NO },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct choice choice = { CHOICE_EXE, rows[i].pattern, 0 };
		struct candidate candidate = { .exe = rows[i].exe };

		unit_context("row %zu", i);
		CHECK_EQ(choice_verdict(&choice, 1, &candidate), rows[i].chosen);
	}
}

TEST(choice_by_port)
{
	static const uint16_t ports[] = { 8000, 9000 };
	const struct choice choice = { CHOICE_PORT, "9000", 9000 };
	struct candidate candidate = { .ports = ports, .port_count = 2 };

	CHECK_EQ(choice_verdict(&choice, 1, &candidate), CHOSEN_YES);
	candidate.port_count = 1;
	CHECK_EQ(choice_verdict(&choice, 1, &candidate), CHOSEN_NO);
}

/* Alternatives: what is sure wins over what must be asked for. */
TEST(choice_of_several)
{
	static const struct choice choices[] = { { CHOICE_ECS_CONTAINER, "web", 0 },
						 { CHOICE_EXE, "uwsgi", 0 } };
	struct candidate candidate = { .ids = { CID, TASK }, .exe = "/bin/uwsgi" };

	CHECK_EQ(choice_verdict(choices, 2, &candidate), CHOSEN_YES);
	CHECK_EQ(choice_verdict(choices, 1, &candidate), CHOSEN_ASK);
	candidate.exe = "/bin/sh";
	CHECK_EQ(choice_verdict(choices, 2, &candidate), CHOSEN_ASK);
	CHECK_EQ(choice_verdict(NULL, 0, &candidate), CHOSEN_NO);
}

TEST(choice_by_cgroup)
{
	static const struct {
		const char *path, *text;
		bool fits;
	} rows[] = {
		{ "/system.slice/uwsgi.service", "0::/system.slice/uwsgi.service\n", true },
		{ "system.slice/uwsgi.service/", "0::/system.slice/uwsgi.service\n", true },
		{ "/system.slice", "0::/system.slice/uwsgi.service\n", true },
		{ "/system.slice/uwsgi", "0::/system.slice/uwsgi.service\n", false },
		{ "/uwsgi.service", "0::/system.slice/uwsgi.service\n", false },
		{ "/ecs/" TASK, "9:cpu:/ecs/" TASK "/" CID "\n1:name=systemd:/\n", true },
		{ "/ecs/" TASK, "1:name=systemd:/x\n9:cpu:/ecs/" TASK "/" CID "\n", true },
		{ "/a:b", "0::/a:b/c\n", true },
		{ "/", "0::/system.slice\n", false },
		{ "/a", "0::/\n", false },
		{ "/a", "", false },
		{ "/a", "nonsense\n", false },
		/* from a private cgroup namespace */
		{ "/system.slice/uwsgi.service", "0::/../../../system.slice/uwsgi.service\n",
		  true },
		{ "/ecstasks.slice/ecstasks-" TASK ".slice/docker-" CID ".scope",
		  "0::/../docker-" CID ".scope\n", true },
		{ "/ecstasks.slice/ecstasks-" TASK ".slice/docker-" CID ".scope",
		  "0::/../docker-" OTHER ".scope\n", false },
		{ "/system.slice/uwsgi.service", "0::/../../uwsgi.service/x\n", true },
		{ "/system.slice/uwsgi.service", "0::/../../../user.slice\n", false },
		{ "/system.slice", "0::/../..\n", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes text = bytes_str(rows[i].text);

		unit_context("%s in %s", rows[i].path, rows[i].text);
		CHECK_EQ(choice_cgroup_fits(rows[i].path, bytes_of(guard_copy(text), text.len)),
			 rows[i].fits);
		guard_release();
	}
}
