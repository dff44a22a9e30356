# SPDX-License-Identifier: Apache-2.0
"""Other releases of mysql-connector-python than that of tests/requirements.txt: their C extensions
hold other releases of libmysqlclient.
"""

import subprocess
import unittest

from .paths import CACHE, venv_program


def directory(version):
    return CACHE / f"connector-{version}"


def environment(version):
    """What makes Python import @version, which is fetched once; else the test is skipped."""
    where = directory(version)
    if not where.exists():
        pip = ["pip", "install", "-qq", "--disable-pip-version-check", "--no-deps"]
        pip += ["--only-binary", ":all:", "--target", where, f"mysql-connector-python=={version}"]
        command = [venv_program("python"), "-m", *map(str, pip)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise unittest.SkipTest(f"{version} is not to be had: {done.stderr[-200:]}")
    return {"PYTHONPATH": str(where)}
