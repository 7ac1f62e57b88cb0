#!/bin/sh
# Init's own supervision, as process 1 of a namespace. A hundred thousand children in a row lose their parent: it takes
# every one, notices the end of the command and kills who does not end then. Under an emulator two thousand have to do
# (tests/boot/init.t). And helpers that never come to their program, because something stops them on the way: init is back
# after each, and waits longer and longer. Runs in the test environment.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
export TAP_TMP=/mint/work
cd /mint/work || exit 4
tree=/mint/in/tree

# The rest of init comes along as a library: what is not called is not linked, and so need not be complete.
mkdir -p objects
: >compile.log
status=0
for source in "$tree"/init/*.c; do
	case $source in
	*/main.c | */config.c | */sha384.c) continue ;;
	esac
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -ffunction-sections -I"$tree/init" -I"$tree/init/nsm" -I"$tree/init/tsm" -c "$source" \
		-o "objects/$(basename "$source" .c).o" >>compile.log 2>&1 || status=1
done
rm -f init.a
ar rc init.a objects/*.o
# The C library's headers say that poll() only writes what it is given, and so that of a test may not read it.
for name in storm stuck; do
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Wno-maybe-uninitialized -I"$tree/init" -o $name "$tree/tests/init/$name.c" \
		init.a >>compile.log 2>&1 || status=1
done
ok $status "supervision alone is a program" compile.log
timeout 500 unshare --pid --fork --mount-proc ./storm 100000 >said 2>&1
check "100000 orphans in a row: none is left" grep -qx 'storm: 100000 orphans, 0 left' said
check "and the end of the command is noticed" grep -qx 'storm: status 7' said
check "and who does not listen when asked to end is killed" grep -qx 'storm: nobody left' said
sed "s,^,# ," said

# Through a pipe: init opens what it writes to anew, and would begin a file from its start.
stuck()
{
	timeout 100 unshare --pid --fork --mount-proc ./stuck "$1" | cat >said
}
stuck 8
check "8 helpers that hang: init is deaf for one start at a time" grep -qx 'stuck: 12 hung, at most 1 in a row, 0 after the end' said
check "and notices the end of the application" grep -qx 'stuck: status 7' said
check "and says why such a start came to nothing" \
	grep -qx 'mintmark: number 0: INIT-START: number 0: expected a start within 10 s, found none' said
sed "s,^,# ," said
stuck 1
check "a helper that hangs waits as one that fails: twice as long each time, at most 30 s" \
	grep -qx 'stuck: waited 200 400 800 1600 3200 6400 12800 25600 30000 30000 30000' said
sed "s,^,# ," said
finish_tap
