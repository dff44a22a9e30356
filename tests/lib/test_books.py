# SPDX-License-Identifier: Apache-2.0
"""Books that balance, and what is said when one number in them is another."""

import copy
import unittest

from lib import books

KERNEL = {
    "exchanges": 20, "submitted": 9, "snapshots": 3, "ended_as_told": 2, "discarded": 1, "open": 4,
    "lost_ring_full": 2, "lost_torn": 1, "lost_pool_full": 1,
}
TRACE = {
    "exchanges": 12, "heads": 16, "requests": 7, "statements": 5, "fronts_joined": 2,
    "fronts_unjoined": 1, "workers_disowned": 1, "abandoned": 1, "not_served": 1,
    "requests_lost": 1, "requests_open": 2,
}
STATS = {
    "kernel": KERNEL,
    "trace": TRACE,
    "session": {"left_out_open": 0},
    "sampling": {"left_out_by_rate": 0},
    "export": {"segments": 6, "statements": 5, "documents": 8, "unencodable": 1},
    "udp": {
        "sent": 4, "refused": 9, "too_large": 1, "dropped_full": 1, "dropped_unsent": 1,
        "queued": 1,
    },
    "file": {"written": 7, "failed": 1},
    "losses": {"failed": 1, "lost_torn": 0},
}  # fmt: skip
REMARKS = {("udp", "refused")}


class BooksTest(unittest.TestCase):
    def test_balanced(self):
        self.assertEqual([], books.unbalanced(STATS, output=True))
        self.assertEqual({"failed": 1}, books.losses(STATS))

    def test_one_more_of_anything_is_found(self):
        for group in ("kernel", "trace", "session", "sampling", "export", "udp", "file"):
            for name in STATS[group]:
                wrong = copy.deepcopy(STATS)
                wrong[group][name] += 1
                with self.subTest(f"{group} {name}"):
                    found = books.unbalanced(wrong, output=True)
                    self.assertEqual((group, name) not in REMARKS, bool(found), found)

    def test_ways_that_are_not_in_use(self):
        other = copy.deepcopy(STATS)
        other["udp"] = {name: 0 for name in other["udp"]}
        other["file"] = {name: 0 for name in other["file"]}
        self.assertEqual([], books.unbalanced(other, daemon=False))
        self.assertEqual(1, len(books.unbalanced(other)))

    def test_end(self):
        self.assertEqual(
            ["requests_open: 2 at the end", "queued: 1 at the end"], books.unfinished(STATS))
