#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Lays out the tracer's image: the binary, its loader and exactly the shared libraries that it
# needs, at the paths where the loader looks for them. Nothing else: no shell, no package manager.
#
# Usage: stage.sh BINARY FOLDER [SYSROOT]. FOLDER is replaced. The libraries come from SYSROOT, this
# system when it is not given: use Debian 12. The binary is only read, never run, so that it may be
# another architecture's; then STRIP names the program that knows it.

set -eu

binary=$1
folder=$2
sysroot=${3:-}

die() {
	echo "stage: $*" >&2
	exit 1
}

# What the ELF file $1 names: its loader (one line at most), the libraries that it needs.
loader_of() {
	readelf -lW "$1" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p'
}

needed_by() {
	readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

machine_of() {
	readelf -hW "$1" | sed -n 's/^ *Machine: *//p'
}

# The path, inside of the root, of library $1 for this machine: where loaders look by default.
find_library() {
	for path in /lib/*-linux-gnu* /usr/lib/*-linux-gnu* /lib /usr/lib; do
		for found in "$sysroot"$path/"$1"; do
			[ -f "$found" ] && [ "$(machine_of "$found")" = "$machine" ] || continue
			echo "${found#"$sysroot"}"
			return
		done
	done
	die "$binary needs $1, which is not there"
}

# What the licences of the libraries ask for, where there is a copy.
put_licence() {
	name=$(basename "$(readlink -f "$sysroot$1")")
	package=$(dpkg-query -S "*/$name" 2>/dev/null | sed -n '1s/:.*//p')
	text=$sysroot/usr/share/doc/$package/copyright
	[ -z "$package" ] || [ ! -f "$text" ] ||
		install -D -m 644 "$text" "$folder/usr/share/doc/$package/copyright"
}

put_library() {
	[ ! -e "$folder$1" ] || return 0
	install -D -m 755 "$sysroot$1" "$folder$1"
	put_licence "$1"
	put_needed "$sysroot$1"
}

# Depth first; the names are taken before the next call changes any variable.
put_needed() {
	for library in $(needed_by "$1"); do
		# the loader itself may be named too
		[ "$library" != "${loader##*/}" ] || continue
		path=$(find_library "$library")
		put_library "$path"
	done
}

machine=$(machine_of "$binary" 2>/dev/null)
[ -n "$machine" ] || die "$binary is no program"
loader=$(loader_of "$binary")
[ -n "$loader" ] || die "$binary names no loader"

rm -rf "$folder"
mkdir -p "$folder"
install -D -m 755 "$binary" "$folder/usr/sbin/bpfxray"
# debugging information is two fifths of it, and stays with whoever built it
"${STRIP:-strip}" "$folder/usr/sbin/bpfxray"
[ -f "$sysroot$loader" ] || die "$loader is not there"
install -D -m 755 "$sysroot$loader" "$folder$loader"
put_licence "$loader"
put_needed "$binary"

# Same contents, same image: times and owners are not the build's.
find "$folder" -exec touch -h -d @0 {} +
