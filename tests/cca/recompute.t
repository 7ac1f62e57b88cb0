#!/bin/sh
# ci/recompute-rim, which shares nothing with the command, comes to the same RIMs. Environment: REALM the realm command.
# shellcheck disable=SC2016 # edits with $
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cca/common.sh
. "$here/common.sh"
recompute=$tree/ci/recompute-rim

is "the worked example" "RIM 38aac3980e022001274368ea503e2cf6c6ee9b475a13c69e76ea70e23ba079c4" \
	"$("$recompute" "$golden/min.igvm")"
is "the worked example under RMM 1.0" "RIM d66b6ac1b3149403b2c4556c0040ad5ea87f36d9a77f7f369ff51dd80f6b46a3" \
	"$("$recompute" "$golden/min.igvm" 1.0)"

# Measured, unmeasured and empty pages, two pieces of memory, all registers.
head -c 9000 "$REALM" >blob
head -c 4096 /dev/zero >empty
"$REALM" build --pages 0x80000000=blob --unmeasured 0x80010000=blob --pages 0x90000000=empty --required 0x80000000+0x200000 \
	--required 0x90000000+0x400000 --pc 0x80000123 --x0 0x11 --x1 0x22 --x2 0x33 --x3 0x44 --x4 0x55 --x5 0x66 --x6 0x77 \
	--x7 0x8877665544332211 -o image.igvm
for rmm in 1.0 2.0; do
	for hash in sha-256 sha-384 sha-512; do
		[ $rmm$hash != 1.0sha-384 ] || continue
		is "RMM $rmm, $hash" "RIM $(rim image.igvm --rmm $rmm --hash $hash --ipa-bits 40 --breakpoints 6 --watchpoints 4)" \
			"$("$recompute" image.igvm $rmm $hash 40 6 4)"
	done
done
if [ -x "${BUSYBOX:-}" ]; then
	is "with busybox" "RIM $(rim image.igvm --rmm 2.0 --hash sha-256)" "$("$BUSYBOX" sh "$recompute" image.igvm)"
else
	skip 'with busybox' 'no busybox here'
fi
fails 3 RECOMPUTE-IGVM "something else than an image" "$recompute" blob
fails 4 FILE-OPEN "an image that is not there" "$recompute" nothing.igvm
fails 2 RECOMPUTE-USAGE "another hash" "$recompute" image.igvm 2.0 sha-1
fails 2 RECOMPUTE-USAGE "another RMM" "$recompute" image.igvm 3.0
fails 2 RECOMPUTE-USAGE "SHA-384 under RMM 1.0" "$recompute" image.igvm 1.0 sha-384
fails 2 RECOMPUTE-USAGE "bits that are no number" "$recompute" image.igvm 1.0 sha-256 many

# ---- operations ----

for how in 1.0:sha-256 1.0:sha-512 2.0:sha-384; do
	rm -f events
	value=$(rim image.igvm --rmm ${how%:*} --hash ${how#*:} --sve-vl 3 --pmu-counters 6 --events events)
	is "operations of an image, $how" "RIM $value" "$("$recompute" --events events ${how%:*})"
done
fails 2 RECOMPUTE-USAGE "operations with SHA-384 under RMM 1.0" "$recompute" --events events 1.0
make_inputs
# parts LAYOUT RMM: operations of a realm, and its device tree
parts()
{
	set -- "$2" --layout "$layouts/$1.layout" --memory 512M --cpus 2 --kernel Image --initrd initrd
	generation=$1
	shift
	rm -f events image.dtb
	value=$(rim "$@" --rmm "$generation" --hash sha-256 --breakpoints 6 --events events)
	"$REALM" tree "$@" -o image.dtb
}
# Where a ramdisk of 70014 bytes and a device tree lie: by hand.
kvmtool="0x80000000=Image $(printf '0x%x' $(((0x8fe00000 - 70014 - 4 + 3) / 4 * 4)))=initrd 0x8fe00000=image.dtb"
qemu="0x40000000=Image 0x48000000=initrd 0x48200000=image.dtb"
# shellcheck disable=SC2086 # lists of words
for how in qemu-rmm1:1.0:41 qemu-2026:2.0:41 kvmtool-2026:2.0:33 kvmtool-rmm1:1.0:33; do
	layout=${how%%:*} rmm=${how#*:}
	parts "$layout" "${rmm%:*}"
	places=$qemu
	[ "${layout%-*}" = qemu ] || places=$kvmtool
	is "operations and parts of $layout" "RIM $value" \
		"$("$recompute" --events events $places "${rmm%:*}" sha-256 "${rmm#*:}" 6 2)"
done
# shellcheck disable=SC2086
if [ -x "${BUSYBOX:-}" ]; then
	is "the same with busybox" "RIM $value" "$("$BUSYBOX" sh "$recompute" --events events $kvmtool 1.0)"
else
	skip 'the same with busybox' 'no busybox here'
fi
cp Image other
patch_byte other 150000 101
# shellcheck disable=SC2086
{
	fails 1 'RECOMPUTE-PAGE: .*0x80024000 of other' "another kernel" "$recompute" --events events \
		"${kvmtool%%=*}=other" ${kvmtool#* } 1.0
	fails 1 'RECOMPUTE-PAGE: .* of zeros' "a page that no part has" "$recompute" --events events ${kvmtool#* } 1.0
	fails 1 'RECOMPUTE-PAGE: .*, found 49 fewer' "a part that is nowhere" "$recompute" --events events \
		$kvmtool 0x90000000=Image 1.0
	fails 1 'RECOMPUTE-DIFFERENT: .*line 1: bits' "other bits of addresses" "$recompute" --events events 1.0 sha-256 40
	fails 1 'RECOMPUTE-DIFFERENT: .*line 1: hash' "another hash than asked for" "$recompute" --events events 1.0 sha-512
	fails 1 'RECOMPUTE-DIFFERENT: .*line 2: RIM' "RIPAS under RMM 2.0" "$recompute" --events events 2.0
}
# altered EXPRESSION CODE NAME: operations with one edit
altered()
{
	sed "$1" events >altered
	fails "${2%% *}" "${2#* }" "$3" "$recompute" --events altered 1.0
}
altered '5s/ 0x80600000 / 0x80800000 /' '1 RECOMPUTE-DIFFERENT: .*line 5: ' "a larger entry"
altered '300s/ 1 ./ 1 x/' '3 RECOMPUTE-EVENTS: .*line 300: ' "a digest that is none"
altered '300d' '1 RECOMPUTE-DIFFERENT: .*line 300: ' "a page less"
altered '1d' '3 RECOMPUTE-EVENTS: .*line 1: ' "no parameters"
altered '$p' '1 RECOMPUTE-DIFFERENT: ' "a processor twice"
altered '$s/^rec 1/rec 0/' '1 RECOMPUTE-DIFFERENT: ' "a processor that does not run"
altered '7s/.*/create $(id)/' '3 RECOMPUTE-EVENTS: .*line 7: ' "something else"
fails 2 RECOMPUTE-USAGE "a part at no address" "$recompute" --events events here=Image
fails 4 FILE-OPEN "a part that is not there" "$recompute" --events events 0x80000000=nothing
finish_tap
