#!/bin/sh
# A hundred thousand children in a row lose their parent: init's own supervision, as process 1 of a namespace, takes every
# one and notices the end of the command. Under an emulator two thousand have to do (tests/boot/init.t). Runs in the test
# environment.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
export TAP_TMP=/mint/work
cd /mint/work || exit 4
tree=/mint/in/tree

# The rest of init comes along as a library: what is not called is not linked, and so need not be complete.
mkdir -p objects
status=0
for source in "$tree"/init/*.c; do
	case $source in
	*/main.c | */config.c | */sha384.c | */nitro.c) continue ;;
	esac
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -ffunction-sections -I"$tree/init" -c "$source" -o "objects/$(basename "$source" .c).o" \
		>compile.log 2>&1 || { cat compile.log; status=1; }
done
rm -f init.a
ar rc init.a objects/*.o
gcc -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -I"$tree/init" -o storm "$tree/tests/init/storm.c" init.a >compile.log 2>&1 || status=1
ok $status "supervision alone is a program" compile.log
timeout 500 unshare --pid --fork --mount-proc ./storm 100000 >said 2>&1
check "100000 orphans in a row: none is left" grep -qx 'storm: 100000 orphans, 0 left' said
check "and the end of the command is noticed" grep -qx 'storm: status 7' said
sed "s,^,# ," said
finish_tap
