#!/bin/sh
# PID 1 stays small: its lines of code and its bytes, by init/count. Runs in the test environment.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
check "init/count: at most 1500 lines of code, and 80 KiB" /mint/in/tree/init/count /mint/in/init/init
fails 4 '/none' "a compiler that is not there has counted nothing" env CC=/none /mint/in/tree/init/count
fails 4 'COUNT-LINES' "nor has one that shows nothing" env CC=true /mint/in/tree/init/count
head -c 81921 /dev/zero >/mint/work/large
fails 1 '81921 bytes' "one byte more than 80 KiB is too much" /mint/in/tree/init/count /mint/work/large
finish_tap
