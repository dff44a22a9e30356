# SPDX-License-Identifier: Apache-2.0
"""Of deploy/ what needs no tool: the environments' files, what the templates rely on, the image's
folder."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from lib.paths import BPFXRAY
from lib.paths import ROOT as TOP

DEPLOY = TOP / "deploy"


def parameters(*arguments):
    return subprocess.run([sys.executable, "parameters.py", *arguments], cwd=DEPLOY,
                          capture_output=True, text=True, check=False)


class Environments(unittest.TestCase):
    def test_same_shape(self):
        dev, prod = (json.loads((DEPLOY / f"{n}.json").read_text()) for n in ("dev", "prod"))
        self.assertEqual(set(dev), set(prod))
        for name, found in (("dev", dev), ("prod", prod)):
            self.assertEqual(found["tracer"]["ServiceName"], f"todobackend-{name}")
            self.assertEqual(found["sampling"]["ServiceName"], found["tracer"]["ServiceName"])

    def test_words(self):
        run = parameters("dev.json", "hosts", "HostSecurityGroupId=sg-9", "XrayStackName=x y")
        self.assertEqual(run.stdout.strip(), "HostSecurityGroupId=sg-9 'XrayStackName=x y'")

    def test_open(self):
        """A value that only the account's owner knows is asked for; an empty one is none."""
        run = parameters("dev.json", "tracer", "Image=")
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("Image", run.stderr)

    def test_wrong(self):
        for words in (("dev.json", "nothing"), ("none.json", "xray"), ("dev.json", "ecr", "word")):
            with self.subTest(words):
                self.assertEqual(parameters(*words).returncode, 1)


class Promises(unittest.TestCase):
    """What bpfxray.yml asks of the program."""

    def setUp(self):
        self.manual = (TOP / "userspace/cli/bpfxray.8").read_text()
        self.template = (DEPLOY / "bpfxray.yml").read_text()

    def documented(self, word):
        if word.startswith("--"):
            return re.search(rf"^\.It .*Fl -{word[2:]}\b", self.manual, re.M) is not None
        return re.search(rf"^\.Cm {word}$", self.manual, re.M) is not None

    def test_command_line(self):
        command = self.template[self.template.index("Command: !Split"):]
        used = set(re.findall(r"[\",](--[a-z-]+|trace)\b", command[:command.index("MountPoints")]))
        used.add(re.search(r"\[CMD, /usr/sbin/bpfxray, (\w+)\]", self.template).group(1))
        self.assertLessEqual({"--daemon", "--ecs-container", "trace", "health"}, used)
        self.assertEqual([], [word for word in used if not self.documented(word)])

    def test_exit_codes(self):
        """Exit codes after which a restart would not help are the ones that the names say."""
        header = (TOP / "userspace/cli/exit_codes.h").read_text()
        codes = dict(re.findall(r"X\((\w+), (\d+),", header))
        wanted = [int(codes[name]) for name in ("EXIT_USAGE", "EXIT_PRIVILEGE", "EXIT_KERNEL",
                                                "EXIT_ATTACH")]
        ignored = re.search(r"IgnoredExitCodes: \[([\d, ]+)\]", self.template).group(1)
        self.assertEqual([int(code) for code in ignored.split(",")], wanted)


class Staging(unittest.TestCase):
    """The image's folder, without an image: the program runs with it as its root."""

    def setUp(self):
        if not BPFXRAY.exists():
            self.skipTest("bpfxray is not built")
        self.folder = Path(tempfile.mkdtemp(prefix="bpfxray-stage-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def stage(self, name):
        target = self.folder / name
        run = subprocess.run(["sh", str(DEPLOY / "stage.sh"), str(BPFXRAY), str(target)],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        return target

    def files(self, root):
        return {str(p.relative_to(root)): (p.stat().st_mode, p.stat().st_mtime, p.read_bytes())
                for p in root.rglob("*") if p.is_file()}

    def test_runs(self):
        root = self.stage("root")
        run = subprocess.run(["chroot", str(root), "/usr/sbin/bpfxray", "--version"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        names = {Path(name).name for name in self.files(root)}
        self.assertFalse(names & {"sh", "bash", "dpkg", "busybox"})
        size = sum(len(data) for _, _, data in self.files(root).values())
        print(f"     {len(self.files(root))} files, {size / 1e6:.1f} MB")

    def test_no_trace_of_the_builder(self):
        """Neither where it was built nor what only a debugger reads."""
        program = (self.stage("root") / "usr/sbin/bpfxray").read_bytes()
        self.assertNotIn(str(TOP).encode(), program)
        self.assertNotIn(b".debug_info", program)

    def test_needed_only(self):
        """Each library is one that the loader asks for: without it the program does not start."""
        root = self.stage("root")
        libraries = [p for p in root.rglob("*.so*") if p.is_file()]
        self.assertTrue(libraries)
        for library in libraries:
            with self.subTest(library.name):
                hidden = library.with_name("hidden")
                library.rename(hidden)
                run = subprocess.run(["chroot", str(root), "/usr/sbin/bpfxray", "--version"],
                                     capture_output=True, check=False)
                hidden.rename(library)
                self.assertNotEqual(run.returncode, 0)

    def test_reproducible(self):
        self.assertEqual(self.files(self.stage("one")), self.files(self.stage("two")))

    def test_no_program(self):
        run = subprocess.run(["sh", str(DEPLOY / "stage.sh"), "/dev/null",
                              str(self.folder / "none")], capture_output=True, check=False)
        self.assertNotEqual(run.returncode, 0)
