#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs what tests/kernels needs on Debian 12: the emulator with its server for the host's tree,
# and a static shell for the guest's first process; with the argument arm64 that emulator, and the
# cross compiler. Does nothing when they are there.

set -eu

packages="qemu-system-x86 busybox-static"
[ "${1-}" = arm64 ] && packages="qemu-system-arm gcc-aarch64-linux-gnu"
# Unquoted on purpose: a list of names.
exec sh "$(dirname "$0")/../packages.sh" $packages
