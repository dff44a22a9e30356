#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the parameters of one stack as words for --parameter-overrides of `aws cloudformation
deploy`.

    parameters.py ENVIRONMENT.json STACK [NAME=VALUE ...]

STACK is a section of the file; NAME=VALUE on the command line goes before the file, and an empty
VALUE counts as not given. null in the file is what only the account's owner knows: it must be given
or filled in. Each word is quoted for the shell. Version 1 of the AWS CLI takes these words only,
not a file.
"""
import json
import shlex
import sys


def parameters(environment, stack, given):
    """{name: text}; ValueError names what is missing."""
    if stack not in environment:
        raise ValueError(f"no section {stack!r}; there are: {', '.join(sorted(environment))}")
    merged = dict(environment[stack])
    for word in given:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r} is not NAME=VALUE")
        if value:
            merged[name] = value
    missing = sorted(name for name, value in merged.items() if value is None)
    if missing:
        raise ValueError("fill in or give as PARAMS='NAME=VALUE ...': " + ", ".join(missing))
    return {name: str(value) for name, value in merged.items()}


def main(argv):
    if len(argv) < 3:
        sys.exit(__doc__)
    try:
        with open(argv[1], encoding="utf-8") as file:
            found = parameters(json.load(file), argv[2], argv[3:])
    except (OSError, ValueError) as error:
        sys.exit(f"{argv[1]}: {error}")
    print(" ".join(shlex.quote(f"{name}={value}") for name, value in found.items()))


if __name__ == "__main__":
    main(sys.argv)
