# SPDX-License-Identifier: Apache-2.0
"""Whether a service's answers are right: of a load, each by what was asked; of a fixed list of
requests, the bytes.
"""

import json
import re

from . import client, load

# What another client's DELETE may have taken away answers 404.
OR_GONE = {404}
STATUS = {
    "list": {200},
    "list-query": {200},
    "create": {201},
    "invalid": {400},
    "get": {200} | OR_GONE,
    "patch": {200} | OR_GONE,
    "delete": {204} | OR_GONE,
    "missing": {404},
    "nowhere": {404},
    "index": {200},
    "error": {500},
    "status-204": {204},
    "status-429": {429},
    "status-503": {503},
    "stream-sql": {200},
    "big": {200},
    "echo": {200},
    "duplicate": {409, 500},
    "atomic": {201},
    "many": {200},
    "callproc": {200},
}
KINDS = {name: load.ALL_KINDS[name] for name in STATUS}


def wrong_body(sent):
    """What the text of an answer must hold."""
    if sent.kind == "create":
        return json.loads(sent.answer)["title"] != json.loads(sent.body)["title"]
    if sent.kind == "list":
        return not isinstance(json.loads(sent.answer), list)
    if sent.kind == "big":
        return len(sent.answer) < 300000
    return sent.content_length not in (None, len(sent.answer))


def wrong(sents):
    """The requests of a load that were not answered as they should have been, a line each."""
    return [
        f"{sent.id} {sent.method} {sent.target}: {sent.status} {sent.error}"
        for sent in sents
        if sent.status not in STATUS[sent.kind] or wrong_body(sent)
    ]


def request(method, target, body=b""):
    fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return (
        f"{method} {target} HTTP/1.1\r\nHost: todo.example.com\r\nConnection: close\r\n{fields}\r\n"
    ).encode() + body


STREAM = request("GET", "/test/stream?n=5&ms=1")
# nginx joins the chunks that it finds together: how many there are is a matter of time.
ONE_CHUNK = request("GET", "/test/stream?n=1&ms=1")
# From an empty table on, whose first key is 1.
FIXED = (
    request("GET", "/todos"),
    request("POST", "/todos", b'{"title": "first", "order": 7}'),
    request("POST", "/todos", '{"title": "caf\u00e9 \u2603 \'quoted\'"}'.encode()),
    request("POST", "/todos", b'{"order": 1}'),
    request("POST", "/todos", b"{not json"),
    request("GET", "/todos"),
    request("GET", "/todos/1"),
    request("PATCH", "/todos/1", b'{"completed": true}'),
    request("HEAD", "/todos"),
    request("DELETE", "/todos/2"),
    request("GET", "/todos/2"),
    request("GET", "/nowhere?a=b%20c"),
    request("OPTIONS", "/todos"),
    request("GET", "/test/status/304"),
    STREAM,
    request("GET", "/test/big?bytes=300000"),
    request("POST", "/test/echo", b"e" * 70000),
    request("GET", "/test/error"),
    request("DELETE", "/todos"),
)
# The one field that says when: everything else is compared byte for byte.
DATE = re.compile(rb"(?im)^Date: [^\r]*")


def raw(address, data):
    """All bytes that the server sends for @data, dates masked."""
    with client.Connection(address) as connection:
        connection.send(data)
        return DATE.sub(b"Date: (masked)", connection.reader.read())


def fixed(address, behind_nginx=False):
    """The answers to FIXED, in order."""
    requests = [ONE_CHUNK if behind_nginx and one is STREAM else one for one in FIXED]
    return [raw(address, data) for data in requests]
