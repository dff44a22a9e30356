# SPDX-License-Identifier: Apache-2.0
"""The environment of the checks: cfn-lint, moto, hadolint and the AWS CLI under build/, apart from
the environment of the other tests, because they pin many packages of their own. The linters come
first; an account's fake and its command line only with the tests that need them.
"""

import os
import subprocess
import sys
from pathlib import Path

from lib.paths import BUILD

VENV = BUILD / "deploy-venv"
HERE = Path(__file__).parent
LINTERS = HERE / "requirements.txt"
ACCOUNT = HERE / "requirements-account.txt"
# Set once the other interpreter was asked for, so that it is not asked for again and again.
MARK = "BPFXRAY_DEPLOY_TOOLS"


def stamp(wanted):
    return VENV / wanted.name


def is_installed(wanted):
    return stamp(wanted).exists() and stamp(wanted).read_text() == wanted.read_text()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def install(wanted):
    """None, or why it could not be installed."""
    done = None
    if not (VENV / "bin" / "pip").exists():
        done = run(sys.executable, "-m", "venv", "--clear", str(VENV))
    if not done or not done.returncode:
        done = run(program("pip"), "install", "-q", "--disable-pip-version-check", "-r",
                   str(wanted))
    if done.returncode:
        return "no tools: " + (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    stamp(wanted).write_text(wanted.read_text())
    return None


def install_missing(wanted):
    """None, or why @wanted is not there."""
    return None if is_installed(wanted) else install(wanted)


def enter(everything):
    """Goes on in the tools' environment. Returns only when this is it, or with the reason why not.
    """
    reason = None
    for wanted in (LINTERS, ACCOUNT) if everything else (LINTERS,):
        reason = reason or install_missing(wanted)
    if reason or Path(sys.prefix).resolve() == VENV.resolve():
        return reason
    if MARK in os.environ:
        return f"no tools: {VENV} is not entered by its interpreter"
    os.environ[MARK] = "1"
    # The interpreter finds its environment by the path in argv[0].
    python = program("python")
    os.execv(python, [python, *sys.argv])


def program(name):
    return str(VENV / "bin" / name)
