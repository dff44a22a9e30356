# SPDX-License-Identifier: Apache-2.0
"""A fake of the two sampling calls, written for tests: it stands in for the X-Ray daemon's TCP port
and the service behind it, and answers what a test says. It is no sampling service: it assigns
nothing by itself.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def rule(name, priority=1, rate=1.0, reservoir=0, **matchers):
    """One record of GetSamplingRules; @matchers: Host, HTTPMethod, URLPath, ServiceName .."""
    body = {
        "RuleName": name,
        "RuleARN": f"arn:aws:xray:eu-west-1:123456789012:sampling-rule/{name}",
        "ResourceARN": "*",
        "Priority": priority,
        "FixedRate": rate,
        "ReservoirSize": reservoir,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
        "Attributes": {},
        **matchers,
    }
    return {"SamplingRule": body, "CreatedAt": 0.0, "ModifiedAt": 1530000000.0}


class SamplingService:
    """Answers until closed. .rules and .targets may be changed at any time; .status other than 200
    makes every call fail; .asked and .reported hold what was received; .page_size splits the rules.
    While .answering is clear, calls are taken and get no answer; .silent counts them,
    .unheard the answers that nobody waited for.
    """

    def __init__(self, rules=(), targets=(), address="127.0.0.1", port=0):
        self.rules = list(rules)
        self.targets = list(targets)
        self.modified_s = 0
        self.status = 200
        self.page_size = None
        self.asked = []
        self.reported = []
        self.silent = self.unheard = 0
        self.answering = threading.Event()
        self.answering.set()
        self.server = ThreadingHTTPServer((address, port), self.handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return "%s:%d" % self.server.server_address

    def get_rules(self, body):
        self.asked.append(body)
        first = int(body.get("NextToken") or 0)
        size = self.page_size or len(self.rules) or 1
        rest = len(self.rules) > first + size
        token = str(first + size) if rest else None
        return {"SamplingRuleRecords": self.rules[first : first + size], "NextToken": token}

    def get_targets(self, body):
        documents = body["SamplingStatisticsDocuments"]
        self.reported += documents
        names = {document["RuleName"] for document in documents}
        return {
            "SamplingTargetDocuments": [t for t in self.targets if t["RuleName"] in names],
            "LastRuleModification": self.modified_s,
            "UnprocessedStatistics": [],
        }

    def handler(self):
        service = self
        calls = {"/GetSamplingRules": self.get_rules, "/SamplingTargets": self.get_targets}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                service.silent += not service.answering.is_set()
                service.answering.wait()
                call = calls.get(self.path)
                status = service.status if call else 404
                data = json.dumps(call(body) if status == 200 else {}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                try:
                    self.wfile.write(data)
                except OSError:
                    service.unheard += 1

            def log_message(self, *arguments):
                pass

        return Handler

    def close(self):
        self.answering.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
