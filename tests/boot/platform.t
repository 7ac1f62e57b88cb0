#!/bin/sh
# What PID 1 makes of machines: a parent that does not answer as it should, random numbers of the host's choosing, and a
# machine that is no enclave. Runs in the test environment.
# shellcheck disable=SC2016 # scripts expand inside the guest
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
# shellcheck source=tests/boot/images.sh
. /mint/in/boot/images.sh

machines

# Heartbeats. A parent that is late is waited for; one that answers otherwise is none.
for mode in silent wrong close refuse; do
	case $mode in
	silent) found='found nothing: .*timed out' ;;
	wrong) found='found 0x7b' ;;
	close) found='found nothing: No data available' ;;
	refuse) found='connect: ' ;;
	esac
	check "the parent will answer heartbeats so: $mode" tell "heartbeat $mode"
	refused "heartbeat-$mode" "INIT-HEARTBEAT: the parent's port 9000: .*$found" arg=/bin/probe
done
ramdisk tree name=late arg=/bin/probe
check "the parent does not listen" tell "heartbeat refuse"
start
wait_for "$vm/enclave.console" 'Run /init' 60
sleep 1
check "the parent listens" tell "heartbeat ok"
over heartbeat-late 'exit status 0'
check "heartbeat-late: a parent that listens a second later is found" grep -qx 'probe: here' console

# Machines that are no enclave. The kernel has no driver for what a host calls a source of random numbers.
# on_plain NAME REGEX [OPTION...]: ramdisk1 boots on such a machine to such an end.
on_plain()
{
	name=$1
	regex=$2
	shift 2
	started=$(date +%s)
	if [ "$arch" = aarch64 ]; then
		rm -rf assembled
		mkdir assembled
		cp parts/kernel parts/cmdline parts/ramdisk0 ramdisk1 assembled/
		module=$virt_module
		virt_module=
		virt assembled 256M "$@"
		virt_module=$module
	else
		cat parts/ramdisk0 ramdisk1 >initrd
		plain initrd "$(cat parts/cmdline)" "$@"
	fi
	over "$name" "$regex"
}
cp parts/ramdisk1 ramdisk1
on_plain published 'refused: INIT-PLATFORM'
check "the published image is silent there" sh -c '! grep -q "^hello:" console'
ramdisk tree name=plain arg=/bin/probe arg=entropy
on_plain no-nsm 'refused: INIT-PLATFORM'
silent no-nsm
ramdisk tree name=plain allow_plain=yes env=PATH=/bin arg=sh arg=-c 'arg=probe entropy
echo "inside: $(grep -l 0x0004 /sys/bus/virtio/devices/*/device | wc -l) device"
echo "inside: $(cat /sys/class/misc/hw_random/rng_available), $(ls /dev/nsm 2>&1 | grep -c "No such")"'
on_plain plain 'exit status 0' -device virtio-rng-device
check "plain: an image that allows it runs" grep -qx 'probe: getrandom: ok' console
check "plain: the host has a source of random numbers" grep -qx 'inside: 1 device' console
check "plain: it is none for the kernel" grep -qx 'inside: none, 1' console

# A seed of the host's, where the kernel's boot protocol has its address: the kernel takes it (and wipes its length), but
# goes on waiting for the security module. On aarch64 the board's device tree has one: aarch64.t.
handover=/mint/in/boot/handover
if [ "$arch" = x86_64 ]; then
	python3 $handover seed parts/kernel kernel.seeded seed
	ramdisk tree name=seed env=PATH=/bin arg=sh arg=-c 'arg=probe entropy; sleep 4'
	kernel=kernel.seeded
	start 256M -device loader,file=seed,addr=0x0c000000,force-raw=on -monitor "unix:$vm/monitor,server=on,wait=off"
	kernel=
	before=$(python3 $handover monitor "$vm/monitor" 'xp /4wx 0x0c000000' | grep -c '0x00000009 0x00000020')
	wait_for "$vm/enclave.console" '^probe:' 60
	after=$(python3 $handover monitor "$vm/monitor" 'xp /4wx 0x0c000000' | grep -c '0x00000009 0x00000000')
	over seed 'exit status 0'
	check "seed: it lay where the kernel looks" [ "$before" = 1 ]
	check "seed: the kernel took it" [ "$after" = 1 ]
	check "seed: and credited nothing for it" sh -c \
		'grep -q "random: crng init done" console && ! grep -q "0\.000000\] random: crng init done" console'
	check "seed: the application has random numbers" grep -qx 'probe: getrandom: ok' console
else
	skip "a seed" "made for x86_64's boot protocol"
fi

# A security module whose random numbers go by another name: the kernel's source is not the one that init knows.
python3 $handover rename parts/kernel kernel.renamed nsm-hwrng
ok $? "a kernel with another source of random numbers"
kernel=kernel.renamed
refused other-source 'INIT-ENTROPY: .*found .sm-hwrng' arg=/bin/probe
kernel=

finish_tap
