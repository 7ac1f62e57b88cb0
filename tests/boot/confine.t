#!/bin/sh
# What processes may do: capabilities, filters, limits, a read-only root, and who has the security module. Each process of
# an image asks for another right, so that one boot shows many. Runs in the test environment.
# shellcheck disable=SC2016 # scripts expand inside the guest
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
# shellcheck source=tests/boot/images.sh
. /mint/in/boot/images.sh

machines

# One line each: user, capabilities, no_new_privs, filter, umask.
asks='arg=
read -r _ nnp <<END
$(grep NoNewPrivs /proc/self/status)
END
set -- $(grep -E "^(CapInh|CapPrm|CapEff|CapBnd)" /proc/self/status | tr -s "\t" " " | cut -d " " -f 2)
echo "inside: $0 $(id -u) $1 $2 $3 $4 nnp $nnp filter $(grep ^Seccomp: /proc/self/status | tr -dc 0-9) umask $(umask)"'
finish='
while [ $(ls /tmp | wc -l) -lt 8 ]; do sleep 0.2; done; exit 0'
# helper NAME RECORD...: its records, on lines that "set" takes apart.
none=0000000000000000
default=00000000a80425fb
without_mknod=00000000a00425fb
all=$(printf '%016x' $(((1 << 41) - 1)))
tell=': >/tmp/$0; exec sleep 1000'
set -- env=PATH=/bin arg=sh arg=-c "$asks
$tell"
script rights 'exit status 0' "$asks$finish" arg=plain \
	'helper=user never' "$@" arg=user user=app \
	'helper=nothing never' "$@" arg=nothing capabilities=none \
	'helper=everything never' "$@" arg=everything capabilities=all \
	'helper=chosen never' "$@" arg=chosen 'capabilities=none +net_admin +kill' \
	'helper=free never' "$@" arg=free seccomp=none new_privileges=no umask=077 \
	'helper=limits never' arg=/bin/probe arg=limits rlimit=nofile:100:200 rlimit=core:0:0 rlimit=as:unlimited:unlimited \
	'helper=calls never' arg=/bin/probe arg=calls \
	'helper=module never' "$@" arg=module nsm=yes
cat console >rights.console
finish_tap
