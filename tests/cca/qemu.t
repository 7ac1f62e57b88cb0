#!/bin/sh
# What QEMU really puts into the guest's memory, against what we say: kernel, ramdisk and device tree, page by page, and the
# boot processor's pc and registers. There is no RMM: QEMU's machine virt as it is, whose boot loader is the one difference in places.
# Environment: REALM the realm command; QEMU_AARCH64 a command that starts the emulator (the test environment's when unset).
# The guest never runs an instruction.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cca/common.sh
. "$here/common.sh"
if [ -z "${QEMU_AARCH64:-}" ] && [ -x /mint/in/qemu/qemu-system-aarch64 ]; then
	QEMU_AARCH64='/mint/in/qemu/qemu-system-aarch64 -L /usr/share/qemu'
fi
if [ -z "${QEMU_AARCH64:-}" ] && [ ! -d /mint/in/qemu ]; then
	skip 'device trees and memory of QEMU' 'no qemu-system-aarch64 here'
	finish_tap
	exit
fi
make_inputs
cp Image Large
printf '\0\0\200\014' | dd of=Large bs=1 seek=16 conv=notrunc 2>/dev/null # 200 MiB in memory
# What QEMU has instead of what a realm should find.
sed 's/^#machine //; s/"smc"/"hvc"/; s/"arm,armv8"$/"arm,cortex-a57"/' "$layouts/qemu.tree" >qemu-virt.tree
# The layouts as they are published, but for the place of the kernel: QEMU's own boot loader lies in the first page.
shipped='qemu-rmm1 qemu-2026'
for layout in $shipped; do
	sed 's|^kernel = .*|kernel = ram_base + 2M * (1 - min(text_offset / 4K, 1)) + text_offset|
		s|^tree_file = .*|tree_file = qemu-virt.tree|' "$layouts/$layout.layout" >"$layout.layout"
done

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
		my ($magic, undef, $at) = unpack("N3", $d);
		die "no device tree\n" if $magic != 0xd00dfeed;
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

# The MPIDR counts sixteen processors to a cluster; their names are decimal.
for case in 1:128M 1:512M 1:1280M 2:128M 5:1280M 11:512M 17:512M 123:512M; do
	cpus=${case%:*} memory=${case#*:}
	machine "$cpus" "$memory" -kernel Image -initrd initrd -append 'console=ttyAMA0 quiet' -machine dumpdtb=theirs.dtb \
		>qemu.log 2>&1
	unpadded theirs.dtb >theirs
	for layout in $shipped; do
		"$REALM" tree --layout "$layout.layout" --memory "$memory" --cpus "$cpus" --kernel Image --initrd initrd \
			--cmdline "console=ttyAMA0 quiet" -o ours.dtb || exit 99
		unpadded ours.dtb >ours
		check "$layout, $cpus CPUs, $memory: the device tree" cmp ours theirs
		is "$layout, $cpus CPUs, $memory: and no more than its padding differs" "$(wc -c <ours.dtb)" "$(wc -c <theirs.dtb)"
	done
	rm -f theirs.dtb
done

# loaded: what the boot loader in the first page leaves the kernel with: its entry, then x0 to x3. QEMU writes a few instructions
# (hw/arm/boot.c), of which each kind is known here, and anything else is an error; the loader's own registers are not told.
loaded()
{
	at memory.bin 0 4096 | perl -e '
		local $/; my $d = <STDIN>;
		my %x;
		for (my $at = 0; $at < 4096; $at += 4) {
			my $word = unpack("V", substr($d, $at, 4));
			if (($word & 0xff000000) == 0x58000000) { # ldr xN, LITERAL
				$x{$word & 31} = unpack("Q<", substr($d, $at + (($word >> 5 & 0x7ffff) << 2), 8));
			} elsif (($word & 0xffffffe0) == 0xaa1f03e0) { # mov xN, xzr
				$x{$word & 31} = 0;
			} elsif (($word & 0xfffffc1f) == 0xd61f0000) { # br xN
				printf "0x%x 0x%x 0x%x 0x%x 0x%x\n", map { $_ // die "a register without a value\n" } $x{$word >> 5 & 31}, @x{0 .. 3};
				exit;
			} else {
				die sprintf("an unknown instruction 0x%08x\n", $word);
			}
		}
		die "no end\n"'
}

# in_memory LAYOUT KERNEL MEMORY CPUS: what the log says is measured lies in memory.bin, and nothing else but QEMU's boot loader
in_memory()
{
	what="$1, $2, $3, $4 processors"
	rm -f events
	set -- --layout "$1.layout" --memory "$3" --cpus "$4" --kernel "$2" --initrd initrd --cmdline quiet
	rmm=$(sed -n 's/^rmm = //p' "$2")
	"$REALM" measure "$@" --rmm "$rmm" --hash sha-256 --events events >/dev/null || exit 99
	"$REALM" tree "$@" -o ours.dtb || exit 99
	entered=$(sed -n 's/^rec 1 \(.*\) 0x0 0x0 0x0 0x0 [0-9a-f]*$/\1/p' events)
	is "$what: where the kernel is entered, and x0 to x3" "${entered:-a processor}" "$(loaded 2>&1)"
	wrong='' pages=0
	sed -n 's/^data \(0x[0-9a-f]*\) 1 \([0-9a-f]*\) .*/\1 \2/p' events >pages.txt
	# Each measured page of kernel and ramdisk; the tree is compared below, less its padding.
	tree_at=$(tail -n 256 pages.txt | sed -n '1s/ .*//p')
	while read -r ipa digest; do
		[ $((ipa)) -lt $((tree_at)) ] || break
		found=$(at memory.bin $((ipa - 0x40000000)) 4096 | sha256sum)
		pages=$((pages + 1))
		[ "${found%% *}" = "$digest" ] || wrong="$wrong $ipa"
	done <pages.txt
	is "$what: $pages pages of kernel and ramdisk" '' "$wrong"
	at memory.bin $((tree_at - 0x40000000)) "$(wc -c <ours.dtb)" >theirs.dtb
	unpadded theirs.dtb >theirs
	unpadded ours.dtb >ours
	check "$what: the device tree at $tree_at" cmp ours theirs
	# What is left when all this is taken away is nothing but the first page.
	cp memory.bin left.bin
	perl -e '
		open my $left, "+<", "left.bin" or die;
		for (0x40000000, map { hex((split)[0]) } <STDIN>) {
			seek $left, $_ - 0x40000000, 0;
			print $left "\0" x 4096;
		}' <pages.txt
	is "$what: everything else is zeros" 0 "$(tr -d '\0' <left.bin | wc -c | tr -d ' ')"
}
for case in Image:128M:1 Image:512M:5 Large:768M:17; do
	kernel=${case%%:*} cpus=${case##*:}
	memory=${case#*:} memory=${memory%:*}
	rm -f memory.bin
	printf 'info registers\npmemsave 0x40000000 0x%x memory.bin\nquit\n' $((${memory%M} * 1048576)) >commands
	# shellcheck disable=SC2086
	timeout 120 $QEMU_AARCH64 -machine virt,acpi=off,gic-version=3,dtb-randomness=off -accel tcg -cpu max,pmu=off -smp $cpus \
		-m $memory -nodefaults -display none -kernel $kernel -initrd initrd -append quiet -S -monitor stdio \
		<commands >monitor 2>&1
	check "$kernel, $memory, $cpus processors: pc" grep -q 'PC=0000000040000000' monitor
	for layout in $shipped; do
		in_memory "$layout" "$kernel" "$memory" "$cpus"
	done
done
finish_tap
