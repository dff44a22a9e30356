# SPDX-License-Identifier: Apache-2.0
"""What the templates make of their parameters, and which ones they refuse."""

import unittest

from .stacks import EXPORTS, STACKS, environment, resolved, stack
from .template import TemplateError


class Parameters(unittest.TestCase):
    """What the templates refuse."""

    def refused(self, section, **given):
        with self.assertRaises(TemplateError):
            stack(section, environment("dev", section, **given))

    def test_environments(self):
        for name in ("dev", "prod"):
            for section in STACKS:
                with self.subTest(name=name, section=section):
                    stack(section, environment(name, section))

    def test_refused(self):
        self.refused("tracer", Image="bpfxray:latest")
        self.refused("tracer", Privileged="yes")
        self.refused("tracer", TargetContainers="todo backend")
        self.refused("tracer", DaemonAddress="xray.services.dockerinaws.org")
        self.refused("tracer", TracefsPath="/var/run/docker.sock")
        self.refused("tracer", MemoryMiB=1)
        self.refused("xray", DaemonImage="xray:3.x")
        self.refused("xray", DesiredCount=9)
        self.refused("tracer", NoSuchParameter=1)
        with self.assertRaises(TemplateError):
            stack("tracer", {"ClusterName": "c"})

    def test_imports_exist(self):
        """Without the other stack's export there is no deployment."""
        for section, name in (("hosts", "xray-daemon-SecurityGroupId"),
                              ("tracer", "bpfxray-ecr-BpfxrayRepositoryArn"),
                              ("xray", "bpfxray-ecr-XrayRepositoryArn")):
            without = {key: value for key, value in EXPORTS.items() if key != name}
            found = stack(section, environment("dev", section), without)
            found.refs = {logical: "ref" for logical in found.template["Resources"]}
            found.attributes = {logical: {"Arn": "arn"} for logical in found.refs}
            with self.subTest(section), self.assertRaisesRegex(TemplateError, name):
                for logical in found.template["Resources"]:
                    found.properties(logical)

    def command(self, **given):
        tracer = resolved("tracer", environment("dev", "tracer", **given))
        return tracer["TaskDefinition"]["ContainerDefinitions"][0]["Command"]

    def test_command(self):
        self.assertEqual(self.command(), [
            "trace", "--ecs-container", "todobackend", "--daemon",
            "xray.services.dockerinaws.org:2000", "--name", "todobackend-dev"])
        self.assertEqual(self.command(TargetContainers="web,api", ServiceName=""), [
            "trace", "--ecs-container", "web", "--ecs-container", "api", "--daemon",
            "xray.services.dockerinaws.org:2000"])

    def test_privileged(self):
        def container(value):
            found = resolved("tracer", environment("dev", "tracer", Privileged=value))
            return found["TaskDefinition"]["ContainerDefinitions"][0]

        self.assertTrue(container("true")["Privileged"])
        self.assertNotIn("LinuxParameters", container("true"))
        self.assertFalse(container("false")["Privileged"])
        self.assertEqual(container("false")["LinuxParameters"]["Capabilities"], {
            "Drop": ["ALL"], "Add": ["SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"]})

    def test_without_tracefs(self):
        task = resolved("tracer", environment("dev", "tracer", TracefsPath=""))["TaskDefinition"]
        self.assertNotIn("Volumes", task)
        self.assertNotIn("MountPoints", task["ContainerDefinitions"][0])
