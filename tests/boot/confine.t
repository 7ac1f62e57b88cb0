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
set -- helper_env=PATH=/bin helper_arg=sh helper_arg=-c "helper_$asks
$tell"
script rights 'exit status 0' "$asks$finish" arg=plain \
	'helper=user never' "$@" helper_arg=user helper_user=app \
	'helper=nothing never' "$@" helper_arg=nothing helper_capabilities=none \
	'helper=everything never' "$@" helper_arg=everything helper_capabilities=all \
	'helper=chosen never' "$@" helper_arg=chosen 'helper_capabilities=none +net_admin +kill' \
	'helper=free never' "$@" helper_arg=free helper_seccomp=none helper_new_privileges=no helper_umask=077 \
	'helper=limits never' helper_arg=/bin/probe helper_arg=limits helper_rlimit=nofile:100:200 helper_rlimit=core:0:0 helper_rlimit=as:unlimited:unlimited \
	'helper=calls never' helper_arg=/bin/probe helper_arg=calls \
	'helper=module never' "$@" helper_arg=module helper_nsm=yes
cat console >rights.console
finish_tap
