#!/bin/sh
# The house's rules that a program can check: shell scripts are shellcheck-clean, the makefile is a table of
# contents, planted faults fit what they are planted in. Reads only.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
TAP_TMP=$(mktemp -d)
cd /mint/in/tree || exit 4

scripts=$(grep -rlE --exclude-dir=out --exclude-dir=.git '^#!/bin/(ba)?sh|^# shellcheck shell=sh' . | sort)
# shellcheck disable=SC2086 # a list of files
check "shell scripts are shellcheck-clean ($(echo "$scripts" | wc -l) files)" shellcheck -x -P /mint/in/tree -e SC1091 $scripts
check "the Makefile has fewer than 150 lines" [ "$(wc -l <Makefile)" -lt 150 ]

# What nobody has seen on a Nitro instance yet must not sound as if somebody had. docs/cca.md is about realms.
unseen()
{
	grep -liE 'enclave' README.md docs/*.md docs/*.1 | grep -vxF docs/cca.md | while read -r file; do
		tr -s '\n ' '  ' <"$file" | grep -q 'confirmed in QEMU' || echo "$file: \"confirmed in QEMU\" expected, found nowhere"
	done
}
unseen >"$TAP_TMP/unseen"
check "every document about enclaves says \"confirmed in QEMU\"" diff /dev/null "$TAP_TMP/unseen"

# Faults are edits of files that go on changing: each must still change what it is meant for. verify-selftest shows
# what comes of it, which takes minutes.
edits()
{
	for file in ci/faults/*; do
		edit()
		{
			sed "$2" "$1" >"$TAP_TMP/edited" || return 1
			! cmp -s "$1" "$TAP_TMP/edited" || echo "$file: an edit of $1 that changes it expected, found none: $2"
		}
		# shellcheck source=/dev/null
		. "./$file"
	done
}
edits >"$TAP_TMP/edits" 2>&1
ok $(($? != 0 || $(wc -l <"$TAP_TMP/edits") != 0)) "every fault of ci/faults still edits its file" "$TAP_TMP/edits"
finish_tap
