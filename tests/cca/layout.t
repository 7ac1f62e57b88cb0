#!/bin/sh
# Layouts: what changes a RIM and what does not, line by line of what is known about it; where things lie; what is refused.
# Environment: REALM the realm command.
# shellcheck disable=SC2016 # sh -c has its own words
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cca/common.sh
. "$here/common.sh"
make_inputs
cp "$layouts"/* .

# of OPTION...: the RIM of one realm, with something else said
of()
{
	rim --layout kvmtool-rmm1.layout --memory 512M --cpus 1 --kernel Image --initrd initrd --hash sha-256 "$@"
}

# edited EXPRESSION: the same under a layout with one edit
edited()
{
	sed "$1" kvmtool-rmm1.layout >edited.layout
	rim --layout edited.layout --memory 512M --cpus 1 --kernel Image --initrd initrd --hash sha-256
}
first=$(of)
differs "there is a RIM" "$first" none
is "the same parts, the same RIM" "$first" "$(of)"

# ---- what is measured ----

cp Image other
patch_byte other 150000 101
# other KERNEL INITRD [OPTION...]
other()
{
	kernel=$1 ramdisk=$2
	shift 2
	rim --layout kvmtool-rmm1.layout --memory 512M --cpus 1 --kernel "$kernel" --initrd "$ramdisk" --hash sha-256 "$@"
}
differs "a byte of the kernel" "$first" "$(other other initrd)"
cp initrd other-initrd
patch_byte other-initrd 69999 101
differs "a byte of the ramdisk" "$first" "$(other Image other-initrd)"
differs "the command line" "$first" "$(other Image initrd --cmdline quiet)"
differs "one character of it" "$(other Image initrd --cmdline quiet)" "$(other Image initrd --cmdline quies)"
"$REALM" tree --layout kvmtool-rmm1.layout --memory 512M --cpus 1 --kernel Image --initrd initrd -o image.dtb
is "the device tree, given" "$first" "$(other Image initrd --tree image.dtb)"
cp image.dtb other.dtb
patch_byte other.dtb 65535 1
differs "a byte behind the device tree" "$first" "$(other Image initrd --tree other.dtb)"
differs "memory size" "$first" "$(rim --layout kvmtool-rmm1.layout --memory 514M --cpus 1 --kernel Image --initrd initrd \
	--hash sha-256)"
differs "number of processors: they stand in the device tree" "$first" "$(rim --layout kvmtool-rmm1.layout --memory 512M \
	--cpus 2 --kernel Image --initrd initrd --hash sha-256)"
differs "the kernel's address" "$first" "$(edited 's/^kernel = .*/kernel = ram_base + 4M/')"
differs "the ramdisk's address" "$first" "$(edited 's/(initrd_size + 4)/(initrd_size + 8192)/')"
differs "the device tree's address" "$first" "$(edited 's/ram_base + 256M/ram_base + 128M/')"
differs "the start of memory" "$first" "$(edited 's/^ram_base = .*/ram_base = 0x40000000/')"
differs "pc" "$first" "$(edited 's/^pc = .*/pc = kernel + 4/')"
i=0
while [ $i -lt 8 ]; do
	if [ $i -eq 0 ]; then
		differs "x0" "$first" "$(edited 's/^x0 = .*/x0 = tree + 1/')"
	else
		differs "x$i" "$first" "$(edited "s/^x0 = .*/&\\nx$i = 1/")"
	fi
	i=$((i + 1))
done
differs "the order of operations" "$first" "$(edited 's/^order = .*/order = data rec ripas/')"
differs "entries of RIPAS" "$first" "$(edited 's/^ripas_block = .*/ripas_block = 4K/')"
differs "rounding, of parts that are not padded" "$first" "$(edited 's/^round = .*/round = 64K/')"
differs "the hash" "$first" "$(rim --layout kvmtool-rmm1.layout --memory 512M --cpus 1 --kernel Image --initrd initrd --hash sha-512)"
differs "flags: LPA2" "$first" "$(of --lpa2)"
differs "flags: SVE" "$first" "$(of --sve-vl 0)"
differs "SVE's vectors" "$(of --sve-vl 0)" "$(of --sve-vl 1)"
differs "flags: PMU" "$first" "$(of --pmu-counters 0)"
differs "counters" "$(of --pmu-counters 0)" "$(of --pmu-counters 1)"
differs "breakpoints" "$first" "$(of --breakpoints 6)"
differs "watchpoints" "$first" "$(of --watchpoints 6)"
differs "bits of the address space" "$first" "$(of --ipa-bits 34)"
new="--layout igvm.layout --memory 512M --cpus 1 --kernel Image --initrd initrd --hash sha-256"
# shellcheck disable=SC2086 # words
differs "the RMM's generation" "$(rim $new --rmm 1.0)" "$(rim $new --rmm 2.0)"
new="--layout kvmtool-2026.layout --memory 512M --cpus 1 --kernel Image --initrd initrd"
sed 's/^ripas_block = .*/ripas_block = 4K/' kvmtool-2026.layout >edited.layout
# shellcheck disable=SC2086
is "RIPAS, under RMM 2.0: not measured" "$(rim $new --rmm 2.0)" \
	"$(rim --layout edited.layout --memory 512M --cpus 1 --kernel Image --initrd initrd --rmm 2.0)"

# ---- what is not ----

trace()
{
	printf '{"schema": "rim-traces/1", "traces": [{"name": "t", "params": {"flags": "0x0", "s2sz": 33, "sve_vl": 0, %s' \
		'"num_bps": 5, "num_wps": 5, "pmu_num_ctrs": 0, "hash_algo": 0}, "ops": ['
	printf '%s]}]}' "$1"
}
gprs='"gprs": ["0x1","0x0","0x0","0x0","0x0","0x0","0x0","0x0"]'
last_of()
{
	trace "$1" >trace.json
	"$REALM" replay trace.json | tail -n 1
}
data='{"op": "data", "ipa": "0x80000000", "flags": 1, "hex": "00"}'
boot="{\"op\": \"rec\", \"flags\": 1, \"pc\": \"0x80000000\", $gprs}"
is "a processor that is not runnable" "$(last_of "$data, $boot")" \
	"$(last_of "$data, $boot, {\"op\": \"rec\", \"flags\": 0, \"pc\": \"0x5\", $gprs}")"
differs "a second one that is runnable" "$(last_of "$data, $boot")" "$(last_of "$data, $boot, $boot")"
is "the content of a page that is not measured" \
	"$(last_of '{"op": "data", "ipa": "0x80000000", "flags": 0, "hex": "00"}')" \
	"$(last_of '{"op": "data", "ipa": "0x80000000", "flags": 0, "hex": "01"}')"
differs "but its address" "$(last_of '{"op": "data", "ipa": "0x80000000", "flags": 0, "hex": "00"}')" \
	"$(last_of '{"op": "data", "ipa": "0x80001000", "flags": 0, "hex": "00"}')"
differs "and that it is there" "$(last_of "$data")" \
	"$(last_of "$data, {\"op\": \"data\", \"ipa\": \"0x80001000\", \"flags\": 0, \"hex\": \"00\"}")"
is "the layout's name" "$first" "$(edited 's/^name = .*/name = other/')"
is "words of the printed command" "$first" \
	"$(edited 's/^command = lkvm run --realm/& --realm-pv mint/')"
check "which was edited" grep -q -e '--realm-pv mint' edited.layout
is "processors beyond the first, which are not runnable, when the device tree stays as it is" "$first" \
	"$(rim --layout kvmtool-rmm1.layout --memory 512M --cpus 4 --kernel Image --initrd initrd --hash sha-256 --tree image.dtb)"

# ---- the same of an image ----

head -c 9000 Image >blob
cp blob other-blob
patch_byte other-blob 8999 101
# image OPTION...: the RIM of an image of these pages under RMM 2.0, and under RMM 1.0 in old
image()
{
	rm -f made.igvm
	"$REALM" build "$@" --pc 0x80000000 --x0 1 -o made.igvm
	old=$(rim made.igvm --rmm 1.0)
	new=$(rim made.igvm --rmm 2.0)
}
pages="--pages 0x80000000=blob --required 0x80000000+0x200000"
# shellcheck disable=SC2086 # words
image $pages
made=$new made_old=$old
image --pages 0x80000000=other-blob --required 0x80000000+0x200000
differs "image: a byte of a page" "$made" "$new"
image --pages 0x80001000=blob --required 0x80000000+0x200000
differs "image: its address" "$made" "$new"
image --unmeasured 0x80000000=blob --required 0x80000000+0x200000
differs "image: whether it is measured" "$made" "$new"
unmeasured=$new
image --unmeasured 0x80000000=other-blob --required 0x80000000+0x200000
is "image: a byte of a page that is not" "$unmeasured" "$new"
# shellcheck disable=SC2086
image $pages --required 0x80200000+0x200000
is "image: memory without pages, under RMM 2.0" "$made" "$new"
differs "image: but under RMM 1.0, where it is RAM from the start" "$made_old" "$old"

# ---- padded parts: every rounding gives the same pages ----

"$REALM" build --layout igvm.layout --kernel Image --initrd initrd --memory 512M --cpus 1 --parts padded -o image.igvm
is "the kernel is padded to 64 KiB" 0 $(($(wc -c <padded/kernel) % 65536))
is "the ramdisk to 4 bytes less" 65532 $(($(wc -c <padded/initrd.cpio) % 65536))
for vmm in kvmtool-rmm1 kvmtool-2026 qemu-rmm1 qemu-2026; do
	sed 's/^round = .*/round = 64K/' $vmm.layout >wide.layout
	sed 's/^round = .*/round = 4K/' $vmm.layout >narrow.layout
	"$REALM" tree --layout $vmm.layout --memory 512M --cpus 1 --kernel padded/kernel --initrd padded/initrd.cpio -o padded.dtb
	is "$vmm: the device tree that is handed over is padded to 64 KiB" 65536 "$(wc -c <padded.dtb | tr -d ' ')"
	rm -f padded.dtb
	padded="--memory 512M --cpus 1 --kernel padded/kernel --initrd padded/initrd.cpio --hash sha-256"
	# shellcheck disable=SC2086
	is "$vmm: 4 KiB and 64 KiB make no difference" "$(rim --layout narrow.layout $padded)" \
		"$(rim --layout wide.layout $padded)"
done

# ---- what the device tree says to dtc ----

# oddities TREE: makes it tree.dts, source for people, and tells what dtc finds odd but for the interrupt controllers that
# kvmtool's tree, as it was published, has without an address in their names.
oddities()
{
	dtc -I dtb -O dts -o tree.dts "$1" 2>warnings || echo "dtc ended with $?" >>warnings
	grep -v 'unit_address_vs_reg): /intc\(/msic\)\{0,1\}: node has a reg or ranges property, but no unit name$' warnings
}
for layout in "$layouts"/*.layout; do
	layout=${layout##*/}
	for case in 1:512M 5:1280M 17:4G; do
		cpus=${case%:*} memory=${case#*:}
		what="${layout%.layout}, $cpus CPUs, $memory"
		"$REALM" tree --layout "$layout" --memory "$memory" --cpus "$cpus" --kernel Image --initrd initrd --cmdline "quiet x" -o tree.dtb
		is "$what: dtc finds nothing odd" '' "$(oddities tree.dtb)"
		is "$what: its source has processors, memory and command line" "$cpus 1 1" \
			"$(grep -c '^		cpu@' tree.dts) $(grep -c '^	memory@' tree.dts) $(grep -c '^		bootargs = "quiet x";$' tree.dts)"
		# What is told from source has numbers where phandles were references, which is all that dtc finds odd then.
		dtc -I dts -O dtb -o again.dtb tree.dts 2>warnings
		is "$what: which compiles" '' "$(grep -v -e ' is not a phandle reference$' -e 'unit_address_vs_reg): /intc' warnings)"
		dtc -q -I dtb -O dtb -o whole.dtb tree.dtb
		check "$what: to the same tree" cmp whole.dtb again.dtb
		case $layout in
		qemu-*) check "$what: bit for bit, less the zeros behind it" cmp -n "$(wc -c <again.dtb)" tree.dtb again.dtb ;;
		esac
	done
done
sed 's/^node psci$/node psci@1/' qemu.tree >odd.tree
sed 's/^tree_file = .*/tree_file = odd.tree/' qemu-2026.layout >odd
"$REALM" tree --layout odd --memory 512M --cpus 1 --kernel Image --initrd initrd -o tree.dtb
is "of an odd one dtc says so" 1 "$(oddities tree.dtb | grep -c '/psci@1: node has a unit name, but no reg')"

# ---- the command line: exactly what init accepts ----

words=$("$tree/kernel/words" "$tree/kernel/cmdline/cca-aarch64")
builtin=$("$tree/kernel/words" "$tree/kernel/cmdline/builtin-cca-aarch64")
accepted=$("$tree/kernel/words" "$tree/kernel/cmdline/builtin-cca-aarch64" "$tree/kernel/cmdline/cca-aarch64")
for layout in "$layouts"/*.layout; do
	layout=${layout##*/}
	rm -f words.dtb
	"$REALM" tree --layout "$layout" --memory 512M --cpus 1 --kernel Image --initrd initrd --cmdline "$words" -o words.dtb
	is "${layout%.layout}: the built-in words, a space, those of the tree" "$accepted" "$builtin $(bootargs words.dtb)"
done

# A processor has the number and the name of its MPIDR, of which KVM counts sixteen to a cluster (QEMU's: qemu.t).
"$REALM" tree --layout kvmtool-rmm1.layout --memory 512M --cpus 18 -o many.dtb
is "kvmtool-rmm1: the last processors of 18" 'cpu@f cpu@100 cpu@101' \
	"$(grep -ao 'cpu@[0-9a-f]*' many.dtb | tail -n 3 | paste -s -d ' ' -)"

# ---- the matrix ----

check "all combinations" sh -c '"$1" measure --layout kvmtool-rmm1.layout --layout kvmtool-2026.layout --layout igvm.layout \
	--layout qemu-rmm1.layout --layout qemu-2026.layout --memory 512M,2G --cpus 1,2,4 --kernel padded/kernel \
	--initrd padded/initrd.cpio --json >all.json' sh "$REALM"
if command -v jq >/dev/null; then
	is "there are 66 of them" 66 "$(jq '.measurements | length' all.json)"
	is "each with its own RIM" 66 "$(jq -r '.measurements[].rim' all.json | sort -u | wc -l | tr -d ' ')"
	is "SHA-384 where it is allowed" 6 "$(jq '[.measurements[] | select(.hash == "sha-384")] | length' all.json)"
else
	skip 'the matrix' 'no jq here'
fi
check "an image's RIM is that of its layout" sh -c '
	a=$("$1" measure --layout igvm.layout --memory 512M --cpus 1 --kernel padded/kernel --initrd padded/initrd.cpio)
	b=$("$1" measure image.igvm --hash sha-256,sha-384,sha-512)
	echo "$a"; echo "$b"
	[ "$(echo "$a" | sed "s/.* //")" = "$(echo "$b" | sed "s/.* //")" ]' sh "$REALM"

# ---- where a realm begins ----

# A host can build what any layout describes, so that a published RIM is worth as much as the realm of the worst layout: each
# begins in the measured kernel, with the measured tree.
for layout in igvm kvmtool-2026 kvmtool-rmm1 qemu-2026 qemu-rmm1; do
	for memory in 512M 2G; do
		set -- --layout $layout.layout --memory $memory --cpus 1 --kernel padded/kernel --initrd padded/initrd.cpio
		rmm=$(sed -n 's/^rmm = \([0-9.]*\).*/\1/p' $layout.layout)
		"$REALM" measure "$@" --rmm "$rmm" --hash sha-256 --events events >/dev/null
		"$REALM" tree "$@" -o began.dtb
		# shellcheck disable=SC2046 # words
		set -- $(sed -n 's/^rec 1 //p' events)
		is "$layout, $memory: pc is the measured kernel's first page" "$(head -c 4096 padded/kernel | sha256sum | cut -d ' ' -f 1)" \
			"$(sed -n "s/^data $1 1 \([0-9a-f]*\) .*/\1/p" events)"
		is "$layout, $memory: x0 is the measured tree's" "$(head -c 4096 began.dtb | sha256sum | cut -d ' ' -f 1)" \
			"$(sed -n "s/^data $2 1 \([0-9a-f]*\) .*/\1/p" events)"
	done
done

# ---- run ----

check "run --print: kvmtool" sh -c '"$1" run --print --layout kvmtool-rmm1.layout --kernel padded/kernel \
	--initrd padded/initrd.cpio --tree image.dtb --memory 512M --cpus 2 --rmm 1.0 --hash sha-256 --cmdline "a b" >run.txt &&
	grep -q "^lkvm run --realm --measurement-algo=sha256 .* -c 2 -m 512M .* -k padded/kernel .* -p '"'a b'"'$" run.txt &&
	grep -q "^# RIM under RMM 1.0: [0-9a-f]\{64\}$" run.txt' sh "$REALM"
for layout in kvmtool-rmm1 qemu-rmm1; do
	fails 2 'REALM-USAGE.*--tree' "run --print: $layout needs the tree's file" "$REALM" run --print --layout $layout.layout \
		--kernel Image --initrd initrd --memory 512M --cpus 1 --rmm 1.0 --hash sha-256
done
"$REALM" tree --layout qemu-rmm1.layout --memory 512M --cpus 1 --kernel Image --initrd initrd -o qemu.dtb
for option in '--ipa-bits 40' --lpa2 '--sve-vl 0' '--pmu-counters 1'; do
	# shellcheck disable=SC2086
	fails 2 'REALM-USAGE.*command line can say' "run --print: no command says $option" "$REALM" run --print --layout qemu-rmm1.layout \
		--kernel Image --initrd initrd --tree qemu.dtb --memory 512M --cpus 1 --rmm 1.0 --hash sha-256 $option
done
# total_size FILE: of a tree, as its header says
total_size() { printf '%d' "0x$(od -An -tx1 -j4 -N4 "$1" | tr -d ' ')"; }
printed()
{
	layout=$1
	shift
	"$REALM" run --print --layout "$layout.layout" --kernel Image --initrd initrd --memory 512M --cpus 1 --rmm 1.0 --hash sha-256 "$@"
}
check "run --print: QEMU is told breakpoints and watchpoints" sh -c 'grep -q "num-breakpoints=6,num-watchpoints=4 " "$1" &&
	! grep -q "^# on a processor" "$1"' sh "$(printed qemu-rmm1 --tree qemu.dtb --breakpoints 6 --watchpoints 4 >run.txt; echo run.txt)"
check "run --print: kvmtool cannot be told, and the processor has to have them" grep -qx '# on a processor with 6 breakpoints and 2 watchpoints' \
	"$(printed kvmtool-rmm1 --tree image.dtb --breakpoints 6 >run.txt; echo run.txt)"
head -c "$(total_size qemu.dtb)" qemu.dtb >short.dtb
fails 2 'REALM-TREE: short.dtb: 65536 bytes expected' "run --print: QEMU loads no zeros behind a tree" printed qemu-rmm1 --tree short.dtb
"$REALM" tree --layout kvmtool-rmm1.layout --memory 512M --cpus 1 --kernel Image --initrd initrd -o image.dtb
head -c "$(total_size image.dtb)" image.dtb >short.dtb
check "run --print: kvmtool does" printed kvmtool-rmm1 --tree short.dtb
check "run --print: QEMU, seeds off" sh -c '"$1" run --print --layout qemu-rmm1.layout --kernel Image --initrd initrd \
	--tree qemu.dtb --memory 512M --cpus 1 --rmm 1.0 --hash sha-512 | grep -q "dtb-randomness=off.*sha512.*-dtb qemu.dtb"' \
	sh "$REALM"

# leads LAYOUT CMDLINE: the printed command hands over the tree that its RIM was told for, and words that are in it
leads()
{
	layout=$1 line=$2
	what="run --print: $layout, '$line'"
	rmm=$(sed -n 's/^rmm = \([0-9.]*\).*/\1/p' "$layout.layout")
	rm -f handed.dtb
	set -- --layout "$layout.layout" --kernel Image --initrd initrd --memory 512M --cpus 2 --rmm "$rmm" --hash sha-256
	told=$(rim "$@" --cmdline "$line")
	"$REALM" tree --layout "$layout.layout" --kernel Image --initrd initrd --memory 512M --cpus 2 --cmdline "$line" -o handed.dtb
	"$REALM" run --print "$@" --cmdline "$line" --tree handed.dtb >run.txt
	eval "set -- $(head -n 1 run.txt)"
	file='' defaults=yes
	while [ $# -gt 0 ]; do
		case $1 in
		-dtb | --dtb) file=${2:-} ;;
		--nodefaults) defaults=no ;;
		-p) is "$what: its words" "$line" "${2:-}" ;;
		esac
		shift
	done
	is "$what: the tree is handed over" handed.dtb "$file"
	is "$what: the words of the tree" "$line" "$(bootargs handed.dtb)"
	is "$what: the RIM" "# RIM under RMM $rmm: $told" "$(tail -n 1 run.txt)"
	case $layout in kvmtool-*) is "$what: kvmtool adds none" no $defaults ;; esac
}
for layout in kvmtool-rmm1 kvmtool-2026 qemu-rmm1 qemu-2026; do
	for line in '' "$words" 'root=/dev/vda a  b'; do
		leads "$layout" "$line"
	done
done

# ---- what is refused ----

# refuses CODE NAME EDIT: a layout with one edit
refuses()
{
	sed "$3" kvmtool-rmm1.layout >bad.layout
	fails 3 "$1" "$2 is refused" "$REALM" measure --layout bad.layout --memory 512M --cpus 1
}
refuses LAYOUT-KEY "an unknown key" 's/^round = .*/&\nseed = 1/'
refuses LAYOUT-KEY "a key twice" 's/^round = .*/&\nround = 4K/'
refuses LAYOUT-KEY "a missing key" '/^round/d'
refuses LAYOUT-SYNTAX "a line without value" 's/^round = .*/round =/'
refuses LAYOUT-SYNTAX "a line without equals sign" 's/^round = .*/round 4K/'
refuses LAYOUT-VALUE "an unknown RMM" 's/^rmm = .*/rmm = 3.0/'
refuses LAYOUT-VALUE "an unknown hash" 's/^hash = .*/hash = sha-1/'
refuses LAYOUT-VALUE "an unknown VMM" 's/^vmm = .*/vmm = crosvm/'
refuses LAYOUT-VALUE "half an order" 's/^order = .*/order = data rec/'
refuses LAYOUT-VALUE "an order with a step twice" 's/^order = .*/order = data data rec/'
refuses LAYOUT-VALUE "a tree of another folder" 's|^tree_file = .*|tree_file = ../kvmtool.tree|'
refuses LAYOUT-VALUE "rounding to what is no power of two" 's/^round = .*/round = 5000/'
refuses LAYOUT-VALUE "too many address bits" 's/^ipa_bits = .*/ipa_bits = 53/'
refuses LAYOUT-EXPRESSION "an unknown name" 's/^kernel = .*/kernel = rom_base/'
refuses LAYOUT-EXPRESSION "an unknown function" 's/^kernel = .*/kernel = floor(1)/'
refuses LAYOUT-EXPRESSION "a negative number" 's/^kernel = .*/kernel = 0 - 1/'
refuses LAYOUT-EXPRESSION "a division by zero" 's|^kernel = .*|kernel = 1 / 0|'
refuses LAYOUT-EXPRESSION "an overflow" 's/^kernel = .*/kernel = 0xffffffffffffffff + 1/'
refuses LAYOUT-EXPRESSION "a number of 65 bits" 's/^kernel = .*/kernel = 18446744073709551616/'
refuses LAYOUT-EXPRESSION "parentheses without end" 's/^kernel = .*/kernel = ((1)/'
refuses LAYOUT-EXPRESSION "two values" 's/^kernel = .*/kernel = 1 2/'
refuses LAYOUT-EXPRESSION "aligning to 3" 's/^kernel = .*/kernel = align_up(1, 3)/'
fails 3 REALM-OVERLAP "parts that share a page are refused" sh -c \
	'sed "s/^initrd = .*/initrd = kernel + 4K/" kvmtool-rmm1.layout >bad.layout
	"$1" measure --layout bad.layout --memory 512M --cpus 1 --kernel Image --initrd initrd' sh "$REALM"
fails 3 REALM-MEMORY "parts that do not fit are refused" "$REALM" measure --layout qemu-rmm1.layout --memory 2M --cpus 1 \
	--kernel Image --initrd initrd
fails 2 REALM-MEMORY "memory that is no multiple of 2 MiB" "$REALM" measure --layout kvmtool-rmm1.layout --memory 3M --cpus 1
fails 2 REALM-CPUS "too many processors" "$REALM" measure --layout kvmtool-rmm1.layout --memory 512M --cpus 124
fails 3 REALM-KERNEL "a kernel that is none" "$REALM" measure --layout kvmtool-rmm1.layout --memory 512M --cpus 1 \
	--kernel initrd
fails 3 TREE-BLOB "a device tree that is none" "$REALM" measure --layout kvmtool-rmm1.layout --memory 512M --cpus 1 \
	--tree initrd
fails 2 REALM-RMM "an RMM that the layout is not for" "$REALM" measure --layout kvmtool-rmm1.layout --memory 512M --cpus 1 \
	--rmm 2.0
for layout in kvmtool-2026 qemu-2026; do
	fails 2 REALM-RMM "$layout: RMM 1.0 would set RIPAS behind data" "$REALM" run --print --layout $layout.layout \
		--kernel Image --initrd initrd --tree qemu.dtb --memory 512M --cpus 1 --rmm 1.0 --hash sha-256
done
fails 2 REALM-HASH "a hash that the layout is not for" "$REALM" measure --layout kvmtool-2026.layout --memory 512M --cpus 1 \
	--hash sha-512

# bad_tree CODE NAME EDIT: a description of a tree with one edit
bad_tree()
{
	mkdir -p trees
	cp kvmtool-rmm1.layout trees/
	sed "$3" kvmtool.tree >trees/kvmtool.tree
	fails 3 "$1" "$2 is refused" "$REALM" measure --layout trees/kvmtool-rmm1.layout --memory 512M --cpus 1
}
bad_tree TREE-SYNTAX "a tree without its last end" '$d'
bad_tree TREE-SYNTAX "an end too many" '$s/.*/end\nend/'
bad_tree TREE-SYNTAX "an unknown line" 's/^empty always-on/void always-on/'
bad_tree TREE-SYNTAX "a condition without end" 's/^fi$//'
bad_tree TREE-SYNTAX "a text without quotes" 's/"pci"/pci/'
bad_tree TREE-VALUE "a cell of 33 bits" 's/1843200/0x100000000/'
bad_tree TREE-NAME "a property's name with a space" 's/^empty always-on/empty "always on/'
bad_tree TREE-SYNTAX "a name that does not end" "s/^node timer/node $(printf '%0230d' 0){0xffffffffffffffff}$(printf '%090d' 0)/"
bad_tree TREE-SIZE "a loop without end" 's/^for i 4$/for i 1000000000/'
bad_tree LAYOUT-EXPRESSION "a name that no layout has" 's/1843200/clock/'
finish_tap
