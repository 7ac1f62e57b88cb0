#!/bin/sh
# PID 1 stays small: its lines of code and its bytes, by init/count. Runs in the test environment.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
check "init/count: at most 1500 lines of code, and 80 KiB" /mint/in/tree/init/count /mint/in/init/init
finish_tap
