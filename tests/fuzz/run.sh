#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh SECONDS BINARY... - runs each libFuzzer binary for SECONDS over build/fuzz/corpus/NAME,
# which begins as a copy of tests/fixtures/fuzz/NAME where there is one and grows from run to run.
# A line each; what broke a target stays in build/fuzz/findings/NAME, with its output. Exit code 1
# on a finding, and when there was nothing to run.
set -u

[ $# -ge 1 ] || { echo "usage: $0 SECONDS BINARY..." >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=$1
shift
passed=0
failed=0

# From libFuzzer's log: inputs tried and code paths known at the end.
summary() {
	sed -n 's/^Done \([0-9]*\) runs.*/\1 inputs/p' "$1"
	sed -n 's/^#[0-9]*[[:space:]]*DONE .*\(cov: [0-9]*\) .*/, \1/p' "$1"
}

for binary in "$@"; do
	name=$(basename "$binary")
	corpus=$root/build/fuzz/corpus/$name
	findings=$root/build/fuzz/findings/$name
	seeds=$root/tests/fixtures/fuzz/$name
	mkdir -p "$corpus" "$findings"
	[ ! -d "$seeds" ] || cp -n "$seeds"/* "$corpus"
	log=$findings/output.txt
	if "$binary" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-artifact_prefix="$findings/" "$corpus" >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "ok   $name: $(summary "$log" | tr -d '\n')"
	else
		failed=$((failed + 1))
		echo "FAIL $name: see $findings"
		grep -m 3 -E 'broken:|ERROR:|SUMMARY:|runtime error:' "$log" || tail -n 3 "$log"
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
