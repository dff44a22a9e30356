# SPDX-License-Identifier: Apache-2.0
"""All five stacks created in order on moto, and what the services then hold."""

import json
import unittest

from moto import mock_aws

from . import cloud
from .stacks import NAMES, OPEN, STACKS, environment, stack


class Account(unittest.TestCase):
    """One account for all tests: they only look."""

    @classmethod
    def setUpClass(cls):
        """A VPC, the hosts' group and the cluster, as the todobackend stack has them; then ours."""
        cls.enterClassContext(mock_aws())
        ec2 = cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="172.31.0.0/16")["Vpc"]["VpcId"]
        subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"172.31.{i}.0/24")["Subnet"]["SubnetId"]
                   for i in (1, 2)]
        cls.hosts = ec2.create_security_group(GroupName="hosts", Description="h",
                                               VpcId=vpc)["GroupId"]
        ec2.revoke_security_group_egress(GroupId=cls.hosts, IpPermissions=[
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        cloud.client("ecs").create_cluster(clusterName="todobackend-cluster")
        given = {"VpcId": vpc, "SubnetIds": ",".join(subnets), "HostSecurityGroupId": cls.hosts}
        exports, cls.stacks = {}, {}
        for section in STACKS:
            known = {key: value for key, value in given.items()
                     if key in environment("dev", section)}
            found = cloud.create(stack(section, environment("dev", section, **known), exports))
            exports.update(found.exported())
            cls.stacks[section] = found

    def ports(self, group, direction):
        found = cloud.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        return {(p["IpProtocol"], p["FromPort"], peer) for p in found[direction]
                for peer in [pair["GroupId"] for pair in p["UserIdGroupPairs"]] +
                [r["CidrIp"] for r in p["IpRanges"]]}

    def test_ports(self):
        """UDP and TCP 2000 on both sides, between the two groups and nobody else."""
        daemon = self.stacks["xray"].refs["SecurityGroup"]
        self.assertEqual(self.ports(daemon, "IpPermissions"),
                         {("udp", 2000, self.hosts), ("tcp", 2000, self.hosts)})
        self.assertEqual(self.ports(self.hosts, "IpPermissionsEgress"),
                         {("udp", 2000, daemon), ("tcp", 2000, daemon)})
        self.assertEqual(self.ports(daemon, "IpPermissionsEgress"),
                         {("tcp", 443, "0.0.0.0/0"), ("udp", 53, "172.31.0.0/16"),
                          ("tcp", 53, "172.31.0.0/16")})

    def task(self, section):
        return cloud.client("ecs").describe_task_definition(
            taskDefinition=self.stacks[section].refs["TaskDefinition"])["taskDefinition"]

    def service(self, cluster, name):
        found = cloud.client("ecs").describe_services(cluster=cluster, services=[name])
        return found["services"][0]

    def test_daemon_task(self):
        task = self.task("xray")
        container, = task["containerDefinitions"]
        self.assertEqual((task["networkMode"], task["cpu"], task["memory"],
                          task["requiresCompatibilities"]), ("awsvpc", "256", "512", ["FARGATE"]))
        self.assertEqual({(p["containerPort"], p["protocol"]) for p in container["portMappings"]},
                         {(2000, "udp"), (2000, "tcp")})
        self.assertIn("taskRoleArn", task)

    def test_daemon_service(self):
        service = self.service("xray-daemon-cluster", "xray")
        registry = cloud.client("servicediscovery").get_service(
            Id=self.stacks["xray"].refs["Discovery"])["Service"]
        self.assertEqual(service["launchType"], "FARGATE")
        self.assertEqual(service["serviceRegistries"], [{"registryArn": registry["Arn"]}])
        self.assertEqual(registry["DnsConfig"]["RoutingPolicy"], "MULTIVALUE")
        self.assertEqual(registry["DnsConfig"]["DnsRecords"], [{"Type": "A", "TTL": 10}])

    def test_address(self):
        """The name that service discovery makes is the one that the tracer is told."""
        discovery = cloud.client("servicediscovery")
        xray = self.stacks["xray"]
        zone = discovery.get_namespace(Id=xray.refs["Namespace"])["Namespace"]
        name = discovery.get_service(Id=xray.refs["Discovery"])["Service"]["Name"]
        command = self.task("tracer")["containerDefinitions"][0]["command"]
        told = command[command.index("--daemon") + 1]
        self.assertEqual(told, f"{name}.{zone['Name']}:2000")
        self.assertEqual(told, xray.outputs()["DaemonAddress"])

    def test_tracer_task(self):
        task = self.task("tracer")
        container, = task["containerDefinitions"]
        self.assertEqual((task["networkMode"], task["pidMode"], task["requiresCompatibilities"]),
                         ("host", "host", ["EC2"]))
        self.assertNotIn("taskRoleArn", task)
        self.assertTrue(container["readonlyRootFilesystem"])
        self.assertEqual(container["linuxParameters"]["capabilities"]["add"],
                         ["SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"])
        self.assertEqual(container["image"], OPEN["Image"])
        self.assertEqual(container["healthCheck"]["command"],
                         ["CMD", "/usr/sbin/bpfxray", "health"])

    def test_tracer_service(self):
        service = self.service("todobackend-cluster", NAMES["tracer"])
        self.assertEqual((service["schedulingStrategy"], service["launchType"],
                          service["propagateTags"]), ("DAEMON", "EC2", "SERVICE"))
        # moto keeps no such field.
        self.assertIs(self.stacks["tracer"].properties("Service")["EnableExecuteCommand"], False)

    def test_roles(self):
        """The tracer's execution role may pull one repository and write to one log."""
        iam = cloud.client("iam")
        name = self.stacks["tracer"].refs["ExecutionRole"]
        document = iam.get_role_policy(RoleName=name, PolicyName="start-task")["PolicyDocument"]
        by_action = {action: s["Resource"] for s in document["Statement"]
                     for action in ([s["Action"]] if isinstance(s["Action"], str)
                                    else s["Action"])}
        self.assertEqual(by_action["ecr:BatchGetImage"],
                         self.stacks["ecr"].attributes["Bpfxray"]["Arn"])
        self.assertEqual(by_action["logs:PutLogEvents"],
                         self.stacks["tracer"].attributes["Log"]["Arn"])

    def test_repositories(self):
        ecr = cloud.client("ecr")
        found = {r["repositoryName"]: r for r in ecr.describe_repositories()["repositories"]}
        self.assertEqual(set(found), {"docker-in-aws/bpfxray", "docker-in-aws/xray"})
        for name, repository in found.items():
            self.assertEqual(repository["imageTagMutability"], "IMMUTABLE")
            text = ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
            chosen = [rule["selection"] for rule in json.loads(text)["rules"]]
            self.assertEqual(["untagged", "tagged"], [one["tagStatus"] for one in chosen])
            self.assertEqual((["*"], 20), (chosen[1]["tagPatternList"], chosen[1]["countNumber"]))

    def test_sampling(self):
        """Health checks go by address; the rule before all others drops them."""
        stack_ = self.stacks["sampling"]
        health = stack_.properties("HealthChecks")["SamplingRule"]
        rest = stack_.properties("Requests")["SamplingRule"]
        self.assertEqual((health["FixedRate"], health["ReservoirSize"]), (0, 0))
        self.assertLess(health["Priority"], rest["Priority"])
        self.assertNotEqual(health["Host"], "*")
        self.assertEqual(health["ServiceName"], "todobackend-dev")
        for rule in (health, rest):
            self.assertLessEqual(len(rule["RuleName"]), 32)
