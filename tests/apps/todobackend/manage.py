#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Django's command line for todobackend: `manage.py migrate`, `manage.py runserver`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # The package itself is on the path, not what is in it.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todobackend.settings")
    execute_from_command_line(sys.argv)
