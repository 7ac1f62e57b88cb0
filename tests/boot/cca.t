#!/bin/sh
# A realm's kernel and ramdisks on an emulated board with the devices that VMMs give to realms: console, heartbeat and
# application over virtio on the bus, over virtio in memory; bounce buffers, and a loader's seed that counts for nothing;
# then once more from the very pages that a RIM was told for, the predicted device tree among them.
# Runs in the test environment. There is no RMM: what only a realm has, tokens above all, is not here, and kernel and init
# have to notice that; the image is hello-plain, which is content with such a machine.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
image=/mint/in/realm
if [ ! -f $image/image.igvm ]; then
	skip "a realm's parts boot" "none are built; make test-cca does"
	finish_tap
	exit
fi
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
TAP_TMP=/mint/work
ended='mintmark: (refused|exit status|killed)|Kernel panic'
cd /mint/work || exit 4
trap 'end "${enclave_pid:-}"; end "${parent_pid:-}"; end "${wires_pid:-}"' EXIT
trap 'exit 130' INT TERM HUP

# boot FOLDER BUS REGEX SECONDS [MEMORY [CPUS [IMAGE]]]: boots these parts until a line of either console matches: both are in
# console then.
boot()
{
	realm "$1" "$2" "${5:-}" "${6:-}" "${7:-}"
	status=1
	ticks=$(($4 * 5))
	while [ "$ticks" -gt 0 ] && [ $status -ne 0 ]; do
		sleep 0.2
		ticks=$((ticks - 1))
		! grep -qE -- "$3" "$vm/enclave.console" "$vm/realm.console" || status=0
	done
	[ $status -eq 0 ] || { echo "no line like \"$3\" within $4 s"; cat "$vm/enclave.log"; } >>"$vm/enclave.console"
	tr -d '\r' <"$vm/enclave.console" >serial
	tr -d '\r' <"$vm/realm.console" >virtual
	cat serial virtual >console
	return $status
}

check "the kernel is an uncompressed Image" [ "$(od -An -j 56 -N 4 -c $image/kernel | tr -d ' ')" = 'ARMd' ]
check "its header names no load offset" [ "$(od -An -j 8 -N 8 -tx1 $image/kernel | tr -d ' ')" = 0000000000000000 ]
size=$(wc -c </mint/in/ramdisk0.cpio)
# shellcheck disable=SC2016 # the inner shell expands
check "the initrd begins with ramdisk 0" sh -c 'head -c "$1" "$2" | cmp - /mint/in/ramdisk0.cpio' sh "$size" $image/initrd.cpio
# shellcheck disable=SC2016
tail -c "+$((size + 1))" $image/initrd.cpio >rest
size=$(wc -c <$image/ramdisk1/initrd.cpio)
# shellcheck disable=SC2016
check "and goes on with ramdisk 1" sh -c 'head -c "$1" rest | cmp - "$2/ramdisk1/initrd.cpio"' sh "$size" $image
check "nothing but zeros is behind it" [ "$(tail -c "+$((size + 1))" rest | tr -d '\000' | wc -c)" -eq 0 ]
check "which is that of the image for Nitro enclaves" cmp $image/ramdisk1/initrd.cpio /mint/in/nitro.cpio

wires
ok $? "vhost-device-vsock serves both machines" "$vm/wires.log"
parent parent.mode=ok
ok $? "the parent instance is up" "$vm/parent.console"
check "the board's device tree has a seed" seeded realm $image pci 6G
boot $image pci "^hello: good day|$ended" 600 6G
ok $? "the image boots with its devices on the bus" console
check "Linux is $(cat /mint/in/release)" grep -qF "Linux version $(cat /mint/in/release) " serial
check "both ends of the command line are there" grep -qE \
	'Kernel command line: console=.* mintmark.begin=cca-aarch64 mintmark.end=cca-aarch64$' serial
check "bounce buffers are there" grep -qE 'software IO TLB: mapped \[mem 0x[0-9a-f]+-0x[0-9a-f]+\] \([0-9]+MB\)' serial
check "the kernel found no RMM" sh -c '! grep -q "RME: Using RSI" console'
check "the loader's seed counts for nothing" sh -c \
	'grep -q "random: crng init done" console && ! grep -qE "^\[ +0\.0+\] random: crng init done|random: .*bootloader" console'
check "PSCI ends machines" grep -qE 'psci: PSCIv[0-9.]+ detected' serial
check "the clock is the PL031" grep -qE 'rtc-pl031 .*setting system clock to 20[2-9][0-9]-' serial
check "no ACPI, no EFI" sh -c '! grep -qE "ACPI:|efi: EFI" serial'
check "the console is the virtual one, through bounce buffers" grep -qE '^mintmark: hello-plain, tree [0-9a-f]{64}, Linux 7' virtual
check "init finds no realm" grep -q '^mintmark: hello-plain, .*, plain machine, attests nothing$' console
check "hello runs" grep -q '^hello: good day' virtual
check "the heartbeat reached the parent" wait_for "$vm/parent.console" '^parent: heartbeat from CID 4' 5
end "$enclave_pid"

: >"$vm/parent.console"
boot $image mmio "^hello: good day|$ended" 600
ok $? "the image boots with its device in memory" console
grep -q '^hello: good day' serial
ok $? "and the serial port as its console" console
check "the heartbeat reached the parent" wait_for "$vm/parent.console" '^parent: heartbeat from CID 4' 5
end "$enclave_pid"

# measured BUS MEMORY CPUS: boots what a realm's memory was predicted to be, and nothing else: the pages that a RIM was told for,
# the device tree among them, with the registers of the boot processor.
measured()
{
	bus=$1 memory=$2 cpus=$3
	what="$bus, $memory, $cpus CPUs"
	: >"$vm/parent.console"
	rm -f events predicted.dtb
	set -- --layout /mint/in/layouts/qemu-2026.layout --memory "$memory" --cpus "$cpus" --kernel $image/kernel \
		--initrd $image/initrd.cpio --cmdline "$(cat $image/cmdline)"
	check "$what: a RIM is told" /mint/in/bin/realm measure "$@" --rmm 2.0 --hash sha-256 --events events
	/mint/in/bin/realm tree "$@" -o predicted.dtb
	check "$what: the measured memory is laid" sh -c 'python3 /mint/in/boot/lay-memory "$@" >memory.elf' sh \
		"$memory" events $image/kernel $image/initrd.cpio predicted.dtb
	boot $image "$bus" "^hello: good day|$ended" 600 "$memory" "$cpus" memory.elf
	ok $? "$what: it boots, with the device tree that was predicted" console
	check "$what: both ends of the command line are there" grep -qE \
		'Kernel command line: console=.* mintmark.begin=cca-aarch64 mintmark.end=cca-aarch64$' serial
	check "$what: so is all memory" grep -q "node   0: \[mem 0x0000000040000000-0x$(printf '%016x' \
		$((0x40000000 + $(numfmt --from=iec "$memory") - 1)))\]" serial
	check "$what: PSCI brings up all processors" grep -qE "smp: Brought up 1 node, $cpus CPUs?" serial
	check "$what: the kernel found no RMM" sh -c '! grep -q "RME: Using RSI" console'
	grep -q '^hello: good day' console
	ok $? "$what: hello runs" console
	check "$what: the heartbeat reached the parent" wait_for "$vm/parent.console" '^parent: heartbeat from CID 4' 5
	end "$enclave_pid"
}
measured mmio 512M 1
measured pci 6G 2
check "and the virtual console has hello's words" grep -q '^hello: good day' virtual

# refuses NAME TEXT WHAT: boots the parts with TEXT as the loader's command line; init must refuse and reset.
refuses()
{
	printf '%s' "$2" >moved/cmdline
	boot moved mmio "$ended" 600
	status=$?
	grep -qE '^mintmark: refused: INIT-CMDLINE' console || status=1
	! grep -q '^hello:' console || status=1
	ok $status "$3" console
	check "and the machine resets ($1)" ends 60
}

mkdir moved
cp $image/kernel $image/initrd.cpio moved/
refuses nitro "$(sed 's/cca-aarch64/nitro-aarch64/g' $image/cmdline)" "the command line of another target is refused"
refuses none '' "none is refused"
finish_tap
