# SPDX-License-Identifier: Apache-2.0
"""An authority of the tests' own and a certificate for 127.0.0.1 from it: made anew for each run,
good for a day, trusted by nobody else.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

SUBJECT = "/CN=bpfxray tests"
NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost"


@dataclass(frozen=True)
class Certificates:
    authority: Path
    certificate: Path
    key: Path


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True)


def make(directory):
    """Writes authority and certificate into @directory."""
    directory = Path(directory)
    one = Certificates(directory / "ca.pem", directory / "server.pem", directory / "server.key")
    ca_key, request = directory / "ca.key", directory / "server.csr"
    extensions = directory / "names.cnf"
    extensions.write_text(NAMES + "\n")
    new_key = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *new_key, "-days", 1, "-subj", SUBJECT + " authority",
            "-keyout", ca_key, "-out", one.authority)  # fmt: skip
    openssl("req", *new_key, "-subj", SUBJECT, "-keyout", one.key, "-out", request)
    openssl("x509", "-req", "-days", 1, "-in", request, "-CA", one.authority, "-CAkey", ca_key,
            "-CAcreateserial", "-extfile", extensions, "-out", one.certificate)  # fmt: skip
    return one
