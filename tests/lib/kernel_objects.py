# SPDX-License-Identifier: Apache-2.0
"""The BPF objects that a process holds, and whether they are still there."""

import re
import subprocess
from pathlib import Path

KINDS = {"prog_id": "prog", "map_id": "map", "link_id": "link"}
ID = re.compile(r"^(prog_id|map_id|link_id):\s*(\d+)", re.MULTILINE)


def held(pid):
    """(kind, id) of each program, map and link that process @pid has a descriptor of."""
    found = set()
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            text = info.read_text()
        except FileNotFoundError:
            continue  # closed meanwhile
        found |= {(KINDS[name], number) for name, number in ID.findall(text)}
    return found


def exists(kind, number):
    shown = subprocess.run(["bpftool", kind, "show", "id", number], capture_output=True, text=True)
    if shown.returncode and "No such file" not in shown.stdout + shown.stderr:
        raise OSError(f"bpftool: {shown.stderr}")
    return not shown.returncode


def still_there(objects):
    """Those of @objects that the kernel still has."""
    return {one for one in objects if exists(*one)}
