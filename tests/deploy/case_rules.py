# SPDX-License-Identifier: Apache-2.0
"""The linters, and our own rules: on the templates as they are, and on copies with a fault."""

import copy
import subprocess
import unittest

from . import rules, tools
from .stacks import DEPLOY, STACKS, environment, resolved


def run(*command):
    return subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, check=False)


class Lint(unittest.TestCase):
    def test_cfn_lint(self):
        """Every template, nothing suppressed."""
        for name, file in STACKS.items():
            with self.subTest(name):
                text = (DEPLOY / file).read_text()
                self.assertNotIn("cfn-lint", text, "a suppression")
                lint = run(tools.program("cfn-lint"), file)
                self.assertEqual((lint.returncode, lint.stdout), (0, ""))

    def test_cfn_lint_sees(self):
        """The linter is at work: a Fargate task cannot see the host's processes."""
        text = (DEPLOY / "xray.yml").read_text()
        broken = tools.VENV / "broken.yml"
        broken.write_text(text.replace("NetworkMode: awsvpc", "NetworkMode: host", 1))
        self.assertNotEqual(run(tools.program("cfn-lint"), str(broken)).returncode, 0)

    def test_hadolint(self):
        for file in ("Dockerfile", "xray/Dockerfile"):
            with self.subTest(file):
                lint = run(tools.program("hadolint"), file)
                self.assertEqual((lint.returncode, lint.stdout), (0, ""))

    def test_make_lint(self):
        make = run("make", "-s", "lint", f"CFN_LINT={tools.program('cfn-lint')}",
                   f"HADOLINT={tools.program('hadolint')}")
        self.assertEqual(make.returncode, 0, make.stdout + make.stderr)


class Rules(unittest.TestCase):
    """Each rule: silent on what we deploy, and not silent on the fault that it is for."""

    def setUp(self):
        self.tracer = resolved("tracer", environment("dev", "tracer"))
        self.daemon = resolved("xray", environment("dev", "xray"))

    def tasks(self):
        return [self.tracer["TaskDefinition"], self.daemon["TaskDefinition"]]

    def broken(self, change):
        task = copy.deepcopy(self.tracer["TaskDefinition"])
        change(task, task["ContainerDefinitions"][0])
        return task

    def check(self, rule, change):
        for task in self.tasks():
            self.assertEqual(list(rule(task)), [])
        self.assertTrue(list(rule(self.broken(change))))

    def test_capability_list(self):
        self.assertEqual(len(rules.CAPABILITIES), 38)
        self.assertFalse(rules.CAPABILITIES & {"BPF", "PERFMON", "CHECKPOINT_RESTORE"})

    def test_capabilities(self):
        for name in ("BPF", "PERFMON", "CAP_SYS_ADMIN"):
            self.check(rules.capabilities, lambda _task, container, add=name:
                       container["LinuxParameters"]["Capabilities"]["Add"].append(add))

    def test_host_paths(self):
        self.check(rules.host_paths, lambda task, _container: task["Volumes"].append(
            {"Name": "docker", "Host": {"SourcePath": "/var/run/docker.sock"}}))
        self.check(rules.host_paths, lambda _task, container:
                   container["MountPoints"][0].pop("ReadOnly"))
        self.check(rules.host_paths, lambda _task, container:
                   container.pop("ReadonlyRootFilesystem"))

    def test_image_pinned(self):
        self.check(rules.image_pinned, lambda _task, container:
                   container.update(Image="bpfxray:latest"))

    def test_logging(self):
        self.check(rules.logging, lambda _task, container:
                   container["LogConfiguration"]["Options"].pop("mode"))

    def test_daemon_service(self):
        service = self.tracer["Service"]
        self.assertEqual(list(rules.daemon_service(service)), [])
        for fault in ({"DesiredCount": 1}, {"SchedulingStrategy": "REPLICA"},
                      {"PlacementStrategies": []},
                      {"DeploymentConfiguration": {"MaximumPercent": 200,
                                                   "MinimumHealthyPercent": 100}}):
            with self.subTest(fault):
                self.assertTrue(list(rules.daemon_service(service | fault)))

    def test_least_privilege(self):
        roles = [self.tracer["ExecutionRole"], self.daemon["ExecutionRole"],
                 self.daemon["TaskRole"]]
        for role in roles:
            self.assertEqual(list(rules.least_privilege(role)), [])
        for key, value in (("Action", "logs:*"), ("Resource", "*")):
            fault = copy.deepcopy(roles[0])
            fault["Policies"][0]["PolicyDocument"]["Statement"][-1][key] = value
            self.assertTrue(list(rules.least_privilege(fault)))
        fault = copy.deepcopy(roles[0])
        fault["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": "*"}
        self.assertTrue(list(rules.least_privilege(fault)))

    def test_no_task_role(self):
        """The tracer calls no AWS interface; the daemon has exactly what it calls."""
        self.assertNotIn("TaskRoleArn", self.tracer["TaskDefinition"])
        statement, = self.daemon["TaskRole"]["Policies"][0]["PolicyDocument"]["Statement"]
        self.assertEqual(set(statement["Action"]), {
            "xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules",
            "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"})
