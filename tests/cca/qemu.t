#!/bin/sh
# What QEMU really puts into the guest's memory, against what we say: kernel, ramdisk and device tree, page by page, and the
# boot processor's pc. There is no RMM: QEMU's machine virt as it is, whose boot loader is the one difference in places.
# Environment: REALM the realm command; QEMU_AARCH64 a command that starts the emulator (the test environment's when unset).
# The guest never runs an instruction.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cca/common.sh
. "$here/common.sh"
if [ -z "${QEMU_AARCH64:-}" ] && [ -x /mint/in/qemu/qemu-system-aarch64 ]; then
	QEMU_AARCH64='/mint/in/qemu/qemu-system-aarch64 -L /usr/share/qemu'
fi
if [ -z "${QEMU_AARCH64:-}" ]; then
	skip 'device trees and memory of QEMU' 'no qemu-system-aarch64 here'
	finish_tap
	exit
fi
make_inputs
cp "$here/qemu-virt.layout" .
# What QEMU has instead of what a realm should find.
sed 's/^#machine //; s/"smc"/"hvc"/; s/"arm,armv8"$/"arm,cortex-a57"/' "$layouts/qemu.tree" >qemu-virt.tree

# machine CPUS MEMORY OPTION...
machine()
{
	cpus=$1 memory=$2
	shift 2
	# shellcheck disable=SC2086 # a command with options
	timeout 120 $QEMU_AARCH64 -machine virt,acpi=off,gic-version=3,dtb-randomness=off -accel tcg -cpu max,pmu=off \
		-smp "$cpus" -m "$memory" -nodefaults -display none "$@" </dev/null
}

# at FILE OFFSET SIZE
at()
{
	tail -c +$(($2 + 1)) "$1" | head -c "$3"
}

# Between the values of properties there are bytes that nobody has written on purpose: libfdt leaves what was there before.
# unpadded FILE: the tree with zeros there
unpadded()
{
	perl -e '
		local $/; my $d = <STDIN>;
		my $at = unpack("N", substr($d, 8, 4));
		for (;;) {
			my $token = unpack("N", substr($d, $at, 4));
			last if $token == 9;
			$at += 4;
			if ($token == 1) {
				$at += (length(unpack("Z*", substr($d, $at))) + 4) & ~3;
			} elsif ($token == 3) {
				my $size = unpack("N", substr($d, $at, 4));
				substr($d, $at + 8 + $size, -$size & 3) = "\0" x (-$size & 3);
				$at += 8 + (($size + 3) & ~3);
			}
		}
		print $d' <"$1"
}

for cpus in 1 2 5; do
	for memory in 128M 512M 1280M; do
		"$REALM" tree --layout qemu-virt.layout --memory "$memory" --cpus "$cpus" --kernel Image --initrd initrd \
			--cmdline "console=ttyAMA0 quiet" -o ours.dtb || exit 99
		machine "$cpus" "$memory" -kernel Image -initrd initrd -append 'console=ttyAMA0 quiet' -machine dumpdtb=theirs.dtb \
			>qemu.log 2>&1
		unpadded theirs.dtb >theirs
		unpadded ours.dtb >ours
		check "$cpus CPUs, $memory: the device tree" cmp ours theirs
		is "$cpus CPUs, $memory: and no more than its padding differs" "$(wc -c <ours.dtb)" "$(wc -c <theirs.dtb)"
	done
done

# Memory itself: what the log says is measured must lie there, and nothing else but QEMU's boot loader in its first page.
for memory in 128M 512M; do
	rm -f events memory.bin
	"$REALM" measure --layout qemu-virt.layout --memory $memory --cpus 2 --kernel Image --initrd initrd --cmdline quiet \
		--hash sha-256 --events events >/dev/null || exit 99
	printf 'info registers\npmemsave 0x40000000 0x%x memory.bin\nquit\n' $((${memory%M} * 1048576)) >commands
	# shellcheck disable=SC2086
	timeout 120 $QEMU_AARCH64 -machine virt,acpi=off,gic-version=3,dtb-randomness=off -accel tcg -cpu max,pmu=off -smp 2 \
		-m $memory -nodefaults -display none -kernel Image -initrd initrd -append quiet -S -monitor stdio \
		<commands >monitor 2>&1
	check "$memory: pc" grep -q 'PC=0000000040000000' monitor
	"$REALM" tree --layout qemu-virt.layout --memory $memory --cpus 2 --kernel Image --initrd initrd --cmdline quiet -o ours.dtb
	wrong='' pages=0
	# Each measured page of kernel and ramdisk; the tree is compared below, less its padding.
	tree_at=$(sed -n 's/^data \(0x[0-9a-f]*\) .*/\1/p' events | tail -n 256 | head -n 1)
	sed -n 's/^data \(0x[0-9a-f]*\) 1 \([0-9a-f]*\) .*/\1 \2/p' events >pages.txt
	while read -r ipa digest; do
		[ $((ipa)) -lt $((tree_at)) ] || break
		found=$(at memory.bin $((ipa - 0x40000000)) 4096 | sha256sum)
		pages=$((pages + 1))
		[ "${found%% *}" = "$digest" ] || wrong="$wrong $ipa"
	done <pages.txt
	is "$memory: $pages pages of kernel and ramdisk" '' "$wrong"
	at memory.bin $((tree_at - 0x40000000)) "$(wc -c <ours.dtb)" >theirs.dtb
	unpadded theirs.dtb >theirs
	unpadded ours.dtb >ours
	check "$memory: the device tree at $tree_at" cmp ours theirs
	# What is left when all this is taken away is nothing but the first page.
	for range in 0:4096 "$((2 << 20)):200704" "$(($(sed -n 's/^data \(0x[0-9a-f]*\) .*/\1/p' events | sed -n 50p) - 0x40000000)):73728" \
		"$((tree_at - 0x40000000)):1048576"; do
		dd if=/dev/zero of=memory.bin bs=4096 seek=$((${range%:*} / 4096)) count=$((${range#*:} / 4096)) conv=notrunc \
			2>/dev/null
	done
	is "$memory: everything else is zeros" 0 "$(tr -d '\0' <memory.bin | wc -c | tr -d ' ')"
done
finish_tap
