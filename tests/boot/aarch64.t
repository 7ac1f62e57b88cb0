#!/bin/sh
# The finished image for aarch64 on an emulated board with the devices of an enclave: its kernel starts where the loader
# puts it, its init finds what it must find, hello talks to NSM and parent, command lines and ramdisks that were altered are
# refused, and an end is a reset. Runs in the test environment. The board's NSM knows no PCRs of an image: that measurements
# are those of the format, the image for x86_64 shows.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
image=/mint/in/images/aarch64.eif
if [ ! -f $image ]; then
	skip "an image for aarch64 boots" "none is built; make test-aarch64 does"
	finish_tap
	exit
fi
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
TAP_TMP=/mint/work
eif=/mint/in/bin/eif
rootfs=/mint/in/bin/rootfs
ended='mintmark: (refused|exit status|killed)|Kernel panic'
cd /mint/work || exit 4
trap 'end "${enclave_pid:-}"; end "${parent_pid:-}"; end "${wires_pid:-}"' EXIT
trap 'exit 130' INT TERM HUP

# boot FOLDER REGEX SECONDS: boots these parts until a line of the console matches.
boot()
{
	virt "$1"
	status=0
	wait_for "$vm/enclave.console" "$2" "$3" || status=1
	[ $status -eq 0 ] || { echo "no line like \"$2\" within $3 s"; cat "$vm/enclave.log"; } >>"$vm/enclave.console"
	tr -d '\r' <"$vm/enclave.console" >console
	return $status
}

# member KEY: a value of what eif describe says of the image.
member()
{
	jq -r ".$1" described
}

rm -rf parts
$eif describe $image --json >described
ok $? "the image is one"
check "its architecture is aarch64" [ "$(member Arch)" = aarch64 ]
check "header flags: the bit of arm64 alone" [ "$(od -An -j 6 -N 2 -tx1 $image | tr -d ' ')" = 0001 ]
$eif extract $image parts >/dev/null
ok $? "the image comes apart"
check "the kernel is an uncompressed Image" [ "$(od -An -j 56 -N 4 -c parts/kernel | tr -d ' ')" = 'ARMd' ]
check "its header names the load offset 0x200000" \
	[ "$(od -An -j 8 -N 8 -tx1 parts/kernel | tr -d ' ')" = 0000200000000000 ]

wires
ok $? "vhost-device-vsock serves both machines" "$vm/wires.log"
parent parent.mode=ok
ok $? "the parent instance is up" "$vm/parent.console"
check "the board's device tree has a seed" seeded virt parts
boot parts "hello: ready|$ended" 400
ok $? "the enclave boots" console
check "hello runs" grep -qx 'hello: ready' console
check "the NSM answers" grep -qE '^hello: PCR0 [0-9a-f]{96}$' console
check "the heartbeat reached the parent" wait_for "$vm/parent.console" '^parent: heartbeat from CID 4' 5
check "the clock is the PL031" grep -qE 'rtc-pl031 .*setting system clock to 20[2-9][0-9]-' console
check "no ACPI" sh -c '! grep -q "ACPI:" console'
check "the loader's seed counts for nothing" sh -c \
	'grep -q "random: crng init done" console && ! grep -qE "^\[ +0\.0+\] random: crng init done|random: .*bootloader" console'
nonce=$(od -An -N 32 -v -tx1 /dev/urandom | tr -d ' \n')
/mint/in/ask "$vm/enclave.vsock" 5000 "$nonce" --json >document.json 2>&1
ok $? "hello answers with a document" document.json
# shellcheck disable=SC2016 # jq expands
check "the document carries the nonce it was sent" jq -e --arg nonce "$nonce" '.nonce == $nonce' document.json
end "$enclave_pid"

# refuses NAME REGEX WHAT: boots the parts in moved, which must end with such a line, no word of hello, and a reset.
refuses()
{
	boot moved "$ended" 300
	status=$?
	grep -qE -- "$2" console || status=1
	! grep -q '^hello:' console || status=1
	ok $status "$3" console
	check "and the machine resets ($1)" ends 60
	end "$enclave_pid"
	rm -rf moved
	cp -R parts moved
}
cp -R parts moved

# Command lines.
cmdline='^mintmark: refused: INIT-CMDLINE'
sed 's/ .*//' parts/cmdline | tr -d '\n' >moved/cmdline
refuses cut "$cmdline" "a command line without its end is refused"
: >moved/cmdline
refuses none "$cmdline" "none is refused"
printf x >>moved/cmdline
refuses moved "$cmdline" "bytes behind its end are refused"

# Ramdisks: a second /init behind the application and in its place, something else beside init, and ramdisk 0 without its
# first entry, which is the responder, or without its first bytes.
printf '#!/bin/sh\necho stolen\n' >evil
$rootfs pack --add init=evil:0755 -o evil.cpio
$rootfs pack --add extra=evil -o extra.cpio
cat evil.cpio >>moved/ramdisk1
refuses second-init 'Kernel panic - not syncing: initramfs: init is there already$' "a second init behind the application is a panic"
cp evil.cpio moved/ramdisk1
refuses only-second-init 'Kernel panic - not syncing: initramfs: init is there already$' "one in the application's place, too"
cat extra.cpio >>moved/ramdisk1
refuses stowaway '^mintmark: refused: INIT-ROOT: /: .*found one more, "extra"$' "a file beside init is refused"
second=$(grep -abo 070701 parts/ramdisk0 | sed -n '2s/:.*//p')
tail -c "+$((second + 1))" parts/ramdisk0 >moved/ramdisk0
refuses first-entry '^mintmark: refused: INIT-ROOT: /: expected an entry "attest", found: ' "ramdisk 0 without its first entry is refused"
tail -c +17 parts/ramdisk0 >moved/ramdisk0
refuses spoilt 'Kernel panic - not syncing: initramfs: unpacking failed: no cpio magic$' "one without its first bytes is a panic"
finish_tap
