#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs those of the given Debian packages that are missing; for what only some tests need, on
# top of tests/deps.sh. Does nothing when all are there.
#
# Usage: tests/packages.sh PACKAGE...

set -eu

missing=
for package in "$@"; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "packages: run as root to install what is missing:$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Unquoted on purpose: a list of names.
apt-get install -y -qq --no-install-recommends $missing
