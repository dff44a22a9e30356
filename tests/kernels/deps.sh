#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs what tests/kernels needs on Debian 12: the emulator with its server for the host's tree,
# and a static shell for the guest's first process; with the argument arm64 that emulator, and the
# cross compiler. Does nothing when they are there.

set -eu

packages="qemu-system-x86 busybox-static"
[ "${1-}" = arm64 ] && packages="qemu-system-arm gcc-aarch64-linux-gnu"
missing=
for package in $packages; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "deps-kernels: run as root to install the missing packages:$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Unquoted on purpose: a list of names.
apt-get install -y -qq --no-install-recommends $missing
