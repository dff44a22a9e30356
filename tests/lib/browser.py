# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that a test looks through: one page, driven over the DevTools protocol on a
pair of pipes, so that nothing but the browser (Debian package chromium) is needed.
"""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium")
TIMEOUT_S = 60
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
)


class BrowserError(Exception):
    pass


class Browser:
    """Opens one page at a time. What it asks of the network and complains of is kept."""

    def __init__(self, width=1280, height=900):
        self.numbers = itertools.count(1)
        self.buffer = b""
        self.requests, self.complaints = [], []
        self.profile = tempfile.TemporaryDirectory(
            prefix="bpfxray-browser-", ignore_cleanup_errors=True
        )
        self.process = self.start(width, height)
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        attach = {"targetId": target, "flatten": True}
        self.session = None
        self.session = self.call("Target.attachToTarget", attach)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def start(self, width, height):
        """The browser reads commands from descriptor 3 and writes to 4."""
        self.session = None
        command_read, self.command = os.pipe()
        self.answer, answer_write = os.pipe()
        # Above 4 first, so that neither overwrites the other.
        high = [os.dup2(fd, 50 + i) for i, fd in enumerate((command_read, answer_write))]
        shell = 'exec 3<&50 4>&51 50<&- 51>&-; exec "$@"'
        command = [PROGRAM, *FLAGS, f"--user-data-dir={self.profile.name}"]
        command += [f"--window-size={width},{height}", "about:blank"]
        process = subprocess.Popen(
            ["bash", "-c", shell, "browser", *command],
            pass_fds=high,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (command_read, answer_write, *high):
            os.close(fd)
        return process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.command)
        os.close(self.answer)
        self.profile.cleanup()

    def message(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.answer], [], [], left)[0]:
                raise BrowserError("the browser does not answer")
            data = os.read(self.answer, 1 << 20)
            if not data:
                raise BrowserError("the browser ended")
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(text)

    def note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(parameters["args"]))
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {parameters['message']}")
            self.call("Page.handleJavaScriptDialog", {"accept": False})

    def call(self, method, parameters=None):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters or {}}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.command, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            answer = self.message(deadline)
            if answer.get("id") != number:
                self.note(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error']}")
            else:
                return answer["result"]

    def resize(self, width, height, scheme="light"):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", {"features": features})

    def open(self, path, ready):
        """Loads the file and returns after how many seconds the expression @ready was true."""
        began = time.monotonic()
        self.call("Page.navigate", {"url": path.resolve().as_uri()})
        while not self.evaluate(ready):
            if time.monotonic() - began > TIMEOUT_S:
                raise BrowserError(f"{path} is not ready: {self.complaints}")
            time.sleep(0.02)
        return time.monotonic() - began

    def evaluate(self, expression):
        """The value of @expression. A promise is waited for."""
        parameters = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        result = self.call("Runtime.evaluate", parameters)
        if "exceptionDetails" in result:
            raise BrowserError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def press(self, key, text=""):
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": key, "code": key}
            codes = {"Enter": 13, "Tab": 9, "Escape": 27}
            event["windowsVirtualKeyCode"] = codes.get(key, 0)
            if text and kind == "keyDown":
                event["text"] = text
            self.call("Input.dispatchKeyEvent", event)

    def screenshot(self, path, whole=True):
        parameters = {"captureBeyondViewport": whole}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", parameters)["data"]))
