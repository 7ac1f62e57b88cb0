#!/bin/sh
# Processes beside the application: in which order they start, which of them come back, how all are asked to end, and
# what happens to each when memory runs out. Runs in the test environment.
# shellcheck disable=SC2016 # scripts expand inside the guest
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
# shellcheck source=tests/boot/images.sh
. /mint/in/boot/images.sh

machines

# in_order LINE...: these lines are on the console one after the other.
in_order()
{
	what=$1
	shift
	printf '%s\n' "$@" >wanted
	awk 'NR == FNR { wanted[++count] = $0; next } $0 == wanted[at + 1] { at++ } END { exit at != count }' wanted console
	ok $? "$what" console
}

# One boot, every policy. Each script ends when it is asked to, and says so.
waits='trap "echo inside: $0 was asked; exit 0" TERM
echo "inside: $0 runs"
while :; do probe nap; done'
counts='n=$(cat /tmp/$0 2>/dev/null || echo 0)
echo $((n + 1)) >/tmp/$0
echo "inside: $0 the $((n + 1)). time"'
script family 'exit status 3' grace=20 'arg=
echo "inside: application is $$"
while ! grep -q 3 /tmp/always 2>/dev/null; do probe nap; done
sleep 1
exit 3' \
	'helper=never never' env=PATH=/bin arg=sh arg=-c "arg=$counts; exit 5" arg=never \
	'helper=failing on-failure' env=PATH=/bin arg=sh arg=-c "arg=$counts; exit \$((n == 0))" arg=failing \
	'helper=always always' env=PATH=/bin arg=sh arg=-c "arg=$counts; [ \$n -lt 2 ] && exit 0; $waits" arg=always \
	'helper=crashing on-failure' arg=/bin/probe arg=crash \
	'helper=user never' user=app env=PATH=/bin arg=sh arg=-c \
	'arg=echo "inside: helper is $$"; echo "inside: user $(id -u):$(id -g) $(id -G) $(pwd) $(env | tr "\n" " ")"; exec sleep 1000'
in_order "never: ends and stays so" 'inside: never the 1. time' 'mintmark: never: exit status 5'
pid() { sed -n "s/^inside: $1 is //p" console; }
check "helpers start before the application" [ "$(pid helper)" -lt "$(pid application)" ]
check "never: ran once" sh -c '! grep -q "inside: never the 2" console'
in_order "on-failure: starts again until it succeeds" 'inside: failing the 1. time' 'mintmark: failing: exit status 1, starts again' \
	'inside: failing the 2. time' 'mintmark: failing: exit status 0'
in_order "always: starts again after a success, too" 'inside: always the 1. time' 'mintmark: always: exit status 0, starts again' \
	'inside: always the 2. time' 'mintmark: always: exit status 0, starts again' 'inside: always the 3. time'
in_order "a crash is a failure" 'mintmark: crashing: killed by signal 11, starts again' 'mintmark: crashing: killed by signal 11, starts again'
says "a helper has a user, a folder and an environment of its own" 'inside: user 1000:1001 1001 7 / PATH=/bin PWD=/ '
in_order "at the end of the application they are asked to end" 'inside: always was asked' 'mintmark: exit status 3'

# Who does not listen is killed, after the time that the recipe gives.
deaf='trap "" TERM; echo "inside: deaf"; while :; do sleep 1; done'
script deaf 'exit status 0' grace=1 'arg=while ! grep -q . /tmp/deaf; do probe nap; done; exit 0' \
	'helper=deaf always' env=PATH=/bin arg=sh arg=-c "arg=echo . >/tmp/deaf; $deaf"
script deaf-application 'killed by signal 9' grace=1 "arg=trap '' TERM; kill -TERM 1; $deaf"
script asked 'exit status 4' stopsignal=USR1 'arg=trap "echo inside: asked; exit 4" USR1; kill -TERM 1; while :; do probe nap; done'
says "asked: with the signal of the recipe" 'inside: asked'

# A helper that cannot start is a refusal like an application that cannot.
refused helper-missing 'INIT-EXEC' arg=/bin/probe 'helper=none never' arg=/bin/none

# Memory runs out in a child of the application: the child goes, the application is told, everybody else stays. Then in a
# helper, which is the largest now: the helper goes.
script memory 'exit status 6' attest=yes "arg=while ! grep -q . /tmp/up; do probe nap; done
for p in /proc/[0-9]*; do
	[ \"\$(tr '\\0' ' ' <\$p/cmdline)\" != 'attest ' ] || echo \"inside: attest is spared by \$(cat \$p/oom_score_adj)\"
done
echo \"inside: self by \$(cat /proc/self/oom_score_adj)\"
probe eat
echo \"inside: eater ended with \$?\"
sleep 1
echo \"inside: helper \$(cat /tmp/up)\"
: >/tmp/eat
while [ -d /proc/\$(cat /tmp/eater) ]; do probe nap; done
exit 6" 'helper=up always' env=PATH=/bin arg=sh arg=-c 'arg=echo $(($(cat /tmp/up 2>/dev/null || echo 0) + 1)) >/tmp/up
while :; do sleep 1; done' 'helper=eater never' env=PATH=/bin arg=sh arg=-c 'arg=echo $$ >/tmp/eater
while [ ! -e /tmp/eat ]; do probe nap; done
exec probe eat'
says "memory: the application saw what happened" 'inside: eater ended with 137'
says "memory: a helper lived on" 'inside: helper 1'
says "memory: a helper that is the largest goes, and the application stays" 'mintmark: eater: killed by signal 9'
says "memory: a service is the last to go" 'inside: attest is spared by -999'
says "memory: an application is not" 'inside: self by 0'
check "memory: no service was touched" sh -c '! grep -qE "mintmark: (attest|ports|up):.*again" console'
finish_tap
