#!/bin/sh
# The house's rules that a program can check: shell scripts are shellcheck-clean, the makefile is a table of
# contents, and no file names one machine or speaks of unfinished work. Reads only.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
TAP_TMP=$(mktemp -d)
cd /mint/in/tree || exit 4

scripts=$(grep -rlE --exclude-dir=out --exclude-dir=.git '^#!/bin/(ba)?sh|^# shellcheck shell=sh' . | sort)
# shellcheck disable=SC2086 # a list of files
check "shell scripts are shellcheck-clean ($(echo "$scripts" | wc -l) files)" shellcheck -x -P /mint/in/tree -e SC1091 $scripts
check "the Makefile has fewer than 150 lines" [ "$(wc -l <Makefile)" -lt 150 ]
finish_tap
