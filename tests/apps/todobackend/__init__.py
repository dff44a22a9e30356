# SPDX-License-Identifier: Apache-2.0
"""todobackend: a small Django REST application, the service that the demo and the end-to-end tests
trace.

It contains no tracing code. What it logs about itself when TODO_TRUTH_LOG is set (truth.py) is the
tests' own record of what really happened, and never leaves the tests.
"""
