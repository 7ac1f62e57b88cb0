#!/bin/sh
# Every fuzz target on its seeds and on everything that once crashed it, and tests of the commands, all under the
# address and undefined-behaviour sanitizers. Prints TAP. SANITIZED is the folder with replay and the commands;
# SUITES are the tests of commands to run (default rootfs/pack.t; make test-sanitized runs more).
set -u
here=$(cd -- "${0%/*}" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
SANITIZED=${SANITIZED:?the folder with replay and the commands}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TAP_TMP=$work
export SANITIZED
# Leaks of a command count as failures as well.
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

check "seeds can be made" "$here/make-seeds" "$work/seeds"
grep -v '^#' "$here/targets" | cut -d ' ' -f 1 >"$work/targets"
while read -r target; do
	check "$target: there are seeds" ls "$work/seeds/$target"/*
	check "$target: seeds" "$SANITIZED/replay" "$target" "$work/seeds/$target"/*
	for file in "$here/crashes/$target"/*; do
		[ ! -e "$file" ] || check "$target: $(basename "$file")" "$SANITIZED/replay" "$target" "$file"
	done
done <"$work/targets"

# suite FILE: another test's results count as one here; those that failed are shown.
suite()
{
	ATTEST=$SANITIZED/attest EIF=$SANITIZED/eif REALM=$SANITIZED/realm ROOTFS=$SANITIZED/rootfs sh "$here/../$1" >"$work/suite.tap" 2>&1
	status=$?
	passed=$(grep -c '^ok' "$work/suite.tap")
	grep -v '^ok' "$work/suite.tap" >"$work/suite.log"
	[ "$passed" -gt 0 ] || status=1
	ok $status "tests/$1 under the sanitizers: $passed tests" "$work/suite.log"
}
for test in ${SUITES:-rootfs/pack.t}; do
	suite "$test"
done
finish_tap
