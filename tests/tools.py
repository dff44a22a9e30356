#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tests of what the tests are made of: lib/test_*.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lib import suite  # noqa: E402

HERE = Path(__file__).resolve().parent


def load_tests(loader, _tests, _pattern):
    return loader.discover(str(HERE / "lib"), top_level_dir=str(HERE))


if __name__ == "__main__":
    suite.main()
