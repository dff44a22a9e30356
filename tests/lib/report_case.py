# SPDX-License-Identifier: Apache-2.0
"""bpfxray report for its tests: run on made documents, and documents that mean harm."""

import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from . import paths, traffic

EVIL = "\"'`</script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m‮ \ud83d\ude00"


def run(*arguments, stdin=None, check=True):
    command = [paths.BPFXRAY, "report", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=120)
    if check and done.returncode:
        raise AssertionError(f"exit {done.returncode}: {done.stderr.decode()}")
    return done


def lines_of(documents):
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


def aggregates(*arguments, **options):
    return json.loads(run("--json", *arguments, **options).stdout)


def data_of(page):
    """The two JSON elements of the page, as a browser finds them."""
    found = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script', page, re.S)
    return {name: json.loads(text) for name, text in found}


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="bpfxray-report-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def write(self, documents, name="segments.jsonl"):
        path = self.directory / name
        path.write_bytes(lines_of(documents))
        return path

    def page(self, documents):
        path = self.directory / "report.html"
        run(self.write(documents), "-o", path)
        return path


def hostile_documents():
    """Every text of a document, and some keys, is script in some dress."""
    made = traffic.Traffic()
    segment = made.add(0, 5000, EVIL, 500, 3, agent=EVIL)
    segment["name"] = segment["origin"] = EVIL
    segment["http"]["request"].update({"method": EVIL, "client_ip": EVIL})
    segment["cause"] = {"exceptions": [{"id": segment["id"], "type": EVIL, "message": EVIL}]}
    segment["metadata"][EVIL] = {EVIL: EVIL}
    segment["__proto__"] = {"fault": EVIL}
    for call in made.documents[:-1]:
        call["name"] = call["sql"]["sanitized_query"] = call["sql"]["url"] = EVIL
        call["metadata"] = {"bpfxray": {"command": EVIL, "rows": EVIL, "first_byte_ms": EVIL}}
    return made


def subsegment(made, parent, name, times, namespace="remote", **members):
    """@times: seconds after the parent's start."""
    start, end = (parent["start_time"] + time for time in times)
    return {
        "id": made.new_id(), "name": name, "start_time": start, "end_time": end,
        "parent_id": parent["id"], "trace_id": parent["trace_id"], "type": "subsegment",
        "namespace": namespace, **members,
    }


def connected_documents():
    """A request that calls a service which is traced itself, one that is not, and DynamoDB."""
    made = traffic.Traffic()
    caller = made.add(0, 50_000, "http://shop.example/pay")
    called = made.add(3000, 15_000, "http://payments.example/charge")
    pays = subsegment(made, caller, "payments.example", (0.002, 0.02))
    stores = subsegment(made, caller, "dynamodb", (0.022, 0.03), "aws",
                        aws={"operation": "PutItem", "table_name": "orders"})
    mails = subsegment(made, caller, "mail.example", (0.031, 0.04), fault=True)
    block = subsegment(made, caller, "render", (0.041, 0.045), "local")
    caller["subsegments"] = [pays, stores, mails, block]
    called.update(name="payments", trace_id=caller["trace_id"], parent_id=pays["id"])
    query = {"sanitized_query": "SELECT ?"}
    called["subsegments"] = [
        subsegment(made, called, "pay-db.example", (0.002, 0.006), sql=query)]
    return made
