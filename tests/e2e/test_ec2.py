#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Segments say which EC2 instance they come from, when the metadata service does; the service is a
stand-in (lib/imds.py). Nothing waits for it.
"""

import http.client
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import suite, traced  # noqa: E402
from lib.imds import DOCUMENT, Imds  # noqa: E402
from lib.plain import Plain  # noqa: E402
from lib.process import Processes, wait_until  # noqa: E402

BLOCK = {
    "instance_id": DOCUMENT["instanceId"],
    "availability_zone": DOCUMENT["availabilityZone"],
    "instance_size": DOCUMENT["instanceType"],
    "ami_id": DOCUMENT["imageId"],
}
QUESTIONS = [
    ("PUT", "/latest/api/token"),
    ("GET", "/latest/dynamic/instance-identity/document"),
]
WAIT_S = 30


class Ec2(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.processes = cls.enterClassContext(Processes())
        cls.plain = Plain(cls.processes)

    def setUp(self):
        self.imds = self.enterContext(Imds())

    def trace(self, **env):
        opened = traced.session(
            self.processes, [self.plain.pid], (), env={**self.imds.environment, **env})
        self.session = self.enterContext(opened)

    def segment(self):
        """Of one more request."""
        seen = len(self.session.documents)
        host, _, port = self.plain.url.removeprefix("http://").rstrip("/").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.close()
        wait_until(lambda: len(self.session.documents) > seen, WAIT_S, "no segment")
        return self.session.documents[-1]

    def assert_unknown(self, segment):
        self.assertNotIn("origin", segment)
        self.assertEqual(["xray"], list(segment["aws"]))

    def test_instance_is_told(self):
        self.trace()
        found = wait_until(
            lambda: (one := self.segment()) and "ec2" in one["aws"] and one, WAIT_S, "no instance")
        self.assertEqual(BLOCK, found["aws"]["ec2"])
        self.assertEqual("AWS::EC2::Instance", found["origin"])
        self.assertEqual(QUESTIONS, self.imds.asked, "once, and by version 2 alone")

    def test_nobody_is_asked(self):
        self.trace(AWS_EC2_METADATA_DISABLED="True")
        self.assert_unknown(self.segment())
        self.session.finish()
        self.assertEqual([], self.imds.asked)

    def test_no_answer_delays_nothing(self):
        self.imds.silent.set()
        self.trace()
        wait_until(lambda: self.imds.asked, WAIT_S, "nobody asked")
        self.assert_unknown(self.segment())
        self.assertEqual({}, traced.losses(self.session.finish()))

    def test_token_that_is_refused(self):
        """Asked for again, three times in all."""
        self.imds.token = "another"
        self.trace()
        told = "EC2 does not say which instance this is"
        wait_until(lambda: told in self.session.tracer.messages(), WAIT_S, "it does not give up")
        self.assertEqual(QUESTIONS * 3, self.imds.asked)
        self.assert_unknown(self.segment())

    def test_endpoint_that_is_none(self):
        self.trace(AWS_EC2_METADATA_SERVICE_ENDPOINT="http://metadata.example/")
        self.assert_unknown(self.segment())
        self.session.finish()
        self.assertIn("not http:// and an address: ignored", self.session.messages)


if __name__ == "__main__":
    suite.main()
