# SPDX-License-Identifier: Apache-2.0
"""Prints one stack's resources, resolved, as JSON: for tests in another environment than this one.

    python -m deploy.show ENVIRONMENT SECTION [NAME=VALUE ...]     in tests/
"""

import json
import sys

from .stacks import environment, resolved

if __name__ == "__main__":
    name, section, *words = sys.argv[1:]
    given = dict(word.split("=", 1) for word in words)
    print(json.dumps(resolved(section, environment(name, section, **given))))
