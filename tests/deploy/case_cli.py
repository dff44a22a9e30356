# SPDX-License-Identifier: Apache-2.0
"""The Makefile with the AWS CLI, as a person runs it, against moto's server: change sets, exports
between stacks, redeployment, deletion. moto's CloudFormation has no service discovery and no
sampling rules, so the stacks are those of ecr.yml and bpfxray.yml."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from . import tools
from .stacks import DEPLOY, OPEN


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# moto hands no exports to a change set: the one import of bpfxray.yml is replaced for this test.
IMPORT = "Fn::ImportValue: !Sub ${EcrStackName}-BpfxrayRepositoryArn"
LITERAL = "Fn::Sub: arn:aws:ecr:${AWS::Region}:${AWS::AccountId}:repository/${EcrStackName}"


class CommandLine(unittest.TestCase):
    def setUp(self):
        top = Path(tempfile.mkdtemp(prefix="bpfxray-deploy-"))
        self.addCleanup(shutil.rmtree, top)
        self.folder = Path(shutil.copytree(DEPLOY, top / "deploy"))
        shutil.copy(DEPLOY.parent / "Makefile", top)
        template = self.folder / "bpfxray.yml"
        text = template.read_text()
        self.assertIn(IMPORT, text)
        template.write_text(text.replace(IMPORT, LITERAL))
        self.start()

    def start(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.server = subprocess.Popen(
            [tools.program("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop)
        self.wait()

    def stop(self):
        self.server.terminate()
        self.server.wait(timeout=20)

    def wait(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(200):
            try:
                opener.open(self.url + "/moto-api/", timeout=5).read()
                return
            except OSError:
                self.assertIsNone(self.server.poll())
                time.sleep(0.1)
        self.fail("moto's server does not answer")

    def environ(self):
        kept = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
        return kept | {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none",
                       "AWS_DEFAULT_REGION": "eu-west-1", "AWS_PAGER": "",
                       "AWS_ENDPOINT_URL": self.url}

    def aws(self, *words):
        run = subprocess.run([tools.program("aws"), *words, "--output", "json"],
                             env=self.environ(), capture_output=True, text=True, check=False,
                             timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout or "null")

    def make(self, *words, code=0):
        run = subprocess.run(["make", "-s", f"AWS={tools.program('aws')}", *words], cwd=self.folder,
                             env=self.environ(), capture_output=True, text=True, check=False,
                             timeout=60)
        self.assertEqual(run.returncode != 0, code != 0, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def stacks(self):
        return {s["StackName"] for s in self.aws("cloudformation", "describe-stacks")["Stacks"]}

    def log(self, stream, message):
        """As the awslogs driver does."""
        where = ("--log-group-name", "/bpfxray-dev/ecs/bpfxray", "--log-stream-name", stream)
        self.aws("logs", "create-log-stream", *where)
        self.aws("logs", "put-log-events", *where, "--log-events",
                 f"timestamp={time.time_ns() // 1000000},message={message}")

    def image(self):
        """As the stack holds it: moto updates no task definition, it loses the containers."""
        found = self.aws("cloudformation", "describe-stacks", "--stack-name", "bpfxray-dev")
        return {p["ParameterKey"]: p["ParameterValue"]
                for p in found["Stacks"][0]["Parameters"]}["Image"]

    def test_make(self):
        image = OPEN["Image"]
        other = image.replace("0123", "4567")
        self.aws("ecs", "create-cluster", "--cluster-name", "todobackend-cluster")
        self.assertIn("Image", self.make("deploy/tracer/dev", "IMAGE=", code=1))
        self.make("deploy/ecr/dev")
        self.make("deploy/tracer/dev", f"IMAGE={image}")
        self.assertLessEqual({"bpfxray-ecr", "bpfxray-dev"}, self.stacks())
        self.assertEqual(self.image(), image)
        # Of a stack that exists: moto keeps a first change set's empty stack beside the real one.
        self.make("diff/tracer/dev", f"IMAGE={other}")
        self.assertEqual(self.image(), image)
        self.make("rollback/dev", f"IMAGE={other}")
        self.assertEqual(self.image(), other)
        self.make("deploy/tracer/dev", f"IMAGE={other}")
        self.assertIn("bpfxray-dev", self.make("status/dev"))
        self.log("bpfxray/bpfxray/0011", "ready")
        self.assertEqual(["bpfxray/bpfxray/0011\tready"], self.make("logs/dev").splitlines())
        self.make("destroy/tracer/dev")
        self.assertNotIn("bpfxray-dev", self.stacks())
