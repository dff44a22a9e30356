# SPDX-License-Identifier: Apache-2.0
"""Checks of deploy/ without an AWS account; run by tests/e2e/test_deploy.py."""
