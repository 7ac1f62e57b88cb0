#!/bin/sh
# A realm from end to end: a small one is put together as make image does it, its RIMs are published in every form, and a
# token that shows one of them is taken, while that of a realm whose kernel differs in one byte is refused.
# Needs ATTEST, REALM, ROOTFS (the commands) and MKEVIDENCE (of mkevidence.c).
# shellcheck disable=SC2016 # the inner shells expand
attest_tests=$(cd -- "${0%/*}" && pwd)
here=$attest_tests/../cca
# shellcheck source=tests/cca/common.sh
. "$here/common.sh"
export ATTEST
: "${ATTEST:=/mint/in/bin/attest}" "${MKEVIDENCE:=/mint/in/mkevidence}" "${ROOTFS:=/mint/in/bin/rootfs}"
nonce=$(printf '%032d' 0 | tr 0 5)

# put_together FOLDER: what cca-image/image.mk has put together, of a kernel in the current folder
put_together()
{
	mkdir -p in/kernel in/ramdisk1 in/bin "$1"
	cp Image in/kernel/
	echo 7.2.8 >in/kernel/kernel.release
	cp "$tree/kernel/words" "$tree/cca-image/rem0" in/
	cp "$tree/kernel/cmdline/cca-aarch64" in/cmdline
	cp -R "$layouts" in/
	ln -sf "$REALM" in/bin/realm
	"$ROOTFS" pack "dir:$tree/recipes/hello" -o in/ramdisk1/initrd.cpio --manifest in/ramdisk1/manifest.json
	: >in/ramdisk1/blobs
	cp in/ramdisk1/initrd.cpio in/ramdisk0.cpio
	sed "s,^in=.*,in=$work/in,; s,^out=.*,out=$work/$1," "$tree/cca-image/assemble" >assemble
	rm -rf parts
	sh assemble hello cca-aarch64 512M,1G 1,2 no
}
make_inputs
check "a small realm" put_together release/cca-aarch64
measured=release/cca-aarch64/measurements.json
reference=release/cca-aarch64/reference.cbor
jq -r '(.ImageMeasurements + .PartsMeasurements)[].RIM' $measured | sort -u >rims
is "has a RIM for its image under each RMM, and for its parts under each layout, memory and number of processors" 26 "$(wc -l <rims)"
check "attest publish" "$ATTEST" publish release
# wrong: what its schema says of the document in standard input
wrong()
{
	jq -r --slurpfile schema "$tree/docs/realm-measurements.schema.json" -f "$attest_tests/../schema.jq"
}
# says_nothing FILE
says_nothing()
{
	wrong <"$1" >said && cat said && [ ! -s said ]
}
check "measurements.json is what its schema says" says_nothing $measured
check "that of hello, too" says_nothing "$tree/recipes/hello/expected/cca-aarch64.measurements.json"
is "hello's tree is that of its enclave for the same processor" "$(jq -r .TreeDigest "$tree/recipes/hello/expected/nitro-aarch64.measurements.json")" \
	"$(jq -r .TreeDigest "$tree/recipes/hello/expected/cca-aarch64.measurements.json")"
# One of each list has every member that there is.
jq -c '.ImageMeasurements |= .[:1] | .PartsMeasurements |= .[:1]' $measured >few.json
jq -c '. as $all | paths | . as $path | $all | getpath($path[:-1]) | select(type == "object") | $all | delpaths([$path]) | select(has("REM0"))' few.json >without
jq -c '. as $all | (paths(type == "object"), []) | . as $path | $all | setpath($path + ["Odd"]; 1)' few.json >with
jq -c '.REM0["sha-256"] = .REM0["sha-384"], .PartsMeasurements[0].hash = "sha-512", .PartsMeasurements[0].params.hash_algo = 1,
	.ImageMeasurements[0].RIM = (.ImageMeasurements[0].RIM | ascii_upcase), .PartsMeasurements[0].vmm = "igvm"' few.json >odd
cat without with odd | while read -r document; do
	printf '%s\n' "$document" | wrong >said
	[ -s said ] || printf '%s\n' "$document"
done >taken
is "the schema refuses it without any of its members, with another, with values of other kinds: as many" "49 9 5" \
	"$(wc -l <without) $(wc -l <with) $(wc -l <odd)"
check "and takes none of these" sh -c 'cat taken && [ ! -s taken ]'
"$ATTEST" policy --for generic --reference $reference | jq -r '.AnyOf[].Measurements.RIM' | sort >found
check "the CoRIM has exactly these" cmp rims found
jq -r '.AnyOf[] | select(.Platform == "arm-cca") | .Measurements.RIM' release/cca-aarch64/policy.json | sort >found
check "so has the policy" cmp rims found
check "which speaks of no PCR" sh -c '! grep PCR release/cca-aarch64/policy.json && ! "$ATTEST" policy --for generic --reference "$1" 2>&1 | grep PCR' \
	sh $reference
is "values.json has them with their conditions" \
	"$(jq -S -c '[.REM0 as $first | (.ImageMeasurements + .PartsMeasurements)[] | .REM0 = $first[.hash]]' $measured)" \
	"$(jq -S -c '[.RIMs[] | .RIM = .RIM.hex | .REM0 = .REM0.hex]' release/cca-aarch64/values.json)"
# registers JQ FILE: what it says of RIM and REM0, as sorted lines of JSON
registers()
{
	jq -c "$1 | {RIM, REM0}" "$2" | sort -u
}
registers '.REM0 as $first | (.ImageMeasurements + .PartsMeasurements)[] | .REM0 = $first[.hash]' $measured >named
registers '.RIMs[] | .RIM |= .hex | .REM0 |= .hex' release/cca-aarch64/values.json >found
check "registers have the names of evidence in measurements.json, values.json" cmp named found
registers '.AnyOf[].Measurements' release/cca-aarch64/policy.json >found
check "and policy.json" cmp named found
jq -r '.RIMs[].RIM.base64' release/cca-aarch64/values.json | while read -r text; do
	echo "$text" | base64 -d | od -An -v -tx1 | tr -d ' \n'
	echo
done | sort -u >found
check "and in base64" cmp rims found
is "the statement is about the image and the parts" 'cmdline image.dtb image.igvm initrd.cpio kernel' \
	"$(jq -r '.subject[].name' release/provenance.json | sed 's,.*/,,' | sort | tr '\n' ' ' | sed 's/ $//')"
{
	jq -r '.subject[] | "\(.digest.sha256)  \(.name)"' release/provenance.json
	jq -r '.predicate.runDetails.byproducts[] | "\(.digest.sha256)  \(.name)"' release/provenance.json
} >sums
check "by their digests" sh -c 'cd release && sha256sum -c ../sums'
check "its CoRIM has the grammar of one" cddl --ci validate --cddl "$attest_tests/corim.cddl" --cbor $reference
check "realm verify comes to the RIMs of the image" "$REALM" verify release/cca-aarch64/image.igvm --measurements $measured
jq '.ImageMeasurements[0].RIM = .ImageMeasurements[1].RIM' $measured >bad.json
fails 1 'REALM-RIM: ' "and to no others" "$REALM" verify release/cca-aarch64/image.igvm --measurements bad.json
mkdir again
cp -R release/cca-aarch64 again/
rm again/cca-aarch64/reference.cbor
"$ATTEST" publish again
check "published again: the same bits" diff -r release again
"$REALM" attach release/cca-aarch64/image.igvm --corim $reference -o attached.igvm
is "with the CoRIM in the image's slot the RIMs are the same" "$("$REALM" measure release/cca-aarch64/image.igvm)" \
	"$("$REALM" measure attached.igvm)"

mkdir -p mixed/both
printf '{"AnyOf":[{"Measurements":{"PCR0":"%096d","PCR1":"%096d","PCR2":"%096d"},"Platform":"aws-nitro"},%s]}' 1 2 3 \
	"$(jq -c '.AnyOf[0]' release/cca-aarch64/policy.json)" >mixed/both/measurements.json
mkdir -p short/t
printf '{"RIM":"%064d","RPV":"%096d"}' 1 2 >short/t/measurements.json
fails 3 'ATTEST-REFERENCE: .*RPV: 64 bytes' "an RPV of 48 bytes, which no realm has" "$ATTEST" publish short
fails 3 'ATTEST-RELEASE: .*one platform' "an enclave and a realm in one folder" "$ATTEST" publish mixed

# Tokens.
# token RIM [REM0]: a token that shows it, and the first REM of no launch configuration unless it is given
token()
{
	"$MKEVIDENCE" . "$nonce" "$1" "${2:-$none_given}"
}
none_given=$("$tree/cca-image/rem0" sha-256)
verify()
{
	"$ATTEST" verify --evidence token --nonce "$nonce" --platform-key platform.pub "$@"
}
# rim_of MEASUREMENTS: under kvmtool's first layout
rim_of()
{
	jq -r '.PartsMeasurements[] | select(.layout == "kvmtool-rmm1" and .hash == "sha-256" and .cpus == 2 and .memory == 1073741824).RIM' "$1"
}
token "$(rim_of $measured)"
check "its token, by the CoRIM" verify --reference $reference
check "its token, by measurements.json" verify --reference $measured
check "its token, by values.json" verify --reference release/cca-aarch64/values.json
check "its token, by policy.json" verify --reference release/cca-aarch64/policy.json
for one in '.PartsMeasurements[] | select(.layout == "kvmtool-rmm1" and .hash == "sha-256" and .cpus == 2 and .memory == 1073741824)' \
	'.PartsMeasurements[] | select(.layout == "qemu-rmm1" and .hash == "sha-256" and .cpus == 1)'; do
	jq "first($one)" $measured >one.json
	case $one in
	*kvmtool*) check "its token, by the one of these conditions alone" verify --reference one.json ;;
	*) fails 1 'ATTEST-RIM: RIM: ' "but not by one of others" verify --reference one.json ;;
	esac
done
token "$(rim_of $measured)" "$(printf '%064d' 7)"
for file in measurements.json values.json policy.json reference.cbor; do
	fails 1 'ATTEST-REM: REM0: ' "another launch configuration, by $file" verify --reference release/cca-aarch64/$file
done
token "$(rim_of $measured)"
cp Image Image.first
patch_byte Image 150000 101
is "another kernel: one byte of it" 1 "$(cmp -l Image Image.first | wc -l)"
check "another realm" put_together other/cca-aarch64
token "$(rim_of other/cca-aarch64/measurements.json)"
fails 1 'ATTEST-RIM: RIM: ' "is refused by the CoRIM" verify --reference $reference
fails 1 'ATTEST-RIM: RIM: ' "is refused by measurements.json" verify --reference $measured
check "or taken, where it is another that will do" verify --reference $measured --reference other/cca-aarch64/measurements.json
token "$(rim_of $measured)"
openssl genpkey -algorithm ed25519 -out key.pem
"$ATTEST" sign release --key key.pem --signer test
check "its token, by the signed CoRIM" verify --reference release/signatures/cca-aarch64.cose

# Of as many layouts, sizes and RMMs as make publish has: one of the last RIMs.
mkdir -p full/cca-aarch64
cp "$tree/recipes/hello/expected/cca-aarch64.measurements.json" full/cca-aarch64/measurements.json
echo image >full/cca-aarch64/image.igvm
check "attest publish: hello's own measurements" "$ATTEST" publish full
check "attest sign: these" "$ATTEST" sign full --key key.pem --signer test
jq -r '(.ImageMeasurements + .PartsMeasurements)[].RIM' full/cca-aarch64/measurements.json | sort -u >all
check "are more RIMs than 64" [ "$(wc -l <all)" -gt 64 ]
for file in cca-aarch64/reference.cbor cca-aarch64/values.json cca-aarch64/policy.json signatures/cca-aarch64.cose; do
	"$ATTEST" policy --for generic --reference full/$file | jq -r '.AnyOf[].Measurements.RIM' | sort -u >found
	check "$file has all of them" cmp all found
done

# The log, which has the RIMs and the first REM of each.
(cd release && find . -type f ! -name SHA256SUMS ! -path './signatures/*' | sed "s,^./,," | sort | xargs sha256sum >../sums && mv ../sums SHA256SUMS)
key=$("$ATTEST" log key --key key.pem --origin example.org/log)
keep()
{
	"$ATTEST" log append --log log --key key.pem --origin example.org/log "$@"
}
check "a realm's release in a log" keep --release release --version 1
check "is found by its token" verify --reference $reference --log log --log-key "$key"
token "$(rim_of other/cca-aarch64/measurements.json)"
fails 1 'ATTEST-LOG-MISSING' "another is not" verify --reference other/cca-aarch64/measurements.json --log log --log-key "$key"
"$ATTEST" log check --log log --log-key "$key" --json >entries.json
jq -c '.. | objects | select(has("RIM")) | {RIM, REM0}' entries.json | sort -u >found
check "its entry has the registers by the same names" cmp named found
token "$(rim_of $measured)" "$(printf '%064d' 7)"
jq 'del(.REM0)' $measured >loose.json
fails 1 'ATTEST-LOG-MISSING' "nor is another launch configuration" verify --reference loose.json --log log --log-key "$key"
keep --withdraw 0 --reason 'a hole'
token "$(rim_of $measured)"
fails 1 'ATTEST-LOG-WITHDRAWN: .*a hole' "once withdrawn" verify --reference $reference --log log --log-key "$key"

# What is no realm's measurements.json.
# refused REGEX NAME JQ: with such an edit
refused()
{
	jq "$3" $measured >bad.json
	fails 3 "ATTEST-REFERENCE: bad.json: $1" "refused: $2" verify --reference bad.json
}
refused 'hash: ' "a hash of another size than the RIM" '.PartsMeasurements[3].hash = "sha-512"'
refused 'hash: ' "no hash" 'del(.ImageMeasurements[0].hash)'
refused 'RIM: ' "no RIM" 'del(.PartsMeasurements[0].RIM)'
refused 'RIM: ' "a RIM that is short" '.PartsMeasurements[0].RIM |= .[2:]'
refused 'a RIM that is not zero' "a RIM of zeros" '.PartsMeasurements[0].RIM |= gsub("."; "0")'
refused 'PartsMeasurements: a list' "no list" '.PartsMeasurements = {}'
refused 'ImageMeasurements: a RIM' "no RIM at all" '.PartsMeasurements = [] | .ImageMeasurements = []'
refused 'REM0: one digest' "a first REM of one hash alone" 'del(.REM0["sha-512"])'
refused 'REM0: one digest' "a first REM that stands in two places" '.REM0["sha-256"] as $rem | .PartsMeasurements[0].REM0 = $rem'
refused 'REM1: no register' "a register beside the lists" '.REM1 = .REM0["sha-256"]'
refused 'RIM: no register' "a RIM beside the lists" '.RIM = .PartsMeasurements[0].RIM'
refused 'PCR0: no register' "a PCR beside the lists" '.PCR0 = .PartsMeasurements[0].RIM'
refused 'rim: PCR0 to PCR31, RIM' "a register by another name" '.PartsMeasurements[0].rim = .PartsMeasurements[0].RIM'
refused 'Measurements: ' "an enclave's beside it" '.Measurements = {"PCR0": "00"}'
finish_tap
