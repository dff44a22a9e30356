#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/ without an AWS account: lint, rules of our own, the templates created resource by
resource on moto, the Makefile with the real AWS CLI against moto's server, the image's folder.

The fast tier has the linters and what needs no tool; moto and the AWS CLI come with --all. What no
fake shows (Fargate, a container instance, privileged with SYS_RESOURCE) is not here.
"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from deploy import tools
from lib import suite

EVERYTHING = "--all" in sys.argv
MISSING = tools.enter(EVERYTHING)

from deploy.case_files import Environments, Promises, Staging  # noqa: E402

if not MISSING:
    from deploy.case_parameters import Parameters
    from deploy.case_rules import Lint, Rules
if EVERYTHING and not MISSING:
    from deploy.case_account import Account
    from deploy.case_cli import CommandLine
if MISSING:
    class Tools(unittest.TestCase):
        def test_tools(self):
            self.skipTest(MISSING)


if __name__ == "__main__":
    suite.main()
