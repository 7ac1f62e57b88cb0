#!/bin/sh
# CoRIMs against their grammar: what attest publish and attest sign write, and the examples that others wrote, as a validator
# of CDDL reads corim.cddl; and that it would notice. Needs ATTEST (the command).
# shellcheck disable=SC2016 # the inner shells expand
set -u
here=$(cd -- "${0%/*}" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
: "${ATTEST:=/mint/in/bin/attest}"
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP"' EXIT
cd "$TAP_TMP" || exit 4

# conforms FILE [RULE]: whether it is a CoRIM, or that rule of the grammar
conforms()
{
	{
		[ -z "${2:-}" ] || echo "first = $2"
		cat "$here/corim.cddl"
	} >grammar.cddl
	cddl --ci validate --cddl grammar.cddl --cbor "$1" 2>&1
}
for file in cca-realm-min veraison-cca-realm-valid nitro-pcr-example; do
	check "the example $file" conforms "$here/golden/$file.cbor"
done
mkdir -p release/nitro-x86_64 release/cca-aarch64
digit()
{
	printf '%0*d' "$2" 0 | tr 0 "$1"
}
printf '{"Measurements":{"PCR0":"%s","PCR1":"%s","PCR2":"%s"},"PCR16":"%s"}\n' "$(digit 1 96)" "$(digit 2 96)" \
	"$(digit 3 96)" "$(digit 4 96)" >release/nitro-x86_64/measurements.json
printf '{"ImageMeasurements":[{"hash":"sha-256","RIM":"%s"},{"hash":"sha-512","RIM":"%s"}]}\n' "$(digit 5 64)" "$(digit 6 128)" \
	>release/cca-aarch64/measurements.json
touch release/nitro-x86_64/image.eif release/cca-aarch64/image.igvm
check "attest publish" "$ATTEST" publish release
check "of Nitro PCRs" conforms release/nitro-x86_64/reference.cbor
check "of RIMs" conforms release/cca-aarch64/reference.cbor
openssl genpkey -algorithm ed25519 -out key.pem
check "attest sign" "$ATTEST" sign release --key key.pem --signer 'A signer'
for target in nitro-x86_64 cca-aarch64; do
	cose=release/signatures/$target.cose size=$(wc -c <release/$target/reference.cbor)
	check "signed, of $target" conforms $cose
	# Tag and array, the header with its head, nothing, the payload with its head, the signature with its own.
	header=$(($(wc -c <$cose) - 2 - 2 - 1 - 3 - size - 2 - 64))
	tail -c +5 $cose | head -c $header >protected
	check "its header" conforms ./protected protected
	tail -c +$((5 + header + 1 + 3)) $cose | head -c "$size" >payload
	check "its payload is the CoRIM" cmp payload release/$target/reference.cbor
done

# altered NAME EDIT: the smallest example with an edit of its hexadecimal is none
altered()
{
	od -An -v -tx1 "$here/golden/cca-realm-min.cbor" | tr -d ' \n' >before
	sed "$2" before >after
	perl -e 'local $/; print pack "H*", <STDIN>' <after >altered.cbor
	check "no CoRIM: $1" sh -c '! cmp -s before after && ! cddl --ci validate --cddl "$1" --cbor altered.cbor' sh "$here/corim.cddl"
}
altered "another tag" 's/^d901f5/d901f6/'
altered "a tag inside of it" 's/d901fa/d901fb/'
altered "a class that is no bytes" 's/d90230/d90231/'
altered "an algorithm" 's/8182015820/8182025820/'
altered "a key of a measurement" 's/a1028182/a1038182/'
altered "no profile" 's/03d82078/06d82078/'
altered "a byte less" 's/..$//'
finish_tap
