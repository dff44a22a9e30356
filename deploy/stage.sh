#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Lays out the tracer's image: the binary, its loader and exactly the shared libraries that it
# needs, at the paths where the loader looks for them. Nothing else: no shell, no package manager.
#
# Usage: stage.sh BINARY FOLDER. FOLDER is replaced. The build host is the image's origin: build on
# Debian 12, so that the libraries are that release's.

set -eu

binary=$1
folder=$2

rm -rf "$folder"
mkdir -p "$folder"
install -D -m 755 "$binary" "$folder/usr/sbin/bpfxray"

# Lines of ldd: `name => path (address)`, `loader (address)`, and the vDSO without a path.
libraries=$(ldd "$binary" |
	sed -n -e 's/.* => \(\/[^ ]*\) .*/\1/p' \
		-e 's/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p')
[ -n "$libraries" ] || {
	echo "stage: $binary needs no libraries, or ldd cannot read it" >&2
	exit 1
}
if ldd "$binary" | grep 'not found' >&2; then
	exit 1
fi
for library in $libraries; do
	install -D -m 755 "$library" "$folder$library"
done

# What the licences of the libraries ask for, where the build host has them.
for library in $libraries; do
	real=$(readlink -f "$library")
	package=$(dpkg-query -S "$real" "/usr$library" "$library" 2>/dev/null | sed -n '1s/:.*//p')
	[ -z "$package" ] || [ ! -f "/usr/share/doc/$package/copyright" ] ||
		install -D -m 644 "/usr/share/doc/$package/copyright" \
			"$folder/usr/share/doc/$package/copyright"
done

# Same contents, same image: times and owners are not the build's.
find "$folder" -exec touch -h -d @0 {} +
