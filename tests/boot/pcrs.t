#!/bin/sh
# The PCRs that eif computes are those that an independent security module has measured: images of every shape boot in
# QEMU with a program that asks its NSM. Runs in the test environment.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
export TAP_TMP=/mint/work
eif=/mint/in/bin/eif
rootfs=/mint/in/bin/rootfs
cd /mint/work || exit 4
trap 'end "${enclave_pid:-}"; end "${wires_pid:-}"' EXIT
trap 'exit 130' INT TERM HUP
work=/mint/work here=/mint/in/tests/eif CC=gcc
# shellcheck source=tests/eif/bytes.sh
. $here/bytes.sh

# image RAMDISK...: image.eif of these. The command line has an odd length, so that nothing is aligned by chance.
image()
{
	for file; do
		set -- "$@" --ramdisk "$file"
		shift
	done
	$eif build --kernel /mint/in/kernel/bzImage --cmdline 'the.pcrs=here' "$@" -o image.eif >/dev/null
}

# agrees NAME: boots image.eif; its NSM has exactly the PCRs that we tell.
agrees()
{
	$eif describe image.eif --json | jq -r '.Measurements | del(.HashAlgorithm) | to_entries[] |
		"pcrs: \(.key) \(.value)"' >expected
	# What was never extended is zeros.
	grep -q PCR8 expected || echo "pcrs: PCR8 $(printf %096d 0)" >>expected
	enclave image.eif
	wait_for "$vm/enclave.console" '^pcrs: (done|failed)|Kernel panic' 120
	end "$enclave_pid"
	tr -d '\r' <"$vm/enclave.console" >console
	grep '^pcrs: PCR' console | diff expected - >difference
	ok $? "$1: the NSM's PCRs are ours" difference
}

wires
ok $? "vhost-device-vsock serves the machine" "$vm/wires.log"
cp /mint/in/pcrs.cpio init.cpio
# The kernel wants each name once.
many=
for n in $(seq 28); do
	echo "$n" >content
	$rootfs pack --add "file$n=content:0644" -o "$n.cpio"
	many="$many $n.cpio"
done
zstd -qc 1.cpio >1.zstd
xz -c --check=crc32 1.cpio >1.xz
gzip -c init.cpio >init.gzip
size=$(wc -c <init.gzip)
# A compressed ramdisk that another one follows ends on a multiple of 4 bytes.
cp init.gzip padded.gzip
head -c $(((4 - size % 4) % 4)) /dev/zero >>padded.gzip
{ cat 1.cpio; printf '\0\0\0'; } >odd.cpio

image init.cpio && agrees "one ramdisk"
image init.cpio 1.cpio && agrees "two ramdisks"
image init.cpio 1.cpio 2.cpio && agrees "three ramdisks"
# shellcheck disable=SC2086 # a list of files
image init.cpio $many && agrees "29 ramdisks, the format's limit"
image init.gzip && agrees "one ramdisk, gzip, $size bytes"
image padded.gzip 1.zstd && agrees "two ramdisks, gzip and zstd"
image init.cpio 1.xz && agrees "the second ramdisk in xz, $(wc -c <1.xz) bytes"
image init.cpio odd.cpio && agrees "the second ramdisk of an odd size"
image init.cpio 1.cpio
signature_of $here/golden/aws-eif/test-p384.cert.pem >signature
append image.eif 4 signature
agrees "signed"
finish_tap
