# SPDX-License-Identifier: Apache-2.0
"""The tests' own tools: the receiver, the client, and that no program outlives its test."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from lib import client
from lib.daemon import Daemon, DatagramError, parse_datagram
from lib.paths import TESTS
from lib.process import ProcessError, Processes, wait_until

HEAD = b'{"format":"json","version":1}\n'


def is_running(pid):
    """False for one that waits to be reaped, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class ReceiverTest(unittest.TestCase):
    def test_datagrams(self):
        self.assertEqual({"id": "a"}, parse_datagram(HEAD + b'{"id":"a"}'))
        bad = [
            b"",
            b"{}\n{}",
            HEAD,
            HEAD[:-1],
            HEAD + b"[]",
            HEAD + b"{}\n{}",
            HEAD + b'"\xff"',
            HEAD + b"{" + b" " * 65477 + b"}",
        ]
        for data in bad:
            with self.assertRaises(DatagramError, msg=data[:60]):
                parse_datagram(data)

    def test_keeps_what_arrives_as_it_arrives(self):
        with tempfile.NamedTemporaryFile() as file, Daemon(file.name) as daemon:
            host, port = daemon.address.split(":")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for data in (HEAD + b'{"id":"\xc3\xa9","n":1.50}', b"noise", HEAD + b'{"id":"b"}'):
                    sender.sendto(data, (host, int(port)))
            daemon.close()
            self.assertEqual([{"id": "é", "n": 1.5}, {"id": "b"}], daemon.documents)
            self.assertEqual((1, 0), (len(daemon.bad), daemon.lost))
            self.assertEqual(
                b'{"id":"\xc3\xa9","n":1.50}\n{"id":"b"}\n', Path(file.name).read_bytes()
            )


class ClientTest(unittest.TestCase):
    def answers(self, data, *methods):
        """Reads the answers in @data, which comes byte by byte."""
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{directory}/s")
            listener.listen()
            thread = threading.Thread(target=self.serve, args=(listener, data))
            thread.start()
            try:
                with client.Connection(f"{directory}/s", timeout_s=5) as connection:
                    return [connection.read_response(method) for method in methods]
            finally:
                thread.join()

    @staticmethod
    def serve(listener, data):
        peer, _ = listener.accept()
        with peer:
            for i in range(len(data)):
                peer.send(data[i : i + 1])

    def test_pipelined_answers_of_every_form(self):
        data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
        data += b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 None\r\n\r\n"
        data += b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        data += b"3;x\r\nabc\r\n0\r\nT: 1\r\n\r\nHTTP/1.0 404 No\r\n\r\nrest"
        got = self.answers(data, "GET", "HEAD", "DELETE", "GET", "GET")
        self.assertEqual([200, 200, 204, 200, 404], [answer.status for answer in got])
        self.assertEqual([b"ab", b"", b"", b"abc", b"rest"], [answer.body for answer in got])
        self.assertEqual([2, 9, None, None, None], [answer.content_length for answer in got])
        self.assertEqual([False] * 4 + [True], [answer.close for answer in got])

    def test_cut_answers(self):
        for data in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            b"HTTP/1.1 200",
            b"SSH-2.0\r\n\r\n",
        ):
            with self.assertRaises(client.ProtocolError):
                self.answers(data, "GET")
        with self.assertRaises(client.ClosedError):
            self.answers(b"", "GET")


class ProcessesTest(unittest.TestCase):
    def test_stops_groups_and_removes_the_directory(self):
        with Processes() as processes:
            process = processes.start("group", ["sh", "-c", "sleep 100 & echo $!; wait"])
            child = int(process.wait_ready(lambda: process.log.read_text()))
            self.assertTrue(is_running(child))
        self.assertFalse(is_running(process.pid) or processes.directory.exists())
        wait_until(lambda: not is_running(child), 5, "the child lives")

    def test_tells_why_a_program_did_not_start(self):
        with Processes() as processes:
            with self.assertRaisesRegex(ProcessError, "(?s)ended with 3.*because"):
                processes.start("bad", ["sh", "-c", "echo because; exit 3"]).wait_ready(
                    lambda: False
                )
            with self.assertRaisesRegex(ProcessError, "cannot start /nowhere"):
                processes.start("none", ["/nowhere"])

    def test_nothing_outlives_a_killed_test(self):
        script = (
            "import time; from lib.process import Processes; p = Processes();"
            "child = p.start('a', ['sleep', '100']);"
            "print(child.pid, p.directory, flush=True); time.sleep(100)"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        ) as test:
            pid, directory = test.stdout.readline().split()
            self.assertTrue(is_running(pid) and Path(directory).exists())
            test.send_signal(signal.SIGKILL)
        wait_until(lambda: not is_running(pid), 10, "the program lives")
        wait_until(lambda: not Path(directory).exists(), 10, "the directory is there")


if __name__ == "__main__":
    unittest.main()
