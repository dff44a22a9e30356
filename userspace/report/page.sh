#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the report's page out of page/: style and scripts go into index.html, and their hashes into
# its Content-Security-Policy, so that the browser runs these scripts and nothing that data brings.
# Prints the page as the numbers of a C array.
#
# Usage: page.sh > report_page.inc

set -eu

page=$(dirname "$0")/page
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Scripts in the order in which they need each other.
cat "$page/style.css" >"$work/style"
{
	echo '"use strict";'
	for part in data dom format map histogram traces timeline statements main; do
		cat "$page/$part.js"
	done
} >"$work/script"

if grep -q -e '@DATA@' -e '@DOCUMENTS@' -e '</script' "$work/script" "$work/style"; then
	echo "page.sh: a script or the style holds a mark of the template" >&2
	exit 1
fi

hash_of() {
	hex=$(sha256sum "$1" | cut -c1-64 | tr a-f A-F)
	printf 'sha256-%s' "$(printf %s "$hex" | basenc --base16 -d | base64)"
}

# Each mark stands on a line of its own, which begins and ends with it.
insert() {
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		*@STYLE@*) printf '<style>' && cat "$work/style" && printf '</style>\n' ;;
		*@SCRIPT@*) printf '<script>' && cat "$work/script" && printf '</script>\n' ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

sed -e "s|@STYLE_HASH@|$(hash_of "$work/style")|" -e "s|@SCRIPT_HASH@|$(hash_of "$work/script")|" \
	"$page/index.html" | insert >"$work/page"
od -An -v -tu1 "$work/page" | sed -e 's/  */,/g' -e 's/^,//' -e 's/$/,/'
