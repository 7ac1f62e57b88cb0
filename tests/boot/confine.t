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
while [ $(ls /tmp | wc -l) -lt 5 ]; do probe nap; done; probe nap; exit 0'
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
	'helper=calls never' arg=/bin/probe arg=calls
none=0000000000000000
# Docker's fourteen, and no mknod, unless the security module is given
default=00000000a00425fb
module=00000000a80425fb
all=000001fff7ffffff
says "root has what Docker gives it, and a filter" "inside: plain 0 $none $default $default $default nnp 0 filter 2 umask 0022"
says "another user has nothing, and can get no more than that" "inside: user 1000 $none $none $none $default nnp 0 filter 2 umask 0022"
says "capabilities = none" "inside: nothing 0 $none $none $none $none nnp 0 filter 2 umask 0022"
says "capabilities = all, but the one to make the security module's device" "inside: everything 0 $none $all $all $all nnp 0 filter 2 umask 0022"
says "capabilities = none +net_admin +kill" \
	"inside: chosen 0 $none 0000000000001020 0000000000001020 0000000000001020 nnp 0 filter 2 umask 0022"
says "no filter, no new privileges, a umask" "inside: free 0 $none $default $default $default nnp 1 filter 0 umask 0077"
says "limits: both kinds" 'probe: nofile 100 200'
says "limits: none at all" 'probe: core 0 0'
for line in 'getpid: ok' 'socket vsock: ok' 'socket netlink: ok' 'socket alg: Operation not permitted' 'mount: Operation not permitted' \
	'umount: Operation not permitted' 'unshare user: Operation not permitted' 'unshare mount: Operation not permitted' 'chroot: ok' \
	'mknod: Operation not permitted' 'sethostname: Operation not permitted' 'bpf: Operation not permitted' 'keyctl: Operation not permitted' \
	'init_module: Operation not permitted' 'kexec_load: Operation not permitted' 'reboot: Operation not permitted' \
	'perf_event_open: Operation not permitted' "console's discipline: Operation not permitted"; do
	says "calls: $line" "probe: $line"
done
# One of root's processes has it, so that all of them say so.
script module 'exit status 0' nsm=yes "$asks" arg=module
says "who is given the security module keeps mknod" "inside: module 0 $none $module $module $module nnp 0 filter 2 umask 0022"

# One capability, which brings back what the filter takes for want of it, and nothing else.
image admin 'exit status 0' 'capabilities=none +sys_admin' arg=/bin/probe arg=calls
for line in 'sethostname: ok' 'mount: ok' 'keyctl: Operation not permitted' 'socket alg: Operation not permitted'; do
	says "admin: $line" "probe: $line"
done

# A read-only root. Volumes keep what the image has there.
mkdir -p tree/srv/kept
echo kept >tree/srv/kept/file
script readonly 'exit status 0' readonly=yes volume=/data volume=/srv/kept 'arg=
for where in / /etc /bin /srv /data /srv/kept /tmp /run /dev/shm; do
	touch $where/new 2>/dev/null && writable="$writable $where"
done
echo "inside: writable$writable, $(cat /srv/kept/file), lo $(ip address show dev lo | grep -c inet)"
probe calls'
rm -r tree/srv
says "readonly: volumes and temporary folders alone can be written to" 'inside: writable /data /srv/kept /tmp /run /dev/shm, kept, lo 2'
says "readonly: root cannot change that" 'probe: mount: Operation not permitted'

# The security module is the one's who is named.
script named 'exit status 0' user=app nsm=yes 'arg=probe nsm 0; probe nap; probe nap' \
	'helper=other never' user=1005 env=PATH=/bin arg=sh arg=-c 'arg=echo "inside: other $(probe nsm 0)"'
if [ "$arch" = x86_64 ]; then
	check "named: reads the published PCR0" sh -c \
		"grep -q \"64646174615830$($eif describe image.eif --json | jq -r .Measurements.PCR0)\" console"
else
	check "named: reads a PCR0, although nobody has measured this machine" grep -q '^probe: PCR0 a1' console
fi
says "named: another user may not open it" 'inside: other probe: open nsm: Permission denied'
script unnamed 'exit status 0' 'arg=echo "inside: $(ls /dev/nsm 2>&1)"; probe calls'
says "unnamed: it is not there" 'inside: ls: /dev/nsm: No such file or directory'
says "unnamed: nor can root make it" 'probe: mknod: Operation not permitted'

# What root could do to the machine without any capability, were there not more than capabilities.
script attacks 'exit status 0' attest=yes 'arg=probe nap
try() { if sh -c "$2" >/dev/null 2>&1; then echo "inside: $1: done"; else echo "inside: $1: no"; fi; }
try "drivers of devices" "for f in /sys/bus/virtio/drivers/*/unbind; do : >>\$f || exit 1; done"
try "groups of processes" "mkdir /sys/fs/cgroup/x"
try "settings of the kernel" "echo x >/proc/sys/kernel/hostname"
probe strangle
probe steal attest
exit 0'
for what in 'drivers of devices' 'groups of processes' 'settings of the kernel'; do
	says "attacks: $what are out of reach" "inside: $what: no"
done
says "attacks: the limits of process 1 are, too" 'probe: strangle: Operation not permitted'
check "attacks: the responder's descriptor cannot be had" sh -c 'grep "^probe: steal: " console | grep -qv ": ok"'
finish_tap
