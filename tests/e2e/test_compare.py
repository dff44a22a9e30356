#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bpfxray compare: exit codes, both forms of its output, hostile files. Which differences count is
tested in tests/unit/test_compare*.c; the comparison with a real SDK is `make compare`.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib import paths, suite, traffic  # noqa: E402

OK, USAGE, DIFFERENT = 0, 2, 10


class Compare(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, name, text):
        path = self.directory / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def documents(self, name, documents):
        return self.write(name, "".join(json.dumps(one) + "\n" for one in documents))

    def compare(self, code, *arguments):
        command = [paths.BPFXRAY, "compare", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def segments(self):
        return traffic.Traffic(5).add_many(40, health_share=0.2).documents

    def test_a_file_equals_itself(self):
        path = self.documents("a", self.segments())
        done = self.compare(OK, path, path)
        self.assertIn("\n0 undocumented differences", done.stdout)
        told = json.loads(self.compare(OK, path, path, "--json").stdout)
        self.assertEqual(told["segments"]["paired"], told["segments"]["sdk"])
        self.assertEqual(told["findings"], [])

    def test_one_other_status(self):
        sdk = self.segments()
        ours = json.loads(json.dumps(sdk))
        changed = next(one for one in ours if "http" in one)
        changed["http"]["response"]["status"] = 299
        paths_ = self.documents("sdk", sdk), self.documents("ours", ours)
        told = json.loads(self.compare(DIFFERENT, *paths_, "--json").stdout)
        self.assertEqual(told["undocumented"], 1)
        self.assertEqual(told["findings"][0]["field"], "http.response.status")
        self.assertEqual(told["findings"][0]["ours"], "299")
        self.assertIn("http.response.status of", self.compare(DIFFERENT, *paths_).stdout)

    def test_one_segment_missing(self):
        sdk = self.segments()
        without = next(i for i, one in enumerate(sdk) if i > 3 and "http" in one)
        ours = sdk[:without] + sdk[without + 1 :]
        done = self.compare(DIFFERENT, self.documents("s", sdk), self.documents("o", ours))
        self.assertIn("segment only in the SDK's", done.stdout)

    def test_wrong_uses(self):
        path = self.documents("a", self.segments())
        for arguments in ((), (path,), (path, path, path), (path, path, "--yaml"), ("/no", path)):
            done = self.compare(USAGE, *arguments)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.compare(USAGE, path, self.write("empty", ""))
        self.assertIn("usage:", self.compare(OK, "--help").stdout)

    def test_hostile_lines_are_counted(self):
        good = self.documents("a", self.segments())
        junk = b'\x00\xff\n{"id":1}\n[[[[[[[[\n{"id":"x","name":"\\u0000"}}\n"\n'
        bad = self.write("bad", good.read_bytes() + junk)
        done = self.compare(OK, good, bad)
        self.assertIn("5 lines are no segment document", done.stderr)

    def test_no_control_characters_on_the_terminal(self):
        sdk = self.segments()
        evil = json.loads(json.dumps(sdk))
        target = next(one for one in evil if "http" in one)
        target["http"]["request"]["user_agent"] = "\x1b[31m\x07red"
        done = self.compare(DIFFERENT, self.documents("s", sdk), self.documents("o", evil))
        self.assertNotIn("\x1b", done.stdout)


if __name__ == "__main__":
    suite.main()
