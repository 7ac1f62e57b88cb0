#!/bin/sh
# The release of a realm, without the hour that its kernel takes: in an out/ of its own the parts that ci/components names are
# small ones, the realm is put together of some of them in the pinned environment, and attest/lay-down makes a release of it, which
# ci/compare-release finds again. Runs on the host.
# shellcheck disable=SC2016 # the inner shells expand
set -u
cd "${0%/*}/.." || exit 4
# shellcheck source=tests/tap.sh
. tests/tap.sh
: "${MINTMARK_OUT:=$PWD/out}"
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP"' EXIT
out=$TAP_TMP/out
realm=$out/hello/cca-aarch64
own=$MINTMARK_OUT
# Environments are checked once.
export MINTMARK_OUT="$out" MINTMARK_RUN="realm.$$"

# What make image RECIPE=hello TARGETS=cca-aarch64 leaves; the kernel begins as one for arm64 does.
mkdir -p "$realm/ramdisk1" "$out/libexec" "$out/parts/cca-aarch64/kernel"
cp "$own/libexec/rootfs" "$own/libexec/realm" "$out/libexec/"
{
	head -c 16 /dev/zero
	printf '\340\223\004\0\0\0\0\0'
	head -c 32 /dev/zero
	printf 'ARM\144'
	head -c 200000 /dev/zero
} >"$out/parts/cca-aarch64/kernel/Image"
echo 7.2.8 >"$out/parts/cca-aarch64/kernel/kernel.release"
cp "$own/hello/nitro-x86_64/initrd.cpio" "$realm/ramdisk1/"
cp "$own/hello/nitro-x86_64/manifest.json" "$own/hello/nitro-x86_64/blobs" "$realm/ramdisk1/"
cp "$own/hello/nitro-x86_64/initrd.cpio" "$out/parts/cca-aarch64/ramdisk0.cpio"
put_together()
{
	set -- image.igvm kernel initrd.cpio image.dtb cmdline measurements.json blobs manifest.json
	for file; do
		shift
		set -- "$@" --out "$file=$realm/$file"
	done
	env/run --name realm-test --in kernel="$out/parts/cca-aarch64/kernel" --in cmdline=kernel/cmdline/cca-aarch64 \
		--in words=kernel/words --in ramdisk0.cpio="$out/parts/cca-aarch64/ramdisk0.cpio" --in ramdisk1="$realm/ramdisk1" \
		--in layouts=cca-image/layouts --in bin/realm="$out/libexec/realm" --in assemble=cca-image/assemble --in rem0=cca-image/rem0 "$@" \
		-- sh /mint/in/assemble hello cca-aarch64 512M 1 no
}
check "a realm is put together of small parts" put_together
ci/components hello cca-aarch64 >"$TAP_TMP/components"
while read -r name path seconds optional; do
	case $path in
	- | *'#'* | *.json) continue ;;
	esac
	: "$seconds$optional"
	mkdir -p "$out/${path%/*}"
	[ -e "$out/$path" ] || echo "$name" >"$out/$path"
done <"$TAP_TMP/components"
# buildinfo.json as far as it tells what came out, and the sums that go with it.
as_built()
{
	ci/components-sums hello cca-aarch64 |
		sed 's,\(.*\)  \(.*\),{"component":"x"\,"path":"\2"\,"size":1\,"sha256":"\1"}\,,' >"$realm/buildinfo.json"
	for file in image.igvm kernel initrd.cpio image.dtb cmdline measurements.json manifest.json buildinfo.json; do
		(cd "$out/hello" && sha256sum "cca-aarch64/$file")
	done >"$out/hello/SHA256SUMS"
}
as_built
printf 'input\trecipe/image.conf\tx\ninput\trecipe/hello.c\tx\n' >"$out/hello/inputs"
cp "$out/hello/inputs" "$realm/ramdisk1/inputs"

release=$TAP_TMP/release
check "attest/lay-down" attest/lay-down "$release" recipes/hello cca-aarch64
check "its SHA256SUMS holds" sh -c 'cd "$1" && sha256sum -c SHA256SUMS' sh "$release"
(cd "$release" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort) >"$TAP_TMP/files"
cat >"$TAP_TMP/expected" <<'END'
SHA256SUMS
cca-aarch64/buildinfo.json
cca-aarch64/cmdline
cca-aarch64/components.sha256
cca-aarch64/image.corim.igvm
cca-aarch64/image.dtb
cca-aarch64/image.igvm
cca-aarch64/initrd.cpio
cca-aarch64/kernel
cca-aarch64/kernel.config
cca-aarch64/manifest.json
cca-aarch64/measurements.json
cca-aarch64/policy.json
cca-aarch64/reference.cbor
cca-aarch64/sbom.cdx.json
cca-aarch64/sbom.spdx.json
cca-aarch64/values.json
pins/busybox.lock
pins/cross-aarch64.lock
pins/cross-aarch64.root.sha256
pins/libtomcrypt.lock
pins/linux-cca.lock
pins/musl.lock
pins/realm.lock
pins/realm.root.sha256
pins/toolchain.lock
pins/toolchain.root.sha256
provenance.json
recipe/hello.c
recipe/image.conf
END
check "it holds what a realm's release does, and nothing else" diff "$TAP_TMP/expected" "$TAP_TMP/files"
rim=$(sed -n 's/^ *"RIM": "\([0-9a-f]*\)".*/\1/p' "$release/cca-aarch64/measurements.json" | head -n 1)
check "its policy names a RIM of its measurements" grep -q "\"RIM\": \"$rim\"" "$release/cca-aarch64/policy.json"
check "the statement names the bills of materials" sh -c 'grep -q "\"name\":\"cca-aarch64/sbom.spdx.json\"" "$1" && grep -q "\"name\":\"cca-aarch64/sbom.cdx.json\"" "$1"' \
	sh "$release/provenance.json"
check "these name the realm's Linux" sh -c 'grep -q "\"linux\"" "$1/sbom.spdx.json" && grep -q "$2" "$1/sbom.spdx.json"' sh \
	"$release/cca-aarch64" "$(awk '/^[0-9a-f]/ { print $1 }' recipes/linux-cca/pins.lock)"
check "and are valid" env/run --name realm-test --root test --in sbom="$release/cca-aarch64" --in tests=tests -- sh -c 'cd /mint/in/sbom &&
	/mint/in/tests/rootfs/valid-sbom spdx sbom.spdx.json && /mint/in/tests/rootfs/valid-sbom cyclonedx sbom.cdx.json'
check "ci/recompute-rim comes to it, too" sh -c '[ "$(ci/recompute-rim "$1" 1.0)" = "RIM $2" ]' sh "$release/cca-aarch64/image.igvm" "$rim"
# in_slot: what the image with its reference values is without them, and these
in_slot()
{
	env/run --name realm-test --in release="$release/cca-aarch64" --in bin/realm="$out/libexec/realm" \
		--out stripped="$TAP_TMP/stripped" --out document="$TAP_TMP/document" -- sh -c '
			/mint/in/bin/realm strip /mint/in/release/image.corim.igvm -o /mint/out/stripped &&
				/mint/in/bin/realm extract /mint/in/release/image.corim.igvm extracted && cp extracted/document.corim /mint/out/document'
}
check "image.corim.igvm can be taken apart" in_slot
check "without what is in its slot it is image.igvm" cmp "$TAP_TMP/stripped" "$release/cca-aarch64/image.igvm"
check "which is the release's CoRIM" cmp "$TAP_TMP/document" "$release/cca-aarch64/reference.cbor"
check "and image.igvm is as built" cmp "$release/cca-aarch64/image.igvm" "$realm/image.igvm"
check "ci/compare-release: what was rebuilt is the same" ci/compare-release "$release" "$out" recipes/hello
# The release before: the same, but for its RIMs.
older=$TAP_TMP/older
cp -R "$release" "$older"
sed 's/"RIM": "......../"RIM": "00000000/' "$release/cca-aarch64/measurements.json" >"$older/cca-aarch64/measurements.json"
sed 's/"RIM": "......../"RIM": "00000000/' "$release/cca-aarch64/policy.json" >"$older/cca-aarch64/policy.json"
(cd "$older" && sha256sum cca-aarch64/measurements.json >SHA256SUMS)
check "attest/lay-down with PREVIOUS" env PREVIOUS="$older" attest/lay-down "$TAP_TMP/newer" recipes/hello cca-aarch64
(cd "$TAP_TMP/newer" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort) >"$TAP_TMP/files"
printf 'cca-aarch64/%s\n' policy-rollover.json previous.json | LC_ALL=C sort - "$TAP_TMP/expected" >"$TAP_TMP/expected.more"
check "has a roll-over policy, and none of AWS" diff "$TAP_TMP/expected.more" "$TAP_TMP/files"
check "previous.json is the older policy" cmp "$older/cca-aarch64/policy.json" "$TAP_TMP/newer/cca-aarch64/previous.json"
either()
{
	env/run --name realm-test --root test --in older="$older/cca-aarch64" --in newer="$TAP_TMP/newer/cca-aarch64" --in bin/attest="$own/libexec/attest" -- sh -c '
		cd /mint/in && bin/attest policy --for generic --reference older/measurements.json --reference newer/measurements.json >/mint/work/policy &&
			[ "$(jq -S . /mint/work/policy)" = "$(jq -S . newer/policy-rollover.json)" ]'
}
check "which takes the RIMs of either" either
check "ci/compare-release makes it again" ci/compare-release "$TAP_TMP/newer" "$out" recipes/hello
cp "$TAP_TMP/tap.log" "$TAP_TMP/said"
check "and shows the sum of the older policy" grep -q "^  previous policy.json of cca-aarch64  *$(sha256sum <"$older/cca-aarch64/policy.json" |
	cut -d ' ' -f 1)\$" "$TAP_TMP/said"
check "which nothing was compared with" grep -q 'roll-over policies: not compared with a release (PREVIOUS=)' "$TAP_TMP/said"
sed -i 's/"RIM": "00000000/"RIM": "00000001/' "$TAP_TMP/newer/cca-aarch64/previous.json"
fails 1 'AUDIT-DIFFERENT: cca-aarch64/policy-rollover.json' "another older release is not" ci/compare-release "$TAP_TMP/newer" "$out" recipes/hello
fails 1 'AUDIT-DIFFERENT: cca-aarch64/previous.json' "nor with PREVIOUS" env PREVIOUS="$older" ci/compare-release "$TAP_TMP/newer" "$out" recipes/hello
check "attest/lay-down for AUTHORITY" env AUTHORITY=images.example.org attest/lay-down "$TAP_TMP/theirs" recipes/hello cca-aarch64
check "names it in the provenance" grep -q '"buildType":"tag:images.example.org,2026:image#1"' "$TAP_TMP/theirs/provenance.json"
check "which an auditor without it, or with another, comes to, too" sh -c 'ci/compare-release "$1" "$2" recipes/hello &&
	AUTHORITY=else.example ci/compare-release "$1" "$2" recipes/hello' sh "$TAP_TMP/theirs" "$out"
sed 's/tag:images.example.org,2026:builder/tag:else.example.org,2026:builder/' "$TAP_TMP/theirs/provenance.json" >"$TAP_TMP/kept"
cp "$TAP_TMP/kept" "$TAP_TMP/theirs/provenance.json"
fails 1 'AUDIT-DIFFERENT: provenance.json' "two of them are not the same" ci/compare-release "$TAP_TMP/theirs" "$out" recipes/hello
sed 's/tag:images.example.org,/tag:$(touch ran),/' "$TAP_TMP/theirs/provenance.json" >"$TAP_TMP/kept"
cp "$TAP_TMP/kept" "$TAP_TMP/theirs/provenance.json"
fails 1 'AUDIT-DIFFERENT: provenance.json' "what is no domain is not taken" ci/compare-release "$TAP_TMP/theirs" "$out" recipes/hello
fails 2 'PUBLISH-SIGNER: ' "a release that nobody signs" env KEY=key.pem SIGNER= attest/publish recipes/hello cca-aarch64
cp "$release/cca-aarch64/kernel" "$TAP_TMP/kept"
printf X | dd of="$release/cca-aarch64/kernel" bs=1 seek=100000 conv=notrunc 2>/dev/null
fails 1 'AUDIT-DIFFERENT: cca-aarch64/kernel' "another kernel is not" ci/compare-release "$release" "$out" recipes/hello
cp "$TAP_TMP/kept" "$release/cca-aarch64/kernel"
attached=$release/cca-aarch64/image.corim.igvm
cp "$attached" "$TAP_TMP/kept"
for at in 100000 $(($(wc -c <"$attached") - 1)); do
	printf X | dd of="$attached" bs=1 seek="$at" conv=notrunc 2>/dev/null
	fails 1 'AUDIT-DIFFERENT: cca-aarch64/image.corim.igvm' "nor an image with its CoRIM, another at $at" ci/compare-release "$release" "$out" recipes/hello
	cp "$TAP_TMP/kept" "$attached"
done
rm "$attached"
fails 1 'AUDIT-DIFFERENT: cca-aarch64/image.corim.igvm' "nor a release without it" ci/compare-release "$release" "$out" recipes/hello
cp "$TAP_TMP/kept" "$attached"
sed -i 's/"RIM": "./"RIM": "g/' "$release/cca-aarch64/measurements.json"
fails 1 'AUDIT-DIFFERENT: cca-aarch64/measurements.json' "nor another RIM" ci/compare-release "$release" "$out" recipes/hello
printf X | dd of="$realm/image.igvm" bs=1 seek=100000 conv=notrunc 2>/dev/null
fails 1 'PUBLISH-STALE' "an image that was changed afterwards is not laid down" attest/lay-down "$TAP_TMP/never" recipes/hello cca-aarch64
finish_tap
