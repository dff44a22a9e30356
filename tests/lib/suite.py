# SPDX-License-Identifier: Apache-2.0
"""Runs the unittest cases of a file as one of the suites of tests/run.py: a line for each test with
its time, and the closing line `N passed, N failed, N skipped`.

    test_something.py [--fast|--all] [-k TEXT]

Tests marked with @full, and classes with `full = True`, run with --all only.
"""

import argparse
import sys
import time
import unittest

from .process import ProcessError


def full(test):
    """Marks a test that the fast tier leaves out."""
    test.full = True
    return test


class Result(unittest.TestResult):
    """A subtest that fails makes its test fail once, however many do."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.began = time.monotonic()
        self.bad = set()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def tell(self, word, test, text=""):
        took = time.monotonic() - self.began
        name = test.id().removeprefix("__main__.")
        print(f"{word:4} {name} {took:.1f} s{text}", flush=True)

    def addSuccess(self, test):
        # unittest calls this for a test whose subtests failed as well.
        if test.id() not in self.bad:
            self.passed += 1
            self.tell("ok", test)

    def fail(self, test, part, error):
        self.bad.add(test.id())
        if issubclass(error[0], (AssertionError, ProcessError)):
            text = str(error[1])
        else:
            text = self._exc_info_to_string(error, test).rstrip()
        self.tell("FAIL", part, "\n" + "\n".join("    " + line for line in text.splitlines()))

    def addFailure(self, test, error):
        self.fail(test, test, error)

    def addError(self, test, error):
        self.fail(test, test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.fail(test, subtest, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.tell("SKIP", test, f": {reason}")


def each(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


def wanted(test, args):
    method = getattr(test, test._testMethodName, None)
    full = getattr(method, "full", False) or getattr(test, "full", False)
    if full and not args.all:
        return False
    return args.k in test.id()


def main():
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--fast", action="store_true", help="without what @full marks (default)")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("-k", default="", help="tests whose name contains this text")
    args = parser.parse_args()
    everything = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    chosen = unittest.TestSuite(test for test in each(everything) if wanted(test, args))
    result = Result()
    chosen.run(result)
    failed = len(result.bad)
    print(f"{result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    sys.exit(1 if failed or not result.testsRun else 0)
