#!/bin/sh
# Tests eif sign, attach and strip, and eif build with a key: what they write is what openssl makes and verifies by
# hand as docs/eif.md tells, what they refuse leaves nothing behind. All keys are made here.
#
# Environment: EIF, the eif command; SOFTHSM, the library of the token (a skip when there is none).
set -eu

LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
golden=$here/golden/aws-eif
recompute=$here/../../ci/recompute
[ -f "$recompute" ] || recompute=/mint/in/tree/ci/recompute # in the test environment
: "${EIF:?path of the eif command}"
case $EIF in
/*) ;;
*) EIF=$(pwd)/$EIF ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
TAP_TMP=$work
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
FILL=none
# shellcheck source=tests/eif/bytes.sh
. "$here/bytes.sh"
mkdir "$work/files"
cd "$work/files"
image=$golden/02-two-ramdisks.eif
now=2026-01-01

# same NAME EXPECTED FOUND
same()
{
	printf 'expected: %s\nfound:    %s\n' "$2" "$3" >"$work/same"
	tap_status=0
	[ "$2" = "$3" ] || tap_status=1
	ok $tap_status "$1" "$work/same"
}

# refused STATUS CODE NAME ARGS...: one line with the code, and no file that was not there before
refused()
{
	status=$1 code=$2 name=$3
	shift 3
	ls -A >"$work/before"
	fails "$status" "^eif: $code: " "$name" "$EIF" "$@"
	ls -A >"$work/after"
	same "$name: nothing left" "$(cat "$work/before") 1" "$(cat "$work/after") $(grep -c '' "$work/tap.log")"
}

# key NAME CURVE
key()
{
	openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1.key.pem" 2>/dev/null
}

# certify NAME [OPTION]...: a self-signed certificate
certify()
{
	name=$1
	shift
	openssl req -x509 -key "$name.key.pem" -subj "/CN=test $name" -not_before 20250101000000Z \
		-not_after 20350101000000Z "$@" -out "$name.pem" 2>/dev/null
}

# ---- what openssl knows to do, as docs/eif.md tells ----

# digest_of CURVE
digest_of()
{
	case $1 in
	P-256) echo sha256 ;;
	P-384) echo sha384 ;;
	P-521) echo sha512 ;;
	esac
}

# cose_of IMAGE: the COSE_Sign1, out of the integers that AWS's tools write it as
cose_of()
{
	rm -rf parts
	"$EIF" extract "$1" parts
	od -An -v -tu1 parts/signature | tr -s ' \n' ' ' |
		sed 's/.* 105 115 105 103 110 97 116 117 114 101 \(152 [0-9]*\|153 [0-9]* [0-9]*\)//; s/ 24 \([0-9]*\)/ \1/g' |
		awk '{ for (i = 1; i <= NF; i++) printf "%03o\n", $i }' | sed 's/^/\\0/' | tr -d '\n' >octal
	printf %b "$(cat octal)"
}

# der_of FILE: r and s, one after the other, as the DER that openssl reads
der_of()
{
	hex=$(od -An -v -tx1 "$1" | tr -d ' \n')
	half=$((${#hex} / 2))
	printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' \
		"$(echo "$hex" | cut -c "1-$half")" "$(echo "$hex" | cut -c "$((half + 1))-")" >asn1
	openssl asn1parse -genconf asn1 -noout -out "$2"
}

# by_hand NAME CURVE IMAGE: openssl alone finds the signature good, and not of other bytes
by_hand()
{
	size=$(($(openssl pkey -in "$2.key.pem" -text -noout | sed -n 's/.*(\([0-9]*\) bit).*/\1/p') / 8))
	[ "$2" != P-521 ] || size=66
	cose_of "$3" >cose
	tail -c "$((2 * size))" cose >raw
	der_of raw der
	openssl x509 -in "$2.pem" -pubkey -noout >public
	"$EIF" sign "$image" --detached --certificate "$2.pem" --at "$now" -o tbs
	same "$1: openssl verifies it by hand" 'Verified OK' \
		"$(openssl dgst "-$(digest_of "$2")" -verify public -signature der tbs 2>&1)"
	printf x >>tbs
	fails 1 '^Verification failure' "$1: openssl refuses it for other bytes" \
		openssl dgst "-$(digest_of "$2")" -verify public -signature der tbs
}

# pcr8_of CERTIFICATE
pcr8_of()
{
	openssl x509 -in "$1" -outform DER | openssl dgst -sha384 -binary >digest
	{
		head -c 48 /dev/zero
		cat digest
	} | sha384sum | cut -c 1-96
}

facts='[.Measurements.PCR0, .Measurements.PCR1, .Measurements.PCR2, .Metadata, .Cmdline,
	[.Sections[] | select(.type != "signature")]]'

test_curve()
{
	key "$1" "$1"
	certify "$1"
	"$EIF" sign "$image" --key "$1.key.pem" --certificate "$1.pem" --at "$now" -o signed.eif >printed
	"$EIF" describe --json signed.eif >described.json
	same "$1: prints the PCRs" "$(jq -r '.Measurements | .PCR0, .PCR1, .PCR2, .PCR8' described.json)" \
		"$(sed 's/^PCR[0128]  //' printed)"
	same "$1: PCR8" "$(pcr8_of "$1.pem")" "$(jq -r .Measurements.PCR8 described.json)"
	same "$1: ci/recompute finds the same" "$(jq -r '.Measurements | .PCR0, .PCR1, .PCR2, .PCR8' described.json)" \
		"$(sh "$recompute" signed.eif | sed -n 's/^PCR[0128] //p')"
	same "$1: all else as before" "$("$EIF" describe --json "$image" | jq -c "$facts")" \
		"$(jq -c "$facts" described.json)"
	"$EIF" strip signed.eif -o stripped.eif >printed
	same "$1: stripped, bit for bit" "$(sha256sum <"$image")" "$(sha256sum <stripped.eif)"
	"$EIF" sign "$image" --key "$1.key.pem" --certificate "$1.pem" --at "$now" -o again.eif >/dev/null
	same "$1: the same signature again" "$(sha256sum <signed.eif)" "$(sha256sum <again.eif)"
	"$EIF" sign "$image" --key "$1.key.pem" --certificate "$1.pem" --at "$now" --random-nonce -o random.eif >/dev/null
	same "$1: another signature with a random nonce" different \
		"$(cmp -s signed.eif random.eif && echo same || echo different)"
	by_hand "$1" "$1" signed.eif
	by_hand "$1, random nonce" "$1" random.eif
	"$EIF" sign "$image" --detached --certificate "$1.pem" --at "$now" >tbs
	openssl pkeyutl -sign -rawin -digest "$(digest_of "$1")" -inkey "$1.key.pem" -pkeyopt nonce-type:1 \
		-in tbs -out der
	"$EIF" attach "$image" --certificate "$1.pem" --signature der --at "$now" -o attached.eif >printed
	same "$1: openssl's own deterministic signature, attached as DER" "$(sha256sum <signed.eif)" \
		"$(sha256sum <attached.eif)"
	cose_of signed.eif >cose
	size=$(($(wc -c <raw)))
	tail -c "$size" cose >raw
	"$EIF" attach "$image" --certificate "$1.pem" --signature raw --at "$now" -o attached.eif >printed
	same "$1: the same, attached as r and s" "$(sha256sum <signed.eif)" "$(sha256sum <attached.eif)"
	cp "$image" inplace.eif
	"$EIF" sign inplace.eif --key "$1.key.pem" --certificate "$1.pem" --at "$now" -o inplace.eif >/dev/null
	same "$1: in the place of the unsigned image" "$(sha256sum <signed.eif)" "$(sha256sum <inplace.eif)"
}

# The commands of docs/eif.md, as they stand there. xxd is in few installations, perl in more.
test_documentation()
{
	docs=$here/../../docs/eif.md
	[ -f "$docs" ] || docs=/mint/in/tree/docs/eif.md # in the test environment
	awk '/^##/ { on = /^### By hand/ } on && /^```$/ { code = !code; next } on && code' "$docs" >commands
	same 'docs/eif.md: there are commands' 1 "$(grep -c 'openssl dgst -sha384 -verify' commands)"
	mkdir hand programs
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$EIF" >programs/eif
	cat >programs/xxd <<'EOF'
#!/bin/sh
case $1 in
-r) perl -e 'local $/; $_ = <STDIN>; s/\s//g; print pack "H*", $_' ;;
*) perl -e 'local $/; print unpack "H*", <STDIN>' ;;
esac
EOF
	chmod +x programs/eif programs/xxd
	key chain P-384
	certify chain -not_after 21250101000000Z
	cp chain.pem hand/
	"$EIF" sign "$image" --key chain.key.pem --certificate chain.pem -o hand/signed.eif >/dev/null
	pcr0=$("$EIF" describe --json "$image" | jq -r .Measurements.PCR0)
	status=0
	(cd hand && PATH=$work/files/programs:$PATH pcr0=$pcr0 sh -eu ../commands) >documented 2>&1 || status=$?
	same 'the commands of docs/eif.md' 'PCR0 PCR1 PCR2 Verified OK 0' \
		"$(sed 's/^PCR\([012]\)  .*/PCR\1/' documented | tr '\n' ' ')$status"
	rm -r hand
}

# The fixed bytes around certificate, PCR0 and signature are those that AWS's signer wrote.
test_aws_form()
{
	for pair in 08-signed-p384:P-384 26-sign-after-build:P-384 10-signed-p256:P-256; do
		file=$golden/${pair%:*}.eif
		"$EIF" strip "$file" -o stripped.eif >/dev/null
		"$EIF" sign stripped.eif --key "${pair#*:}.key.pem" --certificate "${pair#*:}.pem" --at "$now" -o ours.eif >/dev/null
		half=96
		[ "${pair#*:}" = P-384 ] || half=64
		cose_of "$file" | head -c "-$half" >theirs
		cose_of ours.eif | head -c "-$half" >ours
		same "${pair%:*}: header and payload as AWS writes them" "$(od -An -tx1 <theirs)" "$(od -An -tx1 <ours)"
	done
	"$EIF" strip "$golden/26-sign-after-build.eif" -o stripped.eif >/dev/null
	same '26-sign-after-build: stripped, what was signed' "$(sha256sum <"$image")" "$(sha256sum <stripped.eif)"
	"$EIF" strip "$golden/08-signed-p384.eif" -o stripped.eif >/dev/null
	same '08-signed-p384: stripped, the same' "$(sha256sum <"$image")" "$(sha256sum <stripped.eif)"
}

test_build()
{
	printf kernel >kernel
	printf 070701xx >cpio
	set -- --kernel kernel --cmdline x --ramdisk cpio --ramdisk cpio --no-boot-checks
	"$EIF" build "$@" -o plain.eif >/dev/null
	"$EIF" sign plain.eif --key P-384.key.pem --certificate P-384.pem --at "$now" -o signed.eif >printed
	"$EIF" build "$@" --key P-384.key.pem --certificate P-384.pem --at "$now" -o built.eif >printed2
	same 'build with a key: as build and sign' "$(sha256sum <signed.eif) $(cat printed)" \
		"$(sha256sum <built.eif) $(cat printed2)"
	same 'build with a key: no other file' '' "$(find . -name '*unsigned*')"
	rm built.eif
	refused 4 FILE-OPEN 'build: a key that is missing' build "$@" --key none --certificate P-384.pem -o built.eif
	refused 1 EIF-KEY-OTHER 'build: another key' build "$@" --key P-256.key.pem --certificate P-384.pem \
		--at "$now" -o built.eif
	refused 1 EIF-CERTIFICATE-EXPIRED 'build: an expired certificate' build "$@" --key P-384.key.pem \
		--certificate P-384.pem --at 2040-01-01 -o built.eif
	refused 2 EIF-USAGE 'build: a key without a certificate' build "$@" --key P-384.key.pem -o built.eif
	refused 2 EIF-USAGE 'build: a certificate without a key' build "$@" --certificate P-384.pem -o built.eif
}

# ---- keys and certificates that do not do ----

# unsigned STATUS CODE NAME KEY CERTIFICATE [OPTION]...
unsigned()
{
	status=$1 code=$2 name=$3 k=$4 c=$5
	shift 5
	refused "$status" "$code" "$name" sign "$image" --key "$k" --certificate "$c" --at "$now" -o never.eif "$@"
}

test_keys()
{
	key other P-384
	certify other
	openssl genpkey -algorithm RSA -out rsa.key.pem 2>/dev/null
	certify rsa
	key k1 secp256k1
	certify k1
	openssl genpkey -algorithm ED25519 -out ed.key.pem
	certify ed
	unsigned 1 EIF-KEY-OTHER 'another key on the same curve' other.key.pem P-384.pem
	unsigned 1 EIF-KEY-OTHER 'a key on a longer curve' P-521.key.pem P-384.pem
	unsigned 1 EIF-KEY-OTHER 'a key on a shorter curve' P-256.key.pem P-384.pem
	unsigned 1 EIF-SIGNATURE-ALGORITHM 'an RSA key' rsa.key.pem P-384.pem
	unsigned 1 EIF-SIGNATURE-ALGORITHM "an RSA key's certificate" P-384.key.pem rsa.pem
	unsigned 1 EIF-SIGNATURE-ALGORITHM 'an Ed25519 key and certificate' ed.key.pem ed.pem
	unsigned 1 EIF-SIGNATURE-ALGORITHM 'another curve' k1.key.pem k1.pem
	unsigned 4 FILE-OPEN 'a missing key' none P-384.pem
	unsigned 4 FILE-OPEN 'a missing certificate' P-384.key.pem none
	unsigned 4 EIF-KEY 'a certificate as key' P-384.pem P-384.pem
	unsigned 3 EIF-CERTIFICATE 'a key as certificate' P-384.key.pem P-384.key.pem
	openssl pkey -in P-384.key.pem -outform DER -out one.der
	openssl pkey -in other.key.pem -outform DER -out two.der
	{ head -c -97 two.der && tail -c 97 one.der; } | openssl pkey -inform DER -out halves.key.pem
	unsigned 4 EIF-KEY "a key with another's public half" halves.key.pem P-384.pem
	: >empty
	unsigned 4 EIF-KEY 'an empty key' empty P-384.pem
	unsigned 3 EIF-CERTIFICATE 'an empty certificate' P-384.key.pem empty
	openssl pkey -in P-384.key.pem -aes256 -passout pass:secret -out encrypted.pem
	echo secret >right
	echo wrong >wrong
	unsigned 4 EIF-KEY 'an encrypted key, no passphrase' encrypted.pem P-384.pem
	unsigned 4 EIF-KEY 'an encrypted key, another passphrase' encrypted.pem P-384.pem --passphrase-file wrong
	"$EIF" sign "$image" --key P-384.key.pem --certificate P-384.pem --at "$now" -o signed.eif >/dev/null
	"$EIF" sign "$image" --key encrypted.pem --passphrase-file right --certificate P-384.pem --at "$now" \
		-o again.eif >/dev/null
	same 'an encrypted key and its passphrase' "$(sha256sum <signed.eif)" "$(sha256sum <again.eif)"
	printf 'secret\r\nmore\n' >line
	check 'a passphrase file with other lines and ends of lines' "$EIF" sign "$image" --key encrypted.pem \
		--passphrase-file line --certificate P-384.pem --at "$now" -o again.eif
	printf secret >line
	check 'a passphrase file without the end of a line' "$EIF" sign "$image" --key encrypted.pem \
		--passphrase-file line --certificate P-384.pem --at "$now" -o again.eif
	printf 'secret\r\r\n' >line
	unsigned 4 EIF-KEY 'a passphrase with a carriage return more' encrypted.pem P-384.pem --passphrase-file line
	printf 'se\rcret\r' >line
	openssl pkey -in P-384.key.pem -aes256 -passout "pass:$(cat line)" -out return.pem
	check 'carriage returns in a passphrase' "$EIF" sign "$image" --key return.pem \
		--passphrase-file line --certificate P-384.pem --at "$now" -o again.eif
	for text in : newline:'\nsecret\n' return:'\r\nsecret\n' nul:'secret\0\n' first:'\0secret\n'; do
		# shellcheck disable=SC2059 # escapes
		printf "${text#*:}" >line
		unsigned 3 EIF-PASSPHRASE "no passphrase: ${text%%:*}" encrypted.pem P-384.pem --passphrase-file line
	done
	head -c 1025 /dev/zero >line
	unsigned 3 FILE-SIZE 'a passphrase file that is too long' encrypted.pem P-384.pem --passphrase-file line
	openssl ec -in P-384.key.pem -out sec1.pem 2>/dev/null
	"$EIF" sign "$image" --key sec1.pem --certificate P-384.pem --at "$now" -o again.eif >/dev/null
	same 'a key in the older form of PEM' "$(sha256sum <signed.eif)" "$(sha256sum <again.eif)"
	{
		openssl x509 -in P-384.pem -text
		cat P-384.key.pem
	} | sed 's/$/\r/' >dirty.pem
	"$EIF" sign "$image" --key P-384.key.pem --certificate dirty.pem --at "$now" -o again.eif >/dev/null
	same 'what stands around a certificate stays out' "$(sha256sum <signed.eif)" "$(sha256sum <again.eif)"
}

# as_pem: the bytes as a certificate in PEM
as_pem()
{
	echo '-----BEGIN CERTIFICATE-----'
	base64 -w 64
	echo '-----END CERTIFICATE-----'
}

# PCR8 is of a certificate's own bytes: what OpenSSL would read as the same certificate is another one.
test_der()
{
	openssl x509 -in P-384.pem -outform DER -out good.der
	as_pem <good.der >good.pem
	check 'a certificate from its DER' "$EIF" sign "$image" --key P-384.key.pem --certificate good.pem \
		--at "$now" -o never.eif
	rm never.eif
	{
		cat good.der
		printf x
	} | as_pem >bad.pem
	unsigned 3 EIF-CERTIFICATE 'a byte behind the DER' P-384.key.pem bad.pem
	same 'the first two bytes of a length below 65536' 3082 "$(head -c 2 good.der | od -An -tx1 | tr -d ' ')"
	{
		printf '\060\203\000'
		tail -c +3 good.der
	} | as_pem >bad.pem
	unsigned 3 EIF-CERTIFICATE 'BER: a length longer than need be' P-384.key.pem bad.pem
	cat P-384.pem bad.pem >bad2.pem
	unsigned 3 EIF-CERTIFICATE 'BER behind a good one' P-384.key.pem bad2.pem
	fails 3 '^eif: EIF-CERTIFICATE: ' 'verify: BER' "$EIF" verify signed.eif --certificate bad.pem
}

# A command line is no place for a PIN: nobody sees it again, however it is spelled, and it is not used.
test_pin()
{
	for uri in 'pkcs11:token=test?pin-value=s3cr3t' 'PKCS11:token=test?pin-value=s3cr3t' \
		'pkcs11:pin-value=s3cr3t;token=test' 'pkcs11:token=test;type=private?pin-source=file:x&pin-value=s3cr3t' \
		'Pkcs11:token=test?PIN-Value=s3cr3t' 'pkcs11:token=test?pin%2Dvalue=s3cr3t' \
		'pkcs11:token=test?%70in-v%61lue=s3cr3t' 'pkcs11:token=test%3Fpin-value%3ds3cr3t' \
		'pkcs11:token=test?pin- value=s3cr3t' ' pkcs11:token=test?pin-value=s3cr3t' \
		'pkcs11:?pin-value=s3cr3t&pin-value=s3cr3t' 'pkcs11:pin-vpin-value=s3cr3t'; do
		unsigned 2 EIF-KEY "a PIN in the URI: ${uri%s3cr3t*}" "$uri" P-384.pem --random-nonce
		same "a PIN in the URI: ${uri%s3cr3t*}: not printed" 0 "$(grep -c s3cr3t "$work/tap.log")"
		refused 2 EIF-KEY "build: a PIN in the URI: ${uri%s3cr3t*}" build --kernel kernel --cmdline x --ramdisk cpio \
			--no-boot-checks --key "$uri" --certificate P-384.pem --at "$now" -o never.eif
		same "build: a PIN in the URI: ${uri%s3cr3t*}: not printed" 0 "$(grep -c s3cr3t "$work/tap.log")"
	done
	unsigned 2 EIF-USAGE 'two keys' P-384.key.pem P-384.pem --key 'pkcs11:?pin-value=s3cr3t'
	same 'two keys: neither is printed' 0 "$(grep -c s3cr3t "$work/tap.log")"
	unsigned 4 EIF-KEY 'the scheme in another letter case is no file' 'PKCS11:token=none' P-384.pem --random-nonce
	unsigned 4 FILE-OPEN 'a percent sign is nothing special in the name of a file' pin%2value P-384.pem
}

# issue NAME BY [OPTION]...: a certificate for NAME's key, issued by BY
issue()
{
	name=$1 by=$2
	shift 2
	openssl req -new -key "$name.key.pem" -subj "/CN=test $name" -out request 2>/dev/null
	openssl x509 -req -in request -CA "$by.pem" -CAkey "$by.key.pem" -not_before 20250101000000Z \
		-not_after 20300101000000Z "$@" -out "$name.pem" 2>/dev/null
}

test_chains()
{
	key root P-521
	certify root
	key middle P-384
	printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n' >authority
	issue middle root -extfile authority
	key leaf P-256
	printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n' >signer
	issue leaf middle -extfile signer
	cat leaf.pem middle.pem root.pem >chain.pem
	"$EIF" sign "$image" --key leaf.key.pem --certificate chain.pem --at "$now" -o chain.eif >/dev/null
	same 'a chain of three: PCR8 is of the first' "$(pcr8_of leaf.pem)" \
		"$("$EIF" describe --json chain.eif | jq -r .Measurements.PCR8)"
	cat leaf.pem root.pem >bad.pem
	unsigned 1 EIF-CERTIFICATE-CHAIN 'a chain with a gap' leaf.key.pem bad.pem
	cat leaf.pem root.pem middle.pem >bad.pem
	unsigned 1 EIF-CERTIFICATE-CHAIN 'a chain in another order' leaf.key.pem bad.pem
	cat leaf.pem leaf.pem >bad.pem
	unsigned 1 EIF-CERTIFICATE-CHAIN 'the same certificate twice' leaf.key.pem bad.pem
	cp middle.pem true.pem
	issue middle root -extfile signer
	cat leaf.pem middle.pem root.pem >bad.pem
	unsigned 1 EIF-CERTIFICATE-CHAIN 'an issuer that is no authority' leaf.key.pem bad.pem
	cp true.pem middle.pem
	sed '$d' chain.pem >bad.pem
	unsigned 3 EIF-CERTIFICATE 'a chain that ends early' leaf.key.pem bad.pem
	unsigned 1 EIF-CERTIFICATE-USAGE 'a certificate that is for issuing alone' middle.key.pem middle.pem
	for extension in 1.2.3.4=critical,DER:0500 nameConstraints=critical,permitted\;DNS:example.com \
		extendedKeyUsage=critical,serverAuth certificatePolicies=critical,1.2.3.4; do
		certify leaf -addext "$extension"
		unsigned 1 EIF-CERTIFICATE-EXTENSION "a critical extension: $extension" leaf.key.pem leaf.pem
		certify leaf -addext "$(echo "$extension" | sed s/critical,//)"
		check "the same, not critical: $extension" "$EIF" sign "$image" --key leaf.key.pem \
			--certificate leaf.pem --at "$now" -o again.eif
	done
	certify leaf -addext extendedKeyUsage=critical,codeSigning
	check 'a critical extension: for signing code' "$EIF" sign "$image" --key leaf.key.pem \
		--certificate leaf.pem --at "$now" -o again.eif
	issue leaf middle -extfile signer
	printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign\n' >short
	issue middle root -extfile short
	cat leaf.pem middle.pem root.pem >near.pem
	check 'path length 0, and no authority below' "$EIF" sign "$image" --key leaf.key.pem \
		--certificate near.pem --at "$now" -o again.eif
	key low P-256
	issue low middle -extfile authority
	issue leaf low -extfile signer
	cat leaf.pem low.pem middle.pem root.pem >bad.pem
	unsigned 1 EIF-CERTIFICATE-CHAIN 'path length 0, and an authority below' leaf.key.pem bad.pem
	printf 'basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;DNS:example.com\n' >short
	issue middle root -extfile short
	issue leaf middle -extfile signer
	cat leaf.pem middle.pem root.pem >bad.pem
	unsigned 1 EIF-CERTIFICATE-EXTENSION 'a critical extension of an authority' leaf.key.pem bad.pem
	cp true.pem middle.pem
	issue leaf middle -extfile signer
	i=0
	: >bad.pem
	while [ $i -lt 17 ]; do
		cat leaf.pem >>bad.pem
		i=$((i + 1))
	done
	unsigned 3 EIF-CERTIFICATE 'seventeen certificates' leaf.key.pem bad.pem
	key long P-256
	certify long -addext "nsComment=$(printf %012000d 0)"
	unsigned 3 EIF-SECTION-SIZE 'a certificate that does not fit' long.key.pem long.pem
}

test_times()
{
	set -- sign "$image" --key P-384.key.pem --certificate P-384.pem -o never.eif
	refused 1 EIF-CERTIFICATE-EARLY 'a second too early' "$@" --at 2024-12-31T23:59:59Z
	refused 1 EIF-CERTIFICATE-EXPIRED 'a second too late' "$@" --at 2035-01-01T00:00:01Z
	refused 1 EIF-CERTIFICATE-EXPIRED 'a chain whose middle has expired' sign "$image" --key leaf.key.pem \
		--certificate chain.pem --at 2031-01-01 -o never.eif
	for at in '' now 2026-13-01 2026-01-01T00:00:00 2026-01-01T00:00:00+01:00 2026-01-01x 2027-02-31 \
		2027-02-29 ' 2026-01-01' '2026- 1-01' 2026-1-1 26-01-01 2026-01-01T00:00:61Z 2026-01-01T00:00:60Z \
		2026-01-01T24:00:00Z '2026-01-01 T00:00:00Z' 2026-01-01T0:00:00Z +2026-01-01; do
		refused 2 EIF-TIME "not a time: '$at'" "$@" --at "$at"
	done
	"$EIF" "$@" --at 2025-01-01 >/dev/null 2>stderr
	same 'the first second will do, and nothing is said' '' "$(cat stderr)"
	"$EIF" "$@" --at 2035-01-01T00:00:00Z >/dev/null 2>stderr
	same 'so will the last, with a warning' 'eif: warning: P-384.pem: expires within 1 days' \
		"$(cat stderr)"
	"$EIF" "$@" --at 2034-12-01 >/dev/null 2>stderr
	same '31 days before the end: no warning' '' "$(cat stderr)"
	"$EIF" "$@" --at 2034-12-02T00:00:01Z >/dev/null 2>stderr
	same '30 days before the end: a warning' 1 "$(grep -c 'warning: P-384.pem: expires within 30 days' stderr)"
	rm never.eif
	key past P-384
	certify past -not_before 20000101000000Z -not_after 20010101000000Z
	refused 1 EIF-CERTIFICATE-EXPIRED 'without --at the clock counts' sign "$image" --key past.key.pem \
		--certificate past.pem -o never.eif
	"$EIF" sign "$image" --key past.key.pem --certificate past.pem --at 2000-06-01 -o past.eif >/dev/null
	"$EIF" sign "$image" --key P-384.key.pem --certificate P-384.pem -o clock.eif >/dev/null 2>&1 || : >clock.eif
	"$EIF" sign "$image" --key P-384.key.pem --certificate P-384.pem --at "$now" -o signed.eif >/dev/null
	if [ "$(date +%Y)" -lt 2034 ]; then
		same 'the time is in no byte' "$(sha256sum <signed.eif)" "$(sha256sum <clock.eif)"
	else
		skip 'the time is in no byte' 'the test certificate has expired'
	fi
}

# bad CODE NAME ARGS...: eif verify says so, in the report and as its error
bad()
{
	code=$1 name=$2
	shift 2
	fails 1 "^eif: $code: " "verify: $name" "$EIF" verify "$@"
	same "verify: $name, in the report" "false $code" \
		"$("$EIF" verify --json "$@" 2>/dev/null | jq -r '.Signature | "\(.Good) \(.Name)"')"
}

test_verify()
{
	"$EIF" sign "$image" --key P-384.key.pem --certificate P-384.pem --at "$now" -o signed.eif >/dev/null
	same 'verify: a good signature' 'true CN=test P-384 ES384 1 2025-01-01T00:00:00Z 2035-01-01T00:00:00Z' \
		"$("$EIF" verify --json signed.eif --certificate P-384.pem --at "$now" |
			jq -r '.Signature | "\(.Good) \(.Subject) \(.Algorithm) \(.Certificates) \(.NotBefore) \(.NotAfter)"')"
	check 'verify: a good signature by anybody, and no clock' "$EIF" verify past.eif
	same 'verify: by anybody, and says so' 'but by anybody' \
		"$("$EIF" verify past.eif | sed -n 's/^Signature *good, \(but by anybody\) (.*): ES384 by CN=test past, .*/\1/p')"
	same 'verify: by the expected one' 'ES384 by CN=test past' "$("$EIF" verify past.eif --certificate past.pem |
		sed -n 's/^Signature *good: \(ES384 by CN=test past\), .*/\1/p')"
	same 'verify: by whom, in the report' 'false true' "$("$EIF" verify --json past.eif | jq .Signature.Expected) $(
		"$EIF" verify --json past.eif --certificate past.pem | jq .Signature.Expected)"
	check 'verify: a chain' "$EIF" verify chain.eif --certificate chain.pem
	check 'verify: an unsigned image, of which nobody asks for a signature' "$EIF" verify "$image"
	bad EIF-CERTIFICATE-EXPIRED 'a certificate that has expired' past.eif --at "$now"
	bad EIF-CERTIFICATE-EARLY 'a certificate before its time' signed.eif --at 2020-01-01
	bad EIF-CERTIFICATE-OTHER 'another certificate' signed.eif --certificate other.pem
	bad EIF-UNSIGNED 'an unsigned image' "$image" --certificate P-384.pem
	cp signed.eif bad.eif
	at=$(($(size_of bad.eif) - 1))
	put bad.eif $at "$(be 1 $((0x$(hex_at bad.eif $at 1) ^ 1)))"
	fixcrc bad.eif
	bad EIF-SIGNATURE-BAD 'one bit of the signature' bad.eif
	"$EIF" extract signed.eif section
	cp "$golden/01-one-ramdisk.eif" bad.eif
	append bad.eif 4 section/signature
	bad EIF-SIGNATURE-PCR 'the signature of another image' bad.eif --certificate P-384.pem
	for file in empty bad.pem; do
		fails 3 "^eif: EIF-CERTIFICATE: $file: " "verify: a malformed file of the expected certificate: $file" \
			"$EIF" verify signed.eif --certificate "$file"
		same "verify: $file: no report" '' "$("$EIF" verify --json signed.eif --certificate "$file" 2>/dev/null)"
	done
	fails 2 '^eif: EIF-TIME: ' 'verify: no time' "$EIF" verify signed.eif --at now
}

# ---- images and signatures that do not do ----

test_images()
{
	set -- --key P-384.key.pem --certificate P-384.pem --at "$now" -o never.eif
	refused 1 EIF-SIGNED 'an image that is signed' sign signed.eif "$@"
	refused 1 EIF-SIGNED 'detached: an image that is signed' sign signed.eif --detached \
		--certificate P-384.pem --at "$now" -o never.eif
	refused 1 EIF-SIGNED 'attach: an image that is signed' attach signed.eif --signature der \
		--certificate P-384.pem --at "$now" -o never.eif
	refused 3 EIF-SECTION-COUNT 'an image of 32 sections' sign "$golden/21-29-ramdisks-max.eif" "$@"
	refused 3 EIF-SECTION-COUNT 'detached: an image of 32 sections' sign "$golden/21-29-ramdisks-max.eif" \
		--detached --certificate P-384.pem --at "$now" -o never.eif
	head -c 9000 "$image" >cut.eif
	refused 3 EIF-TRUNCATED 'a damaged image' sign cut.eif "$@"
	refused 1 EIF-UNSIGNED 'strip: an unsigned image' strip "$image" -o never.eif
	refused 3 EIF-SECTION-SIZE 'strip: a stale size in the table' strip "$golden/28-resign-longer-cert.eif" -o never.eif
	refused 4 FILE-OPEN 'a missing image' sign none "$@"
	refused 4 FILE-CREATE 'no folder for the output' sign "$image" --key P-384.key.pem \
		--certificate P-384.pem --at "$now" -o no/such.eif
}

test_attach()
{
	set -- --certificate P-384.pem --at "$now" -o never.eif
	"$EIF" sign "$image" --detached --certificate P-384.pem --at "$now" -o tbs
	openssl dgst -sha384 -sign P-384.key.pem -out der tbs
	"$EIF" attach "$image" --signature der --certificate P-384.pem --at "$now" -o attached.eif >/dev/null
	same "attach: a signature by openssl dgst" "$(sha256sum <"$image")" "$(
		"$EIF" strip attached.eif -o stripped.eif >/dev/null
		sha256sum <stripped.eif
	)"
	refused 1 EIF-SIGNATURE-BAD "attach: a signature of another image" attach "$golden/01-one-ramdisk.eif" \
		--signature der "$@"
	refused 1 EIF-SIGNATURE-BAD "attach: another key's signature" attach "$image" --signature der \
		--certificate other.pem --at "$now" -o never.eif
	head -c 96 /dev/zero >zeros
	refused 1 EIF-SIGNATURE-BAD 'attach: zeros' attach "$image" --signature zeros "$@"
	: >none
	refused 3 EIF-SIGNATURE 'attach: nothing' attach "$image" --signature none "$@"
	head -c 95 /dev/zero >short
	refused 3 EIF-SIGNATURE 'attach: one byte short' attach "$image" --signature short "$@"
	{
		cat der
		printf x
	} >longer
	refused 3 EIF-SIGNATURE 'attach: a byte behind the DER' attach "$image" --signature longer "$@"
	base64 <der >text
	refused 3 EIF-SIGNATURE 'attach: base64' attach "$image" --signature text "$@"
	openssl dgst -sha256 -sign P-384.key.pem -out der tbs
	refused 1 EIF-SIGNATURE-BAD 'attach: over another digest' attach "$image" --signature der "$@"
}

test_usage()
{
	for args in sign "sign $image" "sign $image --key k" "sign $image --key k --certificate c" \
		"sign $image --certificate c -o o" "sign $image --detached" \
		"sign $image --detached --certificate c --key k" "sign $image --detached --certificate c --json" \
		"sign $image $image --key k --certificate c -o o" "sign --key k --key k" "sign --sparkle" "sign --key" \
		attach "attach $image --signature s -o o" "attach $image --certificate c -o o" \
		"attach $image --signature s --certificate c" "attach --key k" \
		strip "strip $image" "strip -o o" "strip $image $image -o o" "strip --key k"; do
		# shellcheck disable=SC2086 # words
		refused 2 EIF-USAGE "usage: ${args%%/*}..." $args
	done
	for command in sign attach strip; do
		same "help: eif $command" "usage: eif $command" "$("$EIF" $command --help | sed -n '1s/^\(usage: eif [a-z]*\).*/\1/p')"
	done
}

# limited COMMAND...: no file may exceed 4 KiB
limited()
(
	trap '' XFSZ
	ulimit -f 8
	"$@"
)

# What cannot be told is not there: no file, and in the place of another that one.
test_full_output()
{
	if ! [ -c /dev/full ]; then
		skip 'a full standard output' 'no /dev/full here'
		return
	fi
	"$EIF" sign "$image" --detached --certificate P-384.pem --at "$now" -o tbs
	openssl dgst -sha384 -sign P-384.key.pem -out der tbs
	set -- --kernel kernel --cmdline x --ramdisk cpio --no-boot-checks -o never.eif
	signer="--key P-384.key.pem --certificate P-384.pem --at $now"
	rm -f never.eif
	ls -A >"$work/before"
	for how in "sign $image $signer -o never.eif" "sign $image $signer --json -o never.eif" "build $* $signer" "build $*" \
		"attach $image --signature der --certificate P-384.pem --at $now -o never.eif" "strip signed.eif -o never.eif"; do
		# shellcheck disable=SC2016,SC2086 # the inner shell's; words
		fails 4 '^eif: FILE-WRITE: standard output' "a full standard output: ${how%% *}" \
			sh -c '"$0" "$@" >/dev/full' "$EIF" $how
	done
	ls -A >"$work/after"
	same 'a full standard output: nothing left' "$(cat "$work/before")" "$(cat "$work/after")"
	cp "$image" kept.eif
	# shellcheck disable=SC2016,SC2086 # likewise
	sh -c '"$0" "$@" >/dev/full' "$EIF" sign kept.eif $signer -o kept.eif 2>/dev/null || :
	same 'a full standard output: what was there is there' "$(sha256sum <"$image")" "$(sha256sum <kept.eif)"
	rm kept.eif
}

# Ended by a signal in the middle of the unsigned image, which has no name.
# shellcheck disable=SC3045 # ulimit -c is no POSIX, but dash, bash and busybox have it
test_interrupted()
{
	head -c 20000 /dev/zero >large
	set -- build --kernel large --cmdline x --ramdisk cpio --no-boot-checks --at "$now" -o never.eif
	ls -A >"$work/before"
	status=0
	(
		ulimit -c 0
		ulimit -f 8
		exec "$EIF" "$@" --key P-384.key.pem --certificate P-384.pem
	) >/dev/null 2>&1 || status=$?
	ls -A >"$work/after"
	same 'an interrupted build with a key ends by the signal, and leaves nothing' "true $(cat "$work/before")" \
		"$([ $status -gt 128 ] && echo true) $(cat "$work/after")"
	fails 1 '^eif: EIF-KEY-OTHER: ' 'build: the key is looked at before anything is written' \
		limited "$EIF" "$@" --key other.key.pem --certificate P-384.pem
	fails 1 '^eif: EIF-CERTIFICATE-USAGE: ' 'build: the certificate is looked at before anything is written' \
		limited "$EIF" "$@" --key middle.key.pem --certificate middle.pem
	fails 4 '^eif: FILE-WRITE: ' 'build: no room for the unsigned image' \
		limited "$EIF" "$@" --key P-384.key.pem --certificate P-384.pem
	name=$(printf %0246d 0)
	check 'build: a signed image with a name of 246 characters' "$EIF" build --kernel kernel --cmdline x \
		--ramdisk cpio --no-boot-checks --key P-384.key.pem --certificate P-384.pem --at "$now" -o "$name"
	rm -f "$name"
}

test_environment()
{
	ls -A >"$work/before"
	fails 4 '^eif: FILE-WRITE: ' 'no room for the image' limited "$EIF" sign "$image" --key P-384.key.pem \
		--certificate P-384.pem --at "$now" -o never.eif
	fails 4 '^eif: FILE-WRITE: ' 'no room for the stripped image' limited "$EIF" strip signed.eif -o never.eif
	ls -A >"$work/after"
	same 'no room: nothing left' "$(cat "$work/before")" "$(cat "$work/after")"
	test_full_output
	test_interrupted
	cp signed.eif kept.eif
	fails 1 '^eif: EIF-KEY-OTHER: ' 'a failure' "$EIF" sign "$image" --key other.key.pem \
		--certificate P-384.pem --at "$now" -o kept.eif
	same 'a failure leaves what was there' "$(sha256sum <signed.eif)" "$(sha256sum <kept.eif)"
}

# 192 MiB through 64 MiB of address space: memory does not grow with the image.
# shellcheck disable=SC3045 # ulimit -v is no POSIX, but dash, bash and busybox have it
test_memory()
{
	if ! (ulimit -v 65536 && "$EIF" --version) >/dev/null 2>&1; then
		skip 'memory' 'the command does not start in 64 MiB of address space'
		return
	fi
	dd if=/dev/zero of=huge bs=1 count=0 seek=201326592 2>/dev/null
	"$EIF" build --kernel kernel --cmdline x --ramdisk huge --no-boot-checks -o huge.eif >/dev/null
	rm huge
	(
		ulimit -v 65536
		"$EIF" sign huge.eif --key P-384.key.pem --certificate P-384.pem --at "$now" -o hugesigned.eif
		"$EIF" strip hugesigned.eif -o hugestripped.eif
	) >printed 2>&1 || true
	check 'memory: sign and strip 192 MiB' cmp huge.eif hugestripped.eif
	rm -f huge.eif hugesigned.eif hugestripped.eif
}

# ---- a token ----

test_token()
{
	softhsm=${SOFTHSM:-/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so}
	if ! [ -f "$softhsm" ] || ! command -v softhsm2-util >/dev/null; then
		skip 'a token' 'no SoftHSM here'
		return
	fi
	if ! openssl list -providers -provider pkcs11 2>/dev/null | grep -q pkcs11; then
		skip 'a token' 'no provider pkcs11 here'
		return
	fi
	mkdir tokens
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens" >softhsm.conf
	export SOFTHSM2_CONF="$PWD/softhsm.conf" PKCS11_PROVIDER_MODULE="$softhsm"
	softhsm2-util --init-token --free --label test --so-pin 12345678 --pin 1234 >/dev/null
	for curve in P-256 P-384 P-521; do
		softhsm2-util --import $curve.key.pem --token test --label "$curve" --id "0${curve#P-}" --pin 1234 >/dev/null
	done
	echo 1234 >pin
	echo 4321 >wrongpin
	if "$EIF" sign "$image" --key 'pkcs11:token=none' --certificate P-384.pem --at "$now" -o never.eif 2>&1 |
		grep -q RTLD_DEEPBIND; then
		skip 'a token' 'its library cannot be loaded under the sanitizers'
		return
	fi
	for curve in P-256 P-384 P-521; do
		uri="pkcs11:token=test;object=$curve;type=private"
		check "a token's key on $curve signs" "$EIF" sign "$image" --key "$uri" --passphrase-file pin \
			--random-nonce --certificate $curve.pem --at "$now" -o token.eif
		by_hand "a token's signature on $curve" $curve token.eif
		rm token.eif
	done
	uri='pkcs11:token=test;object=P-384;type=private'
	check 'the scheme in another letter case' "$EIF" sign "$image" --key "PKCS11:${uri#*:}" --passphrase-file pin \
		--random-nonce --certificate P-384.pem --at "$now" -o token.eif
	rm token.eif
	unsigned 4 EIF-NONCE 'a token without deterministic nonces' "$uri" P-384.pem --passphrase-file pin
	fails 4 '^eif: EIF-NONCE: ' 'build: nonces are looked at before anything is written' limited "$EIF" build \
		--kernel large --cmdline x --ramdisk cpio --no-boot-checks --key "$uri" --passphrase-file pin \
		--certificate P-384.pem --at "$now" -o never.eif
	unsigned 4 EIF-KEY 'a token without its PIN' "$uri" P-384.pem --random-nonce
	unsigned 4 EIF-KEY 'a token with another PIN' "$uri" P-384.pem --random-nonce --passphrase-file wrongpin
	unsigned 4 EIF-KEY 'a key that the token has not' 'pkcs11:token=test;object=none;type=private' P-384.pem \
		--random-nonce --passphrase-file pin
	unsigned 4 EIF-KEY 'more than one key' 'pkcs11:token=test;type=private' P-384.pem \
		--random-nonce --passphrase-file pin
	unsigned 1 EIF-KEY-OTHER "a token's key and another certificate" 'pkcs11:token=test;object=P-256;type=private' \
		P-384.pem --random-nonce --passphrase-file pin
	unset SOFTHSM2_CONF PKCS11_PROVIDER_MODULE
}

for curve in P-256 P-384 P-521; do
	test_curve $curve
done
test_documentation
test_aws_form
test_build
test_keys
test_der
test_pin
test_chains
test_times
test_verify
test_images
test_attach
test_usage
test_environment
test_memory
test_token
finish_tap
