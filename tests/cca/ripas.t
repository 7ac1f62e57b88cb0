#!/bin/sh
# RIPAS under RMM 1.0: one operation for each entry of the translation table, the largest that is aligned, fits and that the
# address space has. The lists of entries are written down here, by hand. Environment: REALM the realm command.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cca/common.sh
. "$here/common.sh"
recompute=$tree/ci/recompute-rim
make_inputs
K4=4096 M2=$((2 << 20)) G1=$((1 << 30)) G512=$((1 << 39))

# entries [BASE COUNT SIZE]...: what RIPAS is awaited, a line for each entry
entries()
{
	while [ $# -gt 0 ]; do
		at=$(($1)) end=$(($1 + $2 * $3))
		while [ $at -lt $end ]; do
			printf 'ripas 0x%x 0x%x\n' $at $((at + $3))
			at=$((at + $3))
		done
		shift 3
	done
}

# awaited NAME [BASE COUNT SIZE]...: these entries and no others are in the file events, and are in the RIM
awaited()
{
	name=$1
	shift
	entries "$@" >expected
	sed -n 's/^\(ripas .*\) .*/\1/p' events >found
	diff expected found >difference 2>&1
	ok $? "$name" difference
}

# parts LAYOUT MEMORY [OPTION...]
parts()
{
	layout=$1 memory=$2
	shift 2
	rm -f events
	"$REALM" measure --layout "$layout" --memory "$memory" --cpus 1 --kernel Image --initrd initrd --rmm 1.0 --hash sha-256 \
		--events events "$@" >/dev/null 2>stderr
}
# Under the layouts of 2026 there is no RMM 1.0.
layout=$layouts/qemu-rmm1.layout
parts "$layout" 512M
awaited "${layout##*/}: 512 MiB" 0x40000000 256 $M2
parts "$layout" 1G
awaited "${layout##*/}: 1 GiB" 0x40000000 1 $G1
parts "$layout" 1026M
awaited "${layout##*/}: 1 GiB and 2 MiB" 0x40000000 1 $G1 0x80000000 1 $M2
parts "$layout" 4G
awaited "${layout##*/}: 4 GiB" 0x40000000 4 $G1
parts "$layout" 1G --ipa-bits 34
awaited "${layout##*/}: 1 GiB, 34 bits" 0x40000000 512 $M2
parts "$layout" 1G --ipa-bits 35
awaited "${layout##*/}: 1 GiB, 35 bits" 0x40000000 1 $G1
layout=$layouts/kvmtool-rmm1.layout
parts "$layout" 4G
awaited "${layout##*/}: 4 GiB, 34 bits" 0x80000000 2048 $M2
parts "$layout" 6146M
awaited "${layout##*/}: 6 GiB and 2 MiB, 35 bits" 0x80000000 6 $G1 0x200000000 1 $M2
parts "$layouts/igvm.layout" 512M
awaited "igvm.layout: 512 MiB" 0x80000000 256 $M2
parts "$layouts/igvm.layout" 4G
awaited "igvm.layout: 4 GiB" 0x80000000 4 $G1
sed 's/^ram_base = .*/ram_base = 512G/' "$layouts/igvm.layout" >high.layout
cp "$layouts"/*.tree .
parts high.layout 512G
awaited "512 GiB, 48 bits" 0x8000000000 1 $G512
parts high.layout 512G --ipa-bits 43
awaited "512 GiB, 43 bits" 0x8000000000 512 $G1
sed 's/^ripas_block = .*/ripas_block = 1G/' high.layout >limited.layout
parts limited.layout 512G
awaited "512 GiB, 1 GiB at most" 0x8000000000 512 $G1
sed 's/^ripas_block = .*/ripas_block = 64K/' high.layout >limited.layout
fails 3 LAYOUT-VALUE "64 KiB, an entry that no table has" "$REALM" measure --layout limited.layout --memory 512G --cpus 1

# ---- images ----

head -c 9000 "$REALM" >blob
# image NAME REQUIRED... [-- OPTION...]: the RIM of an image that requires these pieces; is what ci/recompute-rim says
image()
{
	name=$1
	shift
	required=
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		required="$required --required $1"
		shift
	done
	[ $# -eq 0 ] || shift
	rm -f image.igvm events
	# shellcheck disable=SC2086 # words
	"$REALM" build --pages 0x80000000=blob $required --pc 0x80000000 --x0 0 -o image.igvm
	"$REALM" measure image.igvm --rmm 1.0 --hash sha-256 --events events "$@" >measured 2>stderr
	[ $# -gt 0 ] || is "$name, by ci/recompute-rim" "RIM $(sed 's/.* //' measured)" "$("$recompute" image.igvm 1.0)"
}
image "512 MiB" 0x80000000+512M
awaited "an image of 512 MiB" 0x80000000 256 $M2
image "1 GiB" 0x80000000+1G
awaited "an image of 1 GiB" 0x80000000 1 $G1
image "one piece of 1 GiB and 2 MiB" 0x80000000+1026M
awaited "an image of 1 GiB and 2 MiB" 0x80000000 1 $G1 0xc0000000 1 $M2
image "4 GiB in pieces" 0x80000000+1G 0xc0000000+1G 0x100000000+1G 0x140000000+1G
awaited "an image of 4 GiB" 0x80000000 4 $G1
image "two pieces in one entry" 0x80000000+0x3000 0x80100000+0x1000
awaited "what two pieces share is set once" 0x80000000 1 $M2
image "two pieces that touch" 0x80000000+512M 0xa0000000+512M
awaited "pieces that touch are one range" 0x80000000 1 $G1
image "two pieces that do not" 0x80000000+4M 0x80600000+4M
awaited "pieces that do not touch are two" 0x80000000 2 $M2 0x80600000 2 $M2
image "1 GiB that is not aligned" 0x80000000+0x3000 0x80400000+1G
awaited "1 GiB that is not aligned" 0x80000000 1 $M2 0x80400000 510 $M2 0xc0000000 2 $M2
image "half a GiB that is not whole entries" 0x80000000+0x3000 0xbfffe000+0x5000
awaited "rounded outwards to 2 MiB" 0x80000000 1 $M2 0xbfe00000 2 $M2
image "" 0x80000000+1G -- --ripas-block 2M
awaited "--ripas-block 2M" 0x80000000 512 $M2
image "" 0x80000000+1G -- --ripas-block 1G
awaited "--ripas-block 1G" 0x80000000 1 $G1
image "" 0x80000000+0x3000 0x80100000+0x1000 -- --ripas-block 4K
awaited "--ripas-block 4K: not rounded" 0x80000000 3 $K4 0x80100000 1 $K4
image "" 0x80000000+1G -- --ipa-bits 34
awaited "an image of 1 GiB, 34 bits" 0x80000000 512 $M2
is "34 bits, by ci/recompute-rim" "RIM $(sed 's/.* //' measured)" "$("$recompute" image.igvm 1.0 sha-256 34)"
is "35 bits, by ci/recompute-rim" "RIM $(rim image.igvm --rmm 1.0 --hash sha-256 --ipa-bits 35)" \
	"$("$recompute" image.igvm 1.0 sha-256 35)"
if [ -x "${BUSYBOX:-}" ]; then
	is "with busybox" "RIM $(rim image.igvm --rmm 1.0 --hash sha-256)" "$("$BUSYBOX" sh "$recompute" image.igvm 1.0)"
else
	skip 'with busybox' 'no busybox here'
fi
fails 2 REALM-USAGE "--ripas-block 64K" "$REALM" measure image.igvm --ripas-block 64K
fails 2 REALM-USAGE "--ripas-block and a layout" "$REALM" measure --layout "$layouts/igvm.layout" --memory 1G --cpus 1 \
	--ripas-block 4K
fails 2 REALM-USAGE "--ripas-last and a layout" "$REALM" measure --layout "$layouts/igvm.layout" --memory 1G --cpus 1 \
	--ripas-last

# ---- realm verify knows it ----

"$REALM" measure image.igvm --json >usual.json
ok "$(grep -c ripas usual.json)" "usually measurements say nothing of RIPAS"
for how in '--ripas-last' '--ripas-block 4K' '--ripas-block 2M --ripas-last'; do
	# shellcheck disable=SC2086 # words
	"$REALM" measure image.igvm $how --json >unusual.json
	check "verify takes measurements with $how" "$REALM" verify image.igvm --measurements unusual.json
	sed '/"ripas_/d' unusual.json >bad.json
	fails 1 REALM-RIM "and not without saying so" "$REALM" verify image.igvm --measurements bad.json
done
sed 's/"ripas_block": [0-9]*/"ripas_block": 65536/' unusual.json >bad.json
fails 3 REALM-MEASUREMENTS "entries of 64 KiB are refused" "$REALM" verify image.igvm --measurements bad.json
sed 's/"ripas_last": true/"ripas_last": 1/' unusual.json >bad.json
fails 3 REALM-MEASUREMENTS "last, but not true or false" "$REALM" verify image.igvm --measurements bad.json
finish_tap
