#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs what the build and the tests need on Debian 12: packages by name, and a virtual
# environment under build/ with the versions pinned in requirements.txt, and a wheel for musl beside
# it. Does nothing, in well under a second, when all of it is there.
#
# With --browser also Chromium, Node.js and playwright-core (browser/package-lock.json), for the
# report's tests: 200 MB more, so that only `make test-all` asks for it.
#
# Usage: tests/deps.sh [--browser] [build directory]. Root is needed only when a Debian package is
# missing. No service of the system is started: the tests run their own MariaDB and nginx under
# build/.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
browser=
if [ "${1:-}" = --browser ]; then
	browser=yes
	shift
fi
build=${1:-$(dirname "$here")/build}

build_packages="clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev libcjson-dev libc-ares-dev"
build_packages="$build_packages libseccomp-dev"
build_packages="$build_packages pkg-config gcc libc6-dev make"
check_packages="clang-format libclang-rt-14-dev universal-ctags procps"
test_packages="mariadb-server nginx-light openssl python3-venv python3-dev libmariadb-dev"
test_packages="$test_packages musl-tools"

missing_packages() {
	for package in $build_packages $check_packages $test_packages; do
		status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$status" = installed ] || printf '%s ' "$package"
	done
}

# By their commands: another Node.js than Debian's brings its own npm, which excludes Debian's.
missing_browser_packages() {
	for command in chromium:chromium node:nodejs npm:npm; do
		command -v "${command%:*}" >/dev/null || printf '%s ' "${command#*:}"
	done
}

# Maintainer scripts ask this file before they start or restart a service; 101 means "not allowed".
# An administrator's own policy is never touched: it only stays in force.
forbid_service_starts() {
	policy=/usr/sbin/policy-rc.d
	[ -e "$policy" ] && return
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

install_packages() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "deps: run as root to install the missing packages: $*" >&2
		exit 1
	fi
	echo "deps: installing $*"
	export DEBIAN_FRONTEND=noninteractive
	forbid_service_starts
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends "$@"
}

# An interrupted installation leaves no stamp, so that the next run starts over with an empty
# environment.
install_venv() {
	venv=$build/venv
	stamp=$venv/requirements.sha256
	wanted=$(sha256sum <"$here/requirements.txt")
	[ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && return
	echo "deps: making a Python environment in $venv (uWSGI is compiled: a minute or two)"
	rm -rf "$venv"
	mkdir -p "$build"
	/usr/bin/python3 -m venv "$venv"
	"$venv/bin/pip" install -qq --disable-pip-version-check -r "$here/requirements.txt"
	echo "$wanted" >"$stamp"
}

# OpenSSL as musl's programs have it: that of a wheel for musl's distributions, the last one whose
# libraries Debian's musl can load. Nothing in it is run by Python.
install_musl() {
	musl=$build/musl
	platform=musllinux_1_1_$(uname -m)
	wanted=psycopg2-binary==2.9.9
	[ "$(cat "$musl/installed" 2>/dev/null || true)" = "$wanted" ] && return
	rm -rf "$musl"
	"$build/venv/bin/pip" install -qq --disable-pip-version-check --no-deps \
		--only-binary :all: --platform "$platform" --python-version 3.11 \
		--target "$musl" "$wanted"
	echo "$wanted" >"$musl/installed"
}

# No script of a package is run, and the lock file names the exact contents.
install_playwright() {
	modules=$build/browser
	cmp -s "$here/browser/package-lock.json" "$modules/installed" && return
	mkdir -p "$modules"
	cp "$here/browser/package.json" "$here/browser/package-lock.json" "$modules"
	npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund --silent
	cp "$here/browser/package-lock.json" "$modules/installed"
}

missing=$(missing_packages)
[ -z "$browser" ] || missing="$missing$(missing_browser_packages)"
if [ -n "$missing" ]; then
	# Unquoted on purpose: a list of names.
	install_packages $missing
fi
install_venv
install_musl
[ -z "$browser" ] || install_playwright
