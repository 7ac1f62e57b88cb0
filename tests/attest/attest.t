#!/bin/sh
# The attest command as people use it: evidence against what make publish would publish, AWS's own document from debug
# mode, TF-RMM's golden token, signatures that openssl and cosign verify with the commands of docs/attest.md, a token's keys,
# the log, and a log whose keeper is killed.
# Needs ATTEST (the command) and MKEVIDENCE (of mkevidence.c).
# shellcheck disable=SC2016,SC2094,SC2119,SC2120 # the inner shells expand; words are no files; functions without words
set -u
. "${0%/*}/../tap.sh"
: "${ATTEST:=/mint/in/bin/attest}" "${MKEVIDENCE:=/mint/in/mkevidence}"
here=$(cd -- "${0%/*}" && pwd)
golden=$here/golden
: "${DOCS:=/mint/in/tree/docs/attest.md}"
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP"' EXIT
cd "$TAP_TMP" || exit 4
export ATTEST MKEVIDENCE DOCS

# hex BYTE COUNT
hex()
{
	i=0
	while [ $i -lt "$2" ]; do
		printf %s "$1"
		i=$((i + 1))
	done
}
p0=$(hex a1 48) p1=$(hex b2 48) p2=$(hex c3 48) nonce=$(hex 5e 16)
mkdir -p release/nitro-x86_64 release/pins e
# measurements PCR0: as eif describe --json has them.
measurements()
{
	printf '{"Recipe":"hello","Target":"nitro-x86_64","Measurements":{"HashAlgorithm":"Sha384 { ... }","PCR0":"%s","PCR1":"%s","PCR2":"%s"}}\n' \
		"$1" "$p1" "$p2"
}
measurements "$p0" >release/nitro-x86_64/measurements.json
echo image >release/nitro-x86_64/image.eif
for file in manifest buildinfo sbom.spdx sbom.cdx; do
	echo "{\"of\":\"$file\"}" >release/nitro-x86_64/$file.json
done
echo "$(hex ab 32) 12 pool/main/l/linux/linux_1.orig.tar.xz" >release/pins/linux.lock
"$MKEVIDENCE" e "$nonce" "$p0" "$p1" "$p2" || exit 4

# What is published.
check "publish" "$ATTEST" publish release
cp -R release again
rm again/nitro-x86_64/reference.cbor again/provenance.json
check "publish again, elsewhere" "$ATTEST" publish again
check "gives the same bits" diff -r release again
fails 2 'ATTEST-USAGE: .*a domain' "an authority that is none" "$ATTEST" publish again --authority 'a b'
mkdir empty
fails 3 'ATTEST-RELEASE' "a folder without measurements" "$ATTEST" publish empty
mkdir -p several/t
jq -c '{AnyOf: [.AnyOf[0], .AnyOf[0]]}' release/nitro-x86_64/policy.json >several/t/measurements.json
fails 3 'ATTEST-RELEASE: .*those of several' "measurements of several images" "$ATTEST" publish several
cp release/nitro-x86_64/reference.cbor several/t/measurements.json
fails 3 'ATTEST-RELEASE: .*no JSON' "a CoRIM as measurements" "$ATTEST" publish several
(cd release && find . -type f ! -name SHA256SUMS | sed "s,^./,," | LC_ALL=C sort | xargs sha256sum) >sums && mv sums release/SHA256SUMS
for file in manifest.json buildinfo.json measurements.json reference.cbor sbom.spdx.json sbom.cdx.json; do
	check "the statement names $file by its digest" grep -q "{\"digest\":{\"sha256\":\"$(sha256sum <release/nitro-x86_64/$file |
		cut -c 1-64)\"},\"mediaType\":\"application/[a-z.+]*\",\"name\":\"nitro-x86_64/$file\"}" release/provenance.json
done
check "as an outsider: the three commands of docs/attest.md" sh "$here/outsider" release
cp "$TAP_TMP/tap.log" said
check "end in \"Verified\"" sh -c 'tail -n 1 said | grep -qx Verified'
cp -R release altered
measurements "$(hex a2 48)" >altered/nitro-x86_64/measurements.json
fails 1 'nitro-x86_64/measurements.json: FAILED|did NOT match' "a release that was altered" sh "$here/outsider" altered
cp release/nitro-x86_64/measurements.json altered/nitro-x86_64/
"$ATTEST" publish altered
measurements "$(hex a2 48)" >altered/nitro-x86_64/measurements.json
(cd altered && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >../sums && mv ../sums SHA256SUMS)
fails 1 'ATTEST-PCR: PCR0: a1a1.* expected, found a2a2' "an enclave of another image than the release's" sh "$here/outsider" altered

# Evidence.
verify()
{
	"$ATTEST" verify --root e/root.pem --nonce "$nonce" "$@"
}
for reference in measurements.json reference.cbor values.json policy.json; do
	check "a good document, by $reference" verify --evidence e/document --reference release/nitro-x86_64/$reference
done
base64 e/document >e/text
check "in base64" verify --evidence e/text --reference release/nitro-x86_64/reference.cbor
verify --evidence e/document --reference release/nitro-x86_64/reference.cbor --json >report.json
check "its user data is printed" grep -q '"UserData": "68656c6c6f"' report.json
measurements "$(hex a2 48)" >other.json
fails 1 'ATTEST-PCR: PCR0: a2a2.* expected, found a1a1' "another image" verify --evidence e/document --reference other.json
mkdir other
cp -R release other/release
cp other.json other/release/nitro-x86_64/measurements.json
"$ATTEST" publish other/release
for reference in reference.cbor values.json policy.json; do
	fails 1 'ATTEST-PCR: PCR0: a2a2.* expected, found a1a1' "another image, by $reference" verify --evidence e/document \
		--reference other/release/nitro-x86_64/$reference
done
# no_reference NAME FILE EDIT: of the release
no_reference()
{
	sed "$3" "release/nitro-x86_64/$2" >no.json
	check "no reference: $1: it was altered" sh -c '! cmp -s "$1" no.json' sh "release/nitro-x86_64/$2"
	fails 3 'ATTEST-REFERENCE: no.json: ' "no reference: $1" verify --evidence e/document --reference no.json
}
no_reference "values that differ in hexadecimal and base64" values.json '0,/"hex": "a1/s//"hex": "a2/'
no_reference "a value without base64" values.json '/base64/d; s/"hex": \(.*\),/"hex": \1/'
no_reference "a policy without an image" policy.json '/AnyOf/,/^  \]/c "AnyOf": []'
no_reference "a policy for another platform" policy.json 's/aws-nitro/arm-cca/'
check "or either of two" verify --evidence e/document --reference other.json --reference release/nitro-x86_64/reference.cbor
sed "s/^{/{\"PCR16\":\"$(hex d4 48)\",/" release/nitro-x86_64/measurements.json >launch.json
fails 1 'ATTEST-PCR: PCR16: d4d4.* expected, found' "another launch configuration" verify --evidence e/document --reference launch.json
fails 1 'ATTEST-NONCE' "a replayed document" "$ATTEST" verify --root e/root.pem --nonce 00 --evidence e/document --reference other.json
fails 1 'ATTEST-ROOT: .*641a0321a3e2' "without the test root, AWS's" "$ATTEST" verify --nonce "$nonce" --evidence e/document --reference other.json
fails 1 'ATTEST-CERTIFICATE-EXPIRED' "tomorrow" verify --at 2099-01-01T00:00:00Z --evidence e/document --reference other.json
fails 1 'ATTEST-UNSIGNED' "an emulator's" verify --evidence e/emulator --reference release/nitro-x86_64/reference.cbor
check "an emulator's, if one wants that" verify --accept-unsigned-emulator-documents --evidence e/emulator --reference release/nitro-x86_64/reference.cbor
cp "$TAP_TMP/tap.log" said
check "and that is said" grep -q 'warning: nobody signed this document' said
fails 2 'ATTEST-USAGE: .*--nonce or --accept-replay' "neither nonce nor --accept-replay" "$ATTEST" verify --evidence e/document --reference other.json
fails 2 'ATTEST-USAGE: .*--reference' "no reference" verify --evidence e/document
fails 4 'FILE-OPEN' "no evidence" verify --evidence none --reference other.json
fails 1 'ATTEST-DEBUG: .*PCR0' "AWS's own document from debug mode, genuine and worth nothing" \
	"$ATTEST" verify --evidence "$golden/nitro-doc-debug.b64" --reference other.json --accept-replay --at document
fails 1 'ATTEST-CERTIFICATE-EXPIRED' "the same today" "$ATTEST" verify --evidence "$golden/nitro-doc-debug.b64" --reference other.json --accept-replay
fails 1 'ATTEST-RIM: RIM: 0001.*expected, found 0000' "TF-RMM's token: all good but the measurement" \
	"$ATTEST" verify --evidence "$golden/cca_token-legacy.cbor" --reference "$golden/cca-realm-min.cbor" --nonce "$(hex ab 64)" --platform-key "$golden/cca_platform.pub"
fails 1 'ATTEST-NONCE' "with another challenge" \
	"$ATTEST" verify --evidence "$golden/cca_token-legacy.cbor" --reference "$golden/veraison-cca-realm-valid.cbor" --nonce ab --platform-key "$golden/cca_platform.pub"
fails 3 'ATTEST-REFERENCE: .*zeros' "reference values of zeros" verify --evidence e/document --reference "$golden/nitro-pcr-example.cbor"

# Policies that take the release before, too, whatever form its registers have.
policies()
{
	cat again/nitro-x86_64/previous.json again/nitro-x86_64/policy-rollover.json again/nitro-x86_64/policy-rollover-aws.json
}
cp other.json again/nitro-x86_64/previous.json
check "publish with the release before" "$ATTEST" publish again
policies >rollover
check "takes its PCR0 and the new one's" [ "$(jq -r '.AnyOf[].Measurements.PCR0' again/nitro-x86_64/policy-rollover.json | tr '\n' ' ')" = "$(hex a2 48) $p0 " ]
check "and no mixture" [ "$(jq -c '[.Statement[].Condition.StringEqualsIgnoreCase | length]' again/nitro-x86_64/policy-rollover-aws.json)" = '[3,3]' ]
for file in previous.json reference.cbor values.json; do
	[ $file = previous.json ] || cp other/release/nitro-x86_64/$file again/nitro-x86_64/previous.json
	check "publish again, with $file" "$ATTEST" publish again
	policies >rollover.again
	check "gives the same policies" cmp rollover rollover.again
done
sed "s/^{/{\"PCR16\":\"$(hex d4 48)\",/" again/nitro-x86_64/measurements.json >more.json
cp again/nitro-x86_64/measurements.json fewer.json
cp more.json again/nitro-x86_64/measurements.json
fails 3 'ATTEST-RELEASE: .*previous.json: PCR16 expected' "a register less than the new one has" "$ATTEST" publish again
sed "s/^{/{\"PCR16\":\"$(hex d5 48)\",/" other.json >again/nitro-x86_64/previous.json
check "as many" "$ATTEST" publish again
check "are all asked for" [ "$(jq -c '[.AnyOf[].Measurements.PCR16[:4]]' again/nitro-x86_64/policy-rollover.json)" = '["d5d5","d4d4"]' ]
cp fewer.json again/nitro-x86_64/measurements.json
check "and more than the new one has" "$ATTEST" publish again
mv again/nitro-x86_64/previous.json more.json
check "without previous.json" "$ATTEST" publish again
check "no such policy stays" sh -c '! ls again/nitro-x86_64/policy-rollover*'
ln -s previous.json again/nitro-x86_64/previous.json
fails 4 'FILE-OPEN: .*previous.json' "one that cannot be reached is another thing" "$ATTEST" publish again
rm again/nitro-x86_64/previous.json
{
	printf '\331\001\365\244'
	tail -c +5 other/release/nitro-x86_64/reference.cbor
	printf '\004\241\001\301\001'
} >again/nitro-x86_64/previous.json
fails 1 'ATTEST-REFERENCE-EXPIRED: .*previous.json: ' "a CoRIM of the past" "$ATTEST" publish again
mv more.json again/nitro-x86_64/previous.json
check "publish with one again" "$ATTEST" publish again
cp again/nitro-x86_64/policy-rollover.json again/nitro-x86_64/previous.json
fails 3 'ATTEST-RELEASE: .*previous.json: the registers of one Nitro image' "two releases before" "$ATTEST" publish again
cp "$golden/cca-realm-min.cbor" again/nitro-x86_64/previous.json
fails 3 'ATTEST-RELEASE: .*previous.json: measurements of one platform' "a realm before" "$ATTEST" publish again

# Signatures, which openssl verifies by hand.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem 2>/dev/null
openssl pkey -in ec.pem -pubout -out ec.pub
openssl genpkey -algorithm ed25519 -out ed.pem
openssl pkey -in ed.pem -pubout -out ed.pub
check "sign" "$ATTEST" sign release --key ec.pem --signer test --random-nonce
sh "$here/commands" "$DOCS" '### Signatures, by hand' >by-hand
# by_hand KEY FOLDER: the documented commands in a copy of the signed release, of which FILE was changed by EDIT before
by_hand()
{
	rm -rf hand
	cp -R release hand
	cp "$1" hand/key.pub
	[ -z "${3:-}" ] || sed -i "$3" "hand/$2"
	(cd hand && sh -eu ../by-hand)
}
check "signatures, by hand, with the commands of docs/attest.md" by_hand ec.pub
cp "$TAP_TMP/tap.log" said
check "the statement, the CoRIM, and cosign say so" sh -c '[ "$(grep -c "^Verified OK$" said)" -eq 3 ]'
fails 1 'Verification failure' "by hand: another statement" by_hand ec.pub signatures/provenance.intoto.jsonl 's/"payload":"eyJ/"payload":"eyK/'
fails 1 'Verification failure' "by hand: another CoRIM" by_hand ec.pub nitro-x86_64/reference.cbor 's/PCR1/PCR3/'
fails 1 '' "by hand: another image" by_hand ec.pub nitro-x86_64/image.eif 's/image/imagf/'
cp "$TAP_TMP/tap.log" said
check "which cosign says alone" grep -qi 'error.*digest' said
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out other.pub
fails 1 'Verification failure' "by hand: another key" by_hand other.pub
cosign_says()
{
	cosign verify-blob-attestation --key "$1" --signature release/signatures/provenance.intoto.jsonl --insecure-ignore-tlog \
		--type slsaprovenance1 release/nitro-x86_64/image.eif
}
fails 1 'Error: ' "cosign: another key" cosign_says other.pub
for curve in P-384:48:sha384 P-521:66:sha512; do
	half=${curve#*:}
	openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:${curve%%:*}" -out large.pem 2>/dev/null
	openssl pkey -in large.pem -pubout -out large.pub
	"$ATTEST" sign release --key large.pem --signer test
	sed "s/^half=32 digest=sha256 /half=${half%:*} digest=${half#*:} /; /^cosign/,\$d" by-hand >kept && mv kept by-hand
	check "by hand, with a key on ${curve%%:*}" by_hand large.pub
	sh "$here/commands" "$DOCS" '### Signatures, by hand' >by-hand
done
"$ATTEST" sign release --key ec.pem --signer test
check "its subject is the image" grep -q "\"subject\":\[{\"digest\":{\"sha256\":\"$(sha256sum <release/nitro-x86_64/image.eif | cut -c1-64)\"},\"name\":\"nitro-x86_64/image.eif\"}\]" release/provenance.json
check "a signed CoRIM serves as reference" verify --evidence e/document --reference release/signatures/nitro-x86_64.cose
cp "$TAP_TMP/tap.log" said
check "and that nobody looked at its signature is said" grep -q '^attest: warning: release/signatures/nitro-x86_64.cose: nobody looked' said
check "under the key that signed it" verify --evidence e/document --reference-key ec.pub --reference release/signatures/nitro-x86_64.cose
check "nothing is warned of" sh -c '! grep -q warning "$1"' sh "$TAP_TMP/tap.log"
fails 1 'ATTEST-SIGNATURE' "under another key" verify --evidence e/document --reference release/signatures/nitro-x86_64.cose --reference-key other.pub
fails 1 'ATTEST-SIGNATURE' "nor is there a policy" "$ATTEST" policy --reference release/signatures/nitro-x86_64.cose --reference-key other.pub
for file in reference.cbor measurements.json; do
	fails 1 'ATTEST-REFERENCE-UNSIGNED' "a reference that nobody signed: $file" verify --evidence e/document --reference-key ec.pub \
		--reference release/nitro-x86_64/$file
done
fails 2 'ATTEST-USAGE: .*a name of who signs' "nobody as signer" "$ATTEST" sign release --key ec.pem --signer ''
check "sign with Ed25519" "$ATTEST" sign release --key ed.pem --signer test
check "the envelope, by cosign" cosign_says ed.pub
cose=release/signatures/nitro-x86_64.cose
# What is signed: the array's head, "Signature1", the protected header, nothing, the payload; the signature is at the end.
size=$(wc -c <$cose) body=$(wc -c <release/nitro-x86_64/reference.cbor)
tail -c 64 $cose >cose.sig
header=$((size - 2 - 66 - 1 - body - 3))
{
	printf '\204\152Signature1'
	tail -c +3 $cose | head -c $header
	printf '\100'
	tail -c +$((2 + header + 2)) $cose | head -c $((3 + body))
} >tbs
check "the CoRIM, by openssl" openssl pkeyutl -verify -pubin -inkey ed.pub -rawin -in tbs -sigfile cose.sig
check "what was published is as before" sh -c 'cd release && sha256sum -c SHA256SUMS'

# Keys that never leave their token, here SoftHSM's.
token()
{
	softhsm=${SOFTHSM:-/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so}
	if ! [ -f "$softhsm" ] || ! openssl list -providers -provider pkcs11 2>/dev/null | grep -q pkcs11; then
		skip "a token" "no SoftHSM, or no provider pkcs11, here"
		return
	fi
	mkdir tokens
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens" >softhsm.conf
	export SOFTHSM2_CONF="$PWD/softhsm.conf" PKCS11_PROVIDER_MODULE="$softhsm"
	softhsm2-util --init-token --free --label test --so-pin 12345678 --pin 1234 >/dev/null
	softhsm2-util --import ec.pem --token test --label ec --id 01 --pin 1234 >/dev/null
	echo 1234 >pin
	echo 4321 >wrong
	uri='pkcs11:token=test;object=ec;type=private'
	cp -R release/signatures before
	fails 4 '^attest: ATTEST-NONCE: ' "a token that has no deterministic nonces" "$ATTEST" sign release --key "$uri" \
		--signer test --passphrase-file pin
	fails 4 '^attest: ATTEST-KEY: ' "its PIN, wrong" "$ATTEST" sign release --key "$uri" --signer test \
		--random-nonce --passphrase-file wrong
	cp "$TAP_TMP/tap.log" said
	check "the PIN is not printed" sh -c '! grep -e 1234 -e 4321 said'
	fails 4 '^attest: ATTEST-KEY: ' "a key that the token has not" "$ATTEST" sign release \
		--key 'pkcs11:token=test;object=none;type=private' --signer test --random-nonce --passphrase-file pin
	check "what was signed before is as it was" diff -r before release/signatures
	check "a token's key signs a release" "$ATTEST" sign release --key "$uri" --signer test --random-nonce --passphrase-file pin
	check "and openssl and cosign verify it, by hand" by_hand ec.pub
	"$ATTEST" rebuilt --release release --result same --key "$uri" --random-nonce --passphrase-file pin --builder hsm >hsm
	check "a token's key signs that a release was rebuilt" "$ATTEST" quorum --release release --known ec.pub --need 1 hsm
	unset SOFTHSM2_CONF PKCS11_PROVIDER_MODULE
}
token

# Policies.
check "a policy of AWS KMS" "$ATTEST" policy --reference release/nitro-x86_64/measurements.json --reference other.json
cp "$TAP_TMP/tap.log" said
check "says why" grep -q 'PCR0, PCR1 and PCR2 stand together' said
# The commands of docs/attest.md, with a stand-in for aws.
mkdir -p kms/programs
cp -R release kms/release
cp -R release kms/release-1
cp -R other/release kms/release-2
printf '#!/bin/sh\necho "$*" >>said\ncase $* in *file://*) cp "${*##*file://}" policy 2>/dev/null || cp key-policy.json policy ;; esac\n' >kms/programs/aws
printf '#!/bin/sh\nexec %s "$@"\n' "$ATTEST" >kms/programs/attest
chmod +x kms/programs/*
sh "$here/commands" "$DOCS" '### In AWS KMS' >kms/commands
check "in AWS KMS, with the commands of docs/attest.md" sh -c 'cd kms && key=1 PATH=$PWD/programs:$PATH sh -eu commands'
check "a key is made and gets another policy" [ "$(cut -d ' ' -f 1,2 kms/said | tr '\n' ' ')" = 'kms create-key kms put-key-policy ' ]
check "its administrator cannot decrypt" [ "$(jq -c '[.Statement[0].Action[] | select(test("Decrypt|Generate|Derive|ReEncrypt|Grant|kms:[*]"))]' kms/policy)" = '[]' ]
check "an enclave can, which runs the release" [ "$(jq -c '.Statement[1] | [.Principal.AWS, .Effect, .Condition.StringEqualsIgnoreCase["kms:RecipientAttestation:ImageSha384"], .Condition.StringEqualsIgnoreCase["kms:RecipientAttestation:PCR2"]]' kms/policy)" = \
	"[\"arn:aws:iam::111122223333:role/parent\",\"Allow\",\"$p0\",\"$p2\"]" ]
check "nobody else" [ "$(jq '.Statement | length' kms/policy)" -eq 2 ]
check "then one that runs either release" [ "$(jq -c '[.Statement[].Condition.StringEqualsIgnoreCase["kms:RecipientAttestation:ImageSha384"]]' kms/enclave.json)" = "[\"$p0\",\"$(hex a2 48)\"]" ]
fails 2 'ATTEST-POLICY' "a principal of another partition" "$ATTEST" policy --reference other.json --partition aws-cn --principal arn:aws:iam::1:role/r

# The log.
vkey=$("$ATTEST" log key --key ed.pem --origin example.org/log)
keep()
{
	"$ATTEST" log append --log log --key ed.pem --origin example.org/log "$@"
}
check "a new log" keep
check "a release" keep --release release --version 1.0
# What its SHA256SUMS does not vouch for is not logged.
cp -R release tampered
measurements "$(hex dd 48)" >tampered/nitro-x86_64/measurements.json
cp -R log kept.log
fails 1 'ATTEST-RELEASE-SUMS: ' "altered measurements" keep --release tampered --version 1.1
cp release/nitro-x86_64/measurements.json tampered/nitro-x86_64/
mkdir tampered/more && cp release/nitro-x86_64/measurements.json tampered/more/
fails 1 'ATTEST-RELEASE-SUMS: ' "measurements that are not listed" keep --release tampered --version 1.1
rm -r tampered/more tampered/nitro-x86_64/measurements.json
fails 1 'ATTEST-RELEASE-SUMS: ' "measurements that are listed and are not there" keep --release tampered --version 1.1
check "the log is as it was" diff -r log kept.log
cp log/checkpoint older
logged()
{
	verify --evidence e/document --reference release/nitro-x86_64/reference.cbor --log log --log-key "$vkey" "$@"
}
check "is found by its evidence" logged
check "the log continues" "$ATTEST" log check --log log --log-key "$vkey" --from older
"$ATTEST" log prove --log log --log-key "$vkey" --index 0 >proof
check "a proof" "$ATTEST" log check --log proof --log-key "$vkey"
check "is as good, but for withdrawals" verify --evidence e/document --reference release/nitro-x86_64/reference.cbor --log proof --log-key "$vkey"
cp "$TAP_TMP/tap.log" said
check "of which it says that it tells nothing, nor of security versions" grep -q 'warning: .*withdrawn or outdated' said
sed 's/^index 0/index 1/' proof >bad
fails 1 'ATTEST-LOG-PROOF' "a proof of another entry" "$ATTEST" log check --log bad --log-key "$vkey"
fails 1 'ATTEST-LOG-STALE' "an old log" "$ATTEST" log check --log log --log-key "$vkey" --at 2099-01-01
for both in '' '--index 0 --from older'; do
	# shellcheck disable=SC2086 # a list of words
	fails 2 'ATTEST-USAGE: .*--index or --from' "proves one thing: ${both:-nothing}" "$ATTEST" log prove --log log --log-key "$vkey" $both
done
"$ATTEST" log prove --log log --log-key "$vkey" --from older >consistency
check "a consistency proof" "$ATTEST" log check --log consistency --log-key "$vkey" --from older
cp "$TAP_TMP/tap.log" said
check "says from where to where" [ "$(jq -c . said)" = '{"From":1,"Origin":"example.org/log","Size":1}' ]
cp -R log grown
cp -R log forked
keep_other()
{
	"$ATTEST" log append --log "$1" --key ed.pem --origin example.org/log --withdraw 0 --reason "$2"
}
keep_other grown one
keep_other forked another
from_older()
{
	"$ATTEST" log check --log "$1" --log-key "$vkey" --from older
}
"$ATTEST" log prove --log grown --log-key "$vkey" --from older >consistency
check "from one entry to two" from_older consistency
fails 2 'ATTEST-USAGE: .*--from' "which takes a checkpoint" "$ATTEST" log check --log consistency --log-key "$vkey"
fails 2 'ATTEST-USAGE: ' "as a proof of an entry does not" from_older proof
fails 1 'ATTEST-LOG-CONSISTENCY: .*from the 2 entries .*found from 1' "from another checkpoint" \
	"$ATTEST" log check --log consistency --log-key "$vkey" --from grown/checkpoint
awk 'NR == 2 { $0 = (/^A/ ? "B" : "A") substr($0, 2) } { print }' consistency >bad
fails 1 'ATTEST-LOG-CONSISTENCY: .*from the root of 1 entries to that of 2 expected' "with another hash" from_older bad
sed 2d consistency >bad
fails 1 'ATTEST-LOG-CONSISTENCY: ' "without it" from_older bad
sed '2s/=$//' consistency >bad
fails 3 'ATTEST-LOG-CONSISTENCY: .*hashes in base64' "of another form" from_older bad
fails 1 'ATTEST-LOG-SIGNATURE: ' "of another log" "$ATTEST" log check --log consistency --from older \
	--log-key "$("$ATTEST" log key --key ed.pem --origin example.org/other)"
fails 1 'ATTEST-LOG-FORK: .*2 entries of the older checkpoint' "a fork has none" \
	"$ATTEST" log prove --log forked --log-key "$vkey" --from grown/checkpoint
fails 1 'ATTEST-LOG-FORK: .*2 entries of the older checkpoint' "nor does another one do" \
	"$ATTEST" log check --log consistency --log-key "$vkey" --from forked/checkpoint
# What a verifier saw before.
cp -R log begun
keep_other begun one
"$ATTEST" log append --log begun --key ed.pem --origin example.org/log --release release --version 1.1
"$ATTEST" log append --log forked --key ed.pem --origin example.org/log --release release --version 1.1
"$ATTEST" log prove --log begun --log-key "$vkey" --index 2 >proof.begun
"$ATTEST" log prove --log begun --log-key "$vkey" --from older >growth
seen_in()
{
	verify --evidence e/document --reference release/nitro-x86_64/reference.cbor --log-key "$vkey" --seen kept --log "$@"
}
check "a log that is seen first" seen_in log
cp "$TAP_TMP/tap.log" said
check "is taken as it is, which is said" grep -q '^attest: warning: kept: no checkpoint was kept before' said
check "and remembered" cmp kept log/checkpoint
check "the same" seen_in log
cp "$TAP_TMP/tap.log" said
check "of which nothing is said" sh -c '! grep -q warning said'
cp kept kept.proof
fails 1 'ATTEST-LOG-WITHDRAWN' "what was withdrawn since, in a log that continues" seen_in grown
check "is what was seen" cmp kept grown/checkpoint
fails 1 'ATTEST-LOG-OLDER: kept: .*at least the 2 entries .*found 1' "so that the log from before does not bring it back" seen_in log
fails 1 'ATTEST-LOG-OLDER: kept: ' "nor a proof from before" seen_in proof
cp kept.proof kept
check "a log that grew" seen_in begun
check "is what was seen" cmp kept begun/checkpoint
fails 1 'ATTEST-LOG-FORK: kept: the 3 entries .*expected, found others' "a fork" seen_in forked
fails 1 'ATTEST-LOG-OLDER: kept: .*at least the 3 entries .*found 1' "a log from before" seen_in log
fails 1 'ATTEST-LOG-OLDER: kept: ' "a proof from before" seen_in proof
fails 1 'ATTEST-LOG-FORK: kept: ' "to attest log check, too" "$ATTEST" log check --log forked --log-key "$vkey" --seen kept
check "what was seen stays" cmp kept begun/checkpoint
exec 9<.
flock 9
fails 4 'ATTEST-LOG-BUSY: \./?: .*within 10 seconds' "a folder that another has locked" timeout 30 "$ATTEST" log check --log begun --log-key "$vkey" --seen kept
(sleep 2 && flock -u 9) &
check "is waited for" seen_in begun
exec 9<&-
check "which attest log check writes, too" "$ATTEST" log check --log begun --log-key "$vkey" --seen kept.check
check "the same" cmp kept.check kept
cp kept.proof kept
fails 1 'ATTEST-LOG-CONSISTENCY: kept: .*from the 1 entries .*found none' "a proof alone, of a log that grew" seen_in proof.begun
check "with a consistency proof" seen_in proof.begun --consistency growth
check "it is what was seen" cmp kept begun/checkpoint
cp kept.proof kept
"$ATTEST" log prove --log begun --log-key "$vkey" --index 1 >proof.withdrawal
fails 1 'ATTEST-LOG-MISSING: ' "a proof of another entry" seen_in proof.withdrawal --consistency growth
check "of a log that was seen" cmp kept begun/checkpoint
echo rubbish >kept
fails 3 'ATTEST-LOG-CHECKPOINT: kept: ' "a damaged file" seen_in begun
"$ATTEST" log append --log other.log --key ed.pem --origin example.org/other
cp other.log/checkpoint kept
fails 1 'ATTEST-LOG-SIGNATURE: kept: .*same log expected' "a file of another log" seen_in begun
rm kept
ln -s older kept
fails 4 'FILE-CREATE: kept: ' "a file that cannot be replaced" seen_in begun
cp "$TAP_TMP/tap.log" said
check "nothing is verified then" sh -c '! grep -q Verified said'
rm kept
fails 1 'ATTEST-PCR' "evidence that is refused" verify --evidence e/document --reference other.json --log begun --log-key "$vkey" --seen kept
check "makes no file" [ ! -e kept ]
fails 2 'ATTEST-USAGE: .*--seen with --log' "no log" verify --evidence e/document --reference release/nitro-x86_64/reference.cbor --seen kept
for word in "--witness $vkey" '--witnesses 1' '--max-log-age 1'; do
	# shellcheck disable=SC2086 # a list of words
	fails 2 'ATTEST-USAGE: .*--witness.* with --log' "nor ${word%% *} without one" \
		verify --evidence e/document --reference release/nitro-x86_64/reference.cbor $word
done
fails 2 'ATTEST-USAGE: site: .*--witness.* with --log' "of pages neither" "$ATTEST" site --out site --witness "$vkey" release
fails 4 'FILE-OPEN: no-folder/' "what was seen is opened before the log is read" \
	"$ATTEST" log check --log no-log --log-key "$vkey" --seen no-folder/kept
# Options that a word would not look at.
while read -r word option; do
	# shellcheck disable=SC2086 # a list of words
	fails 2 "ATTEST-USAGE: log $word: .*found ${option%% *}\$" "log $word ${option%% *}" "$ATTEST" log $word $option
done <<-'EOF'
	prove --seen kept --index 0
	prove --json
	witness --from older
	witness --witness key
	witness --max-log-age 1
	witness --seen kept
	append --log-key key
	append --witnesses 1
	key --at 2026-11-22
EOF
fails 2 'ATTEST-USAGE: log check: .*found --index' "log check --index" "$ATTEST" log check --log proof --log-key "$vkey" --index 1
fails 2 'ATTEST-USAGE: log: append, check, prove, witness or key expected, found forget' "another word" "$ATTEST" log forget
fails 2 'ATTEST-USAGE: .*--consistency' "a consistency proof without a proof" seen_in begun --consistency growth
fails 2 'ATTEST-USAGE: .*folder' "attest log check with a proof" "$ATTEST" log check --log proof --log-key "$vkey" --seen kept
openssl genpkey -algorithm ed25519 -out w.pem
witness=$("$ATTEST" log key --key w.pem --origin example.org/w --of-witness)
fails 1 'ATTEST-LOG-WITNESS' "no witness" logged --witness "$witness"
check "a witness" "$ATTEST" log witness --log log --log-key "$vkey" --key w.pem --origin example.org/w --state seen
check "who is known" logged --witness "$witness"
cp -R log rolled
check "a withdrawal" keep --withdraw 0 --reason 'a key leaked'
fails 1 'ATTEST-LOG-WITHDRAWN: .*a key leaked' "what was withdrawn" logged
check "the witness again" "$ATTEST" log witness --log log --log-key "$vkey" --key w.pem --origin example.org/w --state seen
fails 1 'ATTEST-LOG-FORK' "sees a log that goes back" "$ATTEST" log witness --log rolled --log-key "$vkey" --key w.pem --origin example.org/w --state seen
sed 's/./X/40' log/tile/entries/000.p/2 >bad && cp bad log/tile/entries/000.p/2
fails 1 'ATTEST-LOG-(TILE|ENTRY)' "a changed entry" "$ATTEST" log check --log log --log-key "$vkey"

# Killed while it writes a file that gets larger than so many blocks of 512 bytes: the first tile at its start, in it, a bundle of
# entries. test_log.c has every other place.
rm -rf log
keep >/dev/null
i=0
{
	printf '['
	while [ $i -lt 300 ]; do
		[ $i -eq 0 ] || printf ,
		printf '{"type":"release","name":"n","version":"%s","security":0,"files":{"f":"%s"},"measurements":{"t":{"PCR0":"%s","PCR1":"%s","PCR2":"%s"}}}' \
			$i "$(hex 01 32)" "$p0" "$p1" "$p2"
		i=$((i + 1))
	done
	printf ']'
} >list.json
killed=0
for blocks in 0 8 100; do
	(
		ulimit -f $blocks
		exec "$ATTEST" log append --log log --key ed.pem --origin example.org/log --entries list.json
	) 2>/dev/null
	[ $? -le 128 ] || killed=$((killed + 1))
	"$ATTEST" log check --log log --log-key "$vkey" >checked 2>&1 || break
	grep -q '^0 entries' checked || break
done
check "killed while appending, 3 times: nothing is in the log" [ "$killed $blocks $(tail -n 1 checked | cut -d ' ' -f 1)" = '3 100 0' ]
check "and it goes on" keep --entries list.json
check "without leftovers" sh -c '[ -z "$(find log -name ".*" ! -name ".")" ] && [ "$(find log -path "*.p/*" | wc -l)" -le 8 ]'
check "whole" "$ATTEST" log check --log log --log-key "$vkey"

# Others who rebuilt it.
"$ATTEST" rebuilt --release release --result same --key ec.pem --random-nonce --builder one >one
"$ATTEST" rebuilt --release release --result same --key ed.pem --builder two >two
quorum()
{
	"$ATTEST" quorum --release release --known ec.pub --known ed.pub "$@"
}
check "two of two agree" quorum --need 2 one two
fails 1 'ATTEST-QUORUM: .*2 of the known keys expected, found 1' "one who says it twice" quorum --need 2 one one
fails 2 'ATTEST-KEY' "one key twice" quorum --known ec.pub --need 1 one
fails 1 'ATTEST-QUORUM: ' "keys that are not known" "$ATTEST" quorum --release release --known ec.pub --need 1 two
"$ATTEST" rebuilt --release release --result different --key ed.pem --builder two >no
fails 1 'ATTEST-QUORUM-DISAGREES' "one who came to something else" quorum --need 1 one no
echo '{"payload"' >broken
check "a file that is no statement counts for nothing" quorum --need 2 one broken two
cp "$TAP_TMP/tap.log" said
check "and is named" grep -q '^attest: warning: broken: ' said
fails 1 'ATTEST-QUORUM: ' "as nobody's" quorum --need 2 one broken
fails 4 'FILE-OPEN: ' "a statement that cannot be read" quorum --need 1 one nowhere
mkdir statements
i=0
while [ $i -lt 150 ]; do
	cp one statements/$((i += 1))
done
cp two statements/z
check "among any number of statements" quorum --need 2 statements/*
echo more >>release/SHA256SUMS
fails 1 'ATTEST-QUORUM: ' "statements about another release" quorum --need 1 one two

for command in '' verify publish sign policy log quorum rebuilt; do
	check "attest $command --help" sh -c '"$ATTEST" $1 --help | grep -q "^usage: attest"' sh "$command"
done
fails 2 'ATTEST-USAGE' "an unknown command" "$ATTEST" nothing
fails 2 'ATTEST-USAGE' "an unknown option" "$ATTEST" verify --nothing
finish_tap
