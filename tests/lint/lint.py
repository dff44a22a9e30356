#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of CONTRIBUTING.md that a program can check.

Each check is a function that takes a Tree and yields one line for each violation. A check whose
tool is not installed is skipped, with the reason. Exit code 1 when any check fails.
"""
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

C_SUFFIXES = (".c", ".h")
SCRIPT_SUFFIXES = (".py", ".sh")
COLUMNS = 100
FILE_LINES = 400
FUNCTION_MEDIAN, FUNCTION_95, FUNCTION_MAX = 15, 50, 80
# BPF_OBJ_NAME_LEN less the NUL: the kernel cuts what is longer.
MAP_NAME_LEN = 15

DUAL_LICENCE = "GPL-2.0-only OR BSD-2-Clause"
LICENCES = {"bpf": DUAL_LICENCE, "include": DUAL_LICENCE, "vmlinux": DUAL_LICENCE}
DEFAULT_LICENCE = "Apache-2.0"

# Folder under userspace/ -> folders whose headers it may include. None: all of them.
LAYERS = {
    "util": {"util"},
    "proto": {"util", "proto"},
    "trace": {"util", "proto", "trace"},
    "xray": {"util", "proto", "trace", "xray"},
    "probe": {"util", "probe"},
    "emit": {"util", "emit"},
    "host": {"util", "host"},
    "report": {"util", "proto", "trace", "xray", "report"},
    "compare": {"util", "proto", "trace", "xray", "compare"},
    "cli": None,
    "": None,
}
PURE = ("proto", "trace", "xray")
# cli/ for the version alone.
LIBBPF_USERS = ("probe", "cli")
IMPURE_HEADERS = re.compile(
    r"^(bpf/|sys/socket\.h|sys/time\.h|time\.h|unistd\.h|fcntl\.h|pthread\.h)")
CLOCK_CALLS = re.compile(r"\b(clock_gettime|gettimeofday|getrandom|time|rand|random)\s*\(")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
MAP_NAME = re.compile(r'\}\s*(\w+)\s+SEC\("\.maps"\)')
SPDX = re.compile(r"SPDX-License-Identifier: (.+?)\s*(?:\*/)?$")
# What belongs to one machine or one company's network and not to a source file. The classes in
# brackets keep this file from matching itself.
FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:hom[e]|User[s])/\w|(?<![\w.])/roo[t]/|(?<![\w.])/wor[k]/"
    r"|artifactor[y]|jfrog\.i[o]|(?:extra-)?index-ur[l]|\bnexu[s]\b|codeartifac[t]")


class Tree:
    """The files of the project: what git knows or would add, else everything but the build."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = sorted(p for p in self._list() if (self.root / p).is_file())

    def _list(self):
        git = subprocess.run(
            ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"],
            capture_output=True, text=True, check=False)
        if git.returncode == 0:
            return [pathlib.Path(p) for p in set(git.stdout.split("\0")) if p]
        skip = {".git", "build", "__pycache__"}
        return [p.relative_to(self.root) for p in self.root.rglob("*")
                if not skip.intersection(p.relative_to(self.root).parts)]

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def c_files(self):
        return [p for p in self.paths if p.suffix in C_SUFFIXES]

    def sources(self):
        return [p for p in self.paths if p.suffix in C_SUFFIXES + SCRIPT_SUFFIXES]


class Skip(Exception):
    """The check cannot run here; the text says why."""


def uncommented(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def layer_of(path):
    """The folder under userspace/ that @path lies in, "" for userspace/ itself."""
    return path.parts[1] if len(path.parts) > 2 else ""


def include_violation(path, kind, name):
    """True, or why, when the file at @path must not include @name; @kind is `<` or `"`."""
    folder = name.split("/")[0] if "/" in name else None
    if path.parts[0] == "include":
        return kind == "<" or folder is not None
    if path.parts[0] == "bpf":
        return kind == '"' and folder not in (None, "bpfxray")
    layer = layer_of(path)
    if layer not in LAYERS:
        return f"the folder {layer}/ has no layer: name it in LAYERS"
    if kind == "<":
        pure = layer in PURE and IMPURE_HEADERS.match(name)
        return bool(pure) or (name.startswith("bpf/") and layer not in LIBBPF_USERS)
    return LAYERS[layer] is not None and folder in LAYERS and folder not in LAYERS[layer]


def check_layers(tree):
    for path in tree.c_files():
        if path.parts[0] not in ("include", "bpf", "userspace"):
            continue
        text = tree.text(path)
        for kind, name in INCLUDE.findall(text):
            wrong = include_violation(path, kind, name)
            if wrong:
                yield f"{path}: includes {name}" + (f" ({wrong})" if wrong is not True else "")
        if path.parts[0] == "userspace" and layer_of(path) in PURE:
            for call in CLOCK_CALLS.findall(uncommented(text)):
                yield f"{path}: calls {call}(): time and randomness come in as arguments"


def function_lengths(tree, paths):
    """[(lines, path, name)] from the signature to the closing brace."""
    run = subprocess.run(
        ["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "--languages=C",
         "--langmap=C:+.h", "-f", "-", *map(str, paths)],
        cwd=tree.root, capture_output=True, text=True, check=True)
    tags = [json.loads(line) for line in run.stdout.splitlines()]
    return [(t["end"] - t["line"] + 1, t["path"], t["name"]) for t in tags if "end" in t]


def check_function_length(tree):
    if not shutil.which("ctags"):
        raise Skip("ctags is not installed (package universal-ctags)")
    groups = {"product": ("bpf", "include", "userspace"), "tests": ("tests",)}
    for group, tops in groups.items():
        paths = [p for p in tree.c_files() if p.parts[0] in tops]
        lengths = sorted(function_lengths(tree, paths)) if paths else []
        if not lengths:
            continue
        counts = [n for n, _, _ in lengths]
        median, p95 = statistics.median(counts), counts[(len(counts) * 95 + 99) // 100 - 1]
        print(f"     {group}: {len(counts)} functions, median {median:g} lines, 95 % {p95}, "
              f"longest {counts[-1]} ({lengths[-1][2]})")
        if median > FUNCTION_MEDIAN:
            yield f"{group}: median function of {median:g} lines, more than {FUNCTION_MEDIAN}"
        if p95 > FUNCTION_95:
            yield f"{group}: 95 % of the functions reach {p95} lines, more than {FUNCTION_95}"
        for n, path, name in lengths:
            if n > FUNCTION_MAX:
                yield f"{path}: {name}() has {n} lines, more than {FUNCTION_MAX}"


def check_file_length(tree):
    for path in tree.sources():
        count = tree.text(path).count("\n")
        if count > FILE_LINES:
            yield f"{path}: {count} lines, more than {FILE_LINES}: split it by concept"


def check_line_width(tree):
    for path in tree.sources():
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            width = len(line.expandtabs(8))
            if width > COLUMNS:
                yield f"{path}:{number}: {width} columns, more than {COLUMNS}"


def licence_of(path):
    """What is loaded into the kernel has the kernel side's licence wherever it lies."""
    if path.name.endswith((".bpf.c", ".bpf.h")):
        return DUAL_LICENCE
    return LICENCES.get(path.parts[0], DEFAULT_LICENCE)


def check_spdx(tree):
    for path in tree.sources():
        lines = tree.text(path).splitlines()
        if not lines:
            continue
        first = lines[1:2] if lines[0].startswith("#!") else lines[:1]
        found = SPDX.search(first[0]) if first else None
        wanted = licence_of(path)
        if not found:
            yield f"{path}: no SPDX-License-Identifier on its first line"
        elif found.group(1).strip() != wanted:
            yield f"{path}: licence {found.group(1).strip()}, wanted is {wanted}"


def check_map_names(tree):
    for path in tree.c_files():
        if path.parts[0] != "bpf":
            continue
        for name in MAP_NAME.findall(tree.text(path)):
            if len(name) > MAP_NAME_LEN:
                yield f"{path}: map {name} has {len(name)} characters, more than {MAP_NAME_LEN}"


def check_format(tree):
    if not shutil.which("clang-format"):
        raise Skip("clang-format is not installed")
    files = [str(p) for p in tree.c_files()]
    if not files:
        return
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=tree.root,
                         capture_output=True, text=True, check=False)
    if not run.returncode:
        return
    places = re.findall(r"^(\S+?):(\d+):\d+: error:", run.stderr, re.M)
    first = {}
    for path, line in places:
        first.setdefault(path, line)
    if not first:
        yield f"clang-format: {run.stderr.strip()[:200]}"
    for path, line in sorted(first.items()):
        yield f"{path}:{line}: clang-format would change it ({len(places)} places in all files)"


def check_forbidden(tree):
    for path in tree.paths:
        text = tree.text(path)
        if "\0" in text:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            found = FORBIDDEN.search(line)
            if found:
                yield f"{path}:{number}: names a machine or a registry: {found.group(0)}"


def check_python(tree):
    for path in tree.paths:
        if path.suffix != ".py":
            continue
        try:
            compile(tree.text(path), str(path), "exec")
        except SyntaxError as error:
            yield f"{path}:{error.lineno}: {error.msg}"


def in_manual(tree, header, row, item):
    """bpfxray(8) has an .It for what each row of the list in @header says; @item: its beginning."""
    header = pathlib.Path(header)
    manual = pathlib.Path("userspace/cli/bpfxray.8")
    if header not in tree.paths:
        raise Skip(f"no {header}")
    rows = re.findall(row, tree.text(header))
    if not rows:
        yield f"{header}: no row found"
    text = " ".join(tree.text(manual).split()) if manual in tree.paths else ""
    for number, words in rows:
        if f".It {item.format(number)}{words[0].upper()}{words[1:]}." not in text:
            yield f"{manual}: lacks {header.name}'s {number}: {words}"


def check_exit_codes(tree):
    return in_manual(tree, "userspace/cli/exit_codes.h", r'X\(\w+, (\d+), "([^"]+)"\)', "{} ")


def check_reasons(tree):
    """Each documented difference; the first reason says that there is none."""
    return in_manual(tree, "userspace/compare/reason.h",
                     r'X\((?!NONE)(\w+),[\s\\]*"([^"]+)"\)', "")


CHECKS = {
    "layers": check_layers,
    "function length": check_function_length,
    "file length": check_file_length,
    "line width": check_line_width,
    "licence lines": check_spdx,
    "map names": check_map_names,
    "format": check_format,
    "forbidden names": check_forbidden,
    "python syntax": check_python,
    "exit codes": check_exit_codes,
    "documented differences": check_reasons,
}


def run_check(check, tree):
    """("ok" | "FAIL" | "skip", lines)"""
    try:
        lines = list(check(tree))
    except Skip as reason:
        return "skip", [str(reason)]
    return ("FAIL" if lines else "ok"), lines


def main(root):
    tree = Tree(root)
    totals = {"ok": 0, "FAIL": 0, "skip": 0}
    for name, check in CHECKS.items():
        verdict, lines = run_check(check, tree)
        totals[verdict] += 1
        print(f"{verdict:4} {name}")
        for line in lines:
            print(f"     {line}")
    print(f"{totals['ok']} passed, {totals['FAIL']} failed, {totals['skip']} skipped")
    return 1 if totals["FAIL"] else 0


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parents[2]
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else default))
