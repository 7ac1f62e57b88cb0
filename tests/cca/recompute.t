#!/bin/sh
# ci/recompute-rim, which shares nothing with the command, comes to the same RIMs. Environment: REALM the realm command.
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
fails 2 RECOMPUTE-USAGE "another hash" "$recompute" image.igvm 2.0 sha-1
fails 2 RECOMPUTE-USAGE "another RMM" "$recompute" image.igvm 3.0
finish_tap
