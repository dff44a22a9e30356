# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that a test looks through: Debian's, driven by playwright-core from npm
(tests/browser/driver.js). tests/deps.sh --browser installs both.
"""

import json
import select
import shutil
import subprocess
import time

from .paths import BUILD, TESTS

PROGRAM = shutil.which("chromium")
NODE = shutil.which("node") or shutil.which("nodejs")
MODULES = BUILD / "browser" / "node_modules"
DRIVER = TESTS / "browser" / "driver.js"
TIMEOUT_S = 60


def missing():
    """Why there is no browser, or None."""
    for what, found in (("Debian package chromium", PROGRAM), ("Debian package nodejs", NODE),
                        ("playwright-core", (MODULES / "playwright-core").is_dir())):
        if not found:
            return f"no {what}: tests/deps.sh --browser installs it (make test-all does)"
    return None


class BrowserError(Exception):
    pass


class Browser:
    """One page. What it asks of the network and complains of is kept."""

    def __init__(self, width=1280, height=900):
        self.requests, self.complaints = [], []
        self.process = subprocess.Popen(
            [NODE, DRIVER, PROGRAM, MODULES], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.resize(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """The driver closes the browser at the end of its input."""
        self.process.stdin.close()
        try:
            self.process.wait(TIMEOUT_S)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def call(self, name, **parameters):
        self.process.stdin.write(json.dumps({"call": name, **parameters}) + "\n")
        self.process.stdin.flush()
        # An answer is one line; nothing is buffered between two of them.
        if not select.select([self.process.stdout], [], [], TIMEOUT_S)[0]:
            raise BrowserError(f"{name}: no answer")
        line = self.process.stdout.readline()
        if not line:
            raise BrowserError(f"{name}: the browser ended")
        answer = json.loads(line)
        self.requests += answer["requests"]
        self.complaints += answer["complaints"]
        if "error" in answer:
            raise BrowserError(f"{name}: {answer['error']}")
        return answer.get("value")

    def resize(self, width, height, scheme="light"):
        self.call("resize", width=width, height=height, scheme=scheme)

    def open(self, path, ready):
        """Loads the file and returns after how many seconds the expression @ready was true."""
        began = time.monotonic()
        self.call("open", url=path.resolve().as_uri())
        while not self.evaluate(ready):
            if time.monotonic() - began > TIMEOUT_S:
                raise BrowserError(f"{path} is not ready: {self.complaints}")
            time.sleep(0.02)
        return time.monotonic() - began

    def evaluate(self, expression):
        """The value of @expression. A promise is waited for."""
        return self.call("evaluate", expression=expression)

    def click(self, selector):
        """The mouse on the first match, once it is visible and nothing covers it."""
        self.call("click", selector=selector)

    def drag(self, selector, start, end):
        """The mouse across an element, from and to these shares of its width."""
        self.call("drag", selector=selector, **{"from": start, "to": end})

    def press(self, key):
        self.call("press", key=key)

    def screenshot(self, path, whole=True):
        self.call("screenshot", file=str(path), whole=whole)
