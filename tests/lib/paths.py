# SPDX-License-Identifier: Apache-2.0
"""Where things are, all relative to the source tree."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = ROOT / "tests"
APPS = TESTS / "apps"
BUILD = Path(os.environ.get("BPFXRAY_BUILD", ROOT / "build")).resolve()
VENV = BUILD / "venv"
CACHE = BUILD / "cache"
MUSL = BUILD / "musl"  # libraries of a wheel for musl's distributions
BPFXRAY = BUILD / "bpfxray"


def venv_program(name):
    return str(VENV / "bin" / name)


def site_packages():
    return next((VENV / "lib").glob("python3*/site-packages"))
