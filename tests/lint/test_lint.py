#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of lint.py fails on a tree that breaks it, and only that rule; a clean tree passes."""
import contextlib
import io
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lint  # noqa: E402

APACHE = "/* SPDX-License-Identifier: Apache-2.0 */\n"
DUAL = "/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */\n"
STYLE = pathlib.Path(__file__).resolve().parents[2] / ".clang-format"

CLEAN = {
    "include/bpfxray/wire.h": DUAL + '#include "limits.h"\n',
    "bpf/maps.bpf.h": DUAL + '#include <bpf/bpf_helpers.h>\n\n#include "bpfxray/wire.h"\n',
    "userspace/util/log.c": APACHE + "#include <unistd.h>\n",
    "userspace/proto/http1.c": APACHE + '#include <string.h>\n\n#include "util/bytes.h"\n',
    "userspace/xray/id.c": APACHE + '/* no time() here */\n#include "trace/trace.h"\n',
    "userspace/probe/kernel.c": APACHE + '#include <bpf/libbpf.h>\n\n#include "bpfxray.skel.h"\n',
    "userspace/main.c": APACHE + '#include "cli/options.h"\n#include "probe/kernel.h"\n',
    "tests/x.py": "#!/usr/bin/env python3\n# SPDX-License-Identifier: Apache-2.0\n",
    "tests/__init__.py": "",
}

# What is added to the clean tree, and the one check that must fail.
BROKEN = [
    ("layers", "userspace/proto/a.c", APACHE + '#include "trace/trace.h"\n'),
    ("layers", "userspace/proto/a.c", APACHE + "#include <sys/socket.h>\n"),
    ("layers", "userspace/trace/a.c", APACHE + "#include <time.h>\n"),
    ("layers", "userspace/xray/a.c",
     APACHE + "long a(void)\n{\n\treturn time(0);\n}\n"),
    ("layers", "userspace/util/a.c", APACHE + '#include "proto/sql.h"\n'),
    ("layers", "userspace/host/a.c", APACHE + '#include "probe/kernel.h"\n'),
    ("layers", "userspace/emit/a.c", APACHE + "#include <bpf/bpf.h>\n"),
    ("layers", "userspace/probe/a.c", APACHE + '#include "trace/trace.h"\n'),
    ("layers", "userspace/newcomer/a.c", APACHE + "#include <stdio.h>\n"),
    ("layers", "include/bpfxray/a.h", DUAL + "#include <stdint.h>\n"),
    ("layers", "include/bpfxray/a.h", DUAL + '#include "util/bytes.h"\n'),
    ("layers", "bpf/a.bpf.c", DUAL + '#include "util/bytes.h"\n'),
    ("function length", "userspace/util/a.c",
     APACHE + "int a(int b)\n{\n" + "\tb++;\n" * 90 + "\treturn b;\n}\n"),
    ("file length", "userspace/util/a.c", APACHE + "/* x */\n" * 400),
    ("file length", "tests/a.py", "# SPDX-License-Identifier: Apache-2.0\n" * 401),
    ("line width", "tests/a.py", "# SPDX-License-Identifier: Apache-2.0\n#" + "x" * 100 + "\n"),
    ("line width", "userspace/util/a.c", APACHE + "/*\n\t\t" + "x" * 90 + "\n */\n"),
    ("licence lines", "userspace/util/a.c", "/* nothing */\n"),
    ("licence lines", "userspace/util/a.c", DUAL),
    ("licence lines", "bpf/a.bpf.c", APACHE),
    ("licence lines", "tests/bpf/a.bpf.c", APACHE),
    ("licence lines", "tests/a.sh", "#!/bin/sh\n# nothing\n"),
    ("map names", "bpf/a.bpf.h", DUAL + 'struct {\n} sixteen_letters_ SEC(".maps");\n'),
    ("format", "userspace/util/a.c", APACHE + "int  a;\n"),
    ("forbidden names", "README.md", "cd /hom" + "e/somebody/bpfxray\n"),
    ("forbidden names", "tests/a.sh",
     "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\npip --index-" + "url x\n"),
    ("python syntax", "tests/a.py", "# SPDX-License-Identifier: Apache-2.0\ndef\n"),
    ("exit codes", "userspace/cli/exit_codes.h",
     APACHE + '#define EXIT_CODES(X) X(EXIT_OK, 0, "fine")\n'),
    ("documented differences", "userspace/compare/reason.h",
     APACHE + '#define REASONS(X) X(NONE, "none") X(TIME, "clocks differ")\n'),
]
TOOLS = {"function length": "ctags", "format": "clang-format"}


def failing(files):
    """The names of the checks that fail on a tree of @files {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        shutil.copy(STYLE, root)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        tree = lint.Tree(root)
        with contextlib.redirect_stdout(io.StringIO()):
            return [name for name, check in lint.CHECKS.items()
                    if lint.run_check(check, tree)[0] == "FAIL"]


class LintTest(unittest.TestCase):
    def test_clean_tree_passes(self):
        self.assertEqual(failing(CLEAN), [])

    def test_each_rule_fails_where_it_is_broken(self):
        for check, path, text in BROKEN:
            with self.subTest(check=check, path=path, text=text[-60:]):
                if check in TOOLS and not shutil.which(TOOLS[check]):
                    self.skipTest(f"{TOOLS[check]} is not installed")
                self.assertEqual(failing({**CLEAN, path: text}), [check])

    def test_lists_in_the_manual(self):
        files = dict(CLEAN)
        files["userspace/cli/exit_codes.h"] = (
            APACHE + '#define EXIT_CODES(X) X(EXIT_OK, 0, "fine")\n')
        files["userspace/compare/reason.h"] = (
            APACHE + '#define REASONS(X) X(NONE, "none") X(TIME, "clocks differ")\n')
        files["userspace/cli/bpfxray.8"] = ".It 0\nFine.\n.It\nClocks differ.\n"
        self.assertEqual(failing(files), [])


if __name__ == "__main__":
    unittest.main()
