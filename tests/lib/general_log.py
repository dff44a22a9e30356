# SPDX-License-Identifier: Apache-2.0
"""MariaDB's general log as what went over the wire: one line a statement, as a tracer sees it.

The log differs from the wire in three ways: an executed statement has its values filled in, SQL's
own PREPARE and EXECUTE log a second line, and what surrounds a statement is cut off.
"""

import re
from collections import defaultdict
from dataclasses import dataclass

COMMANDS = {"Query": "query", "Execute": "execute", "Prepare": "prepare"}
# The general log cuts its times to microseconds.
RESOLUTION_NS = 999
# What TODO_SQL_TAG puts in front of a statement: the id of its request.
TAG = re.compile(r"^/\* ([^ *]+) \*/ ")


@dataclass
class Line:
    """A statement as MariaDB saw it, and the text a tracer sees for it on the wire."""

    epoch_ns: int
    connection: int
    command: str
    text: str


def trim(text):
    """MariaDB logs a statement without white space around it and without what ends it."""
    return text.strip(" \t\r\n\v\f\0").rstrip("; \t\r\n\v\f\0")


def template_of(text, templates):
    """The statement as prepared whose execution is logged as @text, with the values filled in; else
    @text.
    """
    for template in reversed(templates):
        pattern = ".*".join(re.escape(piece) for piece in template.split("?"))
        if re.fullmatch(pattern, text, re.DOTALL):
            return template
    return text


def sql_level(previous, command):
    """SQL's own PREPARE and EXECUTE log a second line that no packet stands for."""
    return previous.upper().startswith(
        {"Prepare": "PREPARE", "Execute": "EXECUTE"}.get(command, "\0")
    )


def wire_lines(log_lines):
    """The statements that went over the wire, with the texts that did."""
    templates = defaultdict(list)
    previous = defaultdict(str)
    lines = []
    for entry in log_lines:
        command = COMMANDS.get(entry.command)
        before, previous[entry.connection] = previous[entry.connection], ""
        if not command or sql_level(TAG.sub("", before), entry.command):
            continue
        text = trim(entry.text)
        if command == "query":
            previous[entry.connection] = text
        elif command == "prepare":
            templates[entry.connection].append(text)
        else:
            text = template_of(text, templates[entry.connection])
        lines.append(Line(entry.epoch_ns, entry.connection, command, text))
    return lines
