#!/bin/sh
# A document of AWS's, as bytes and in base64, one as QEMU writes it, and a token of TF-RMM's.
set -eu
: "${here:?the folder tests/fuzz}"

cp "$here/../attest/golden/nitro-doc-debug.b64" document-text
base64 -d <document-text >document
cp "$here/../attest/golden/cca_token-legacy.cbor" token

# text WORD: of fewer than 24 letters
text()
{
	# shellcheck disable=SC2059 # the head is made here
	printf "\\$(printf %o $((96 + ${#1})))%s" "$1"
}
zeros()
{
	printf '\130\100'
	head -c 64 /dev/zero
}
payload()
{
	printf '\251'
	text module_id && text i-234-enc5678
	text digest && text SHA384
	text timestamp && printf '\033\000\000\001\231\000\000\000\000'
	text pcrs && printf '\243'
	for pcr in '\000' '\001' '\002'; do
		# shellcheck disable=SC2059 # an escape
		printf "$pcr" && printf '\130\060%48s' pcr
	done
	text certificate && zeros
	text cabundle && printf '\201' && zeros
	for field in public_key user_data nonce; do
		text $field && printf '\366'
	done
}
payload >fields
size=$(wc -c <fields)
{
	printf '\204\103\241\001\040\240\131'
	# shellcheck disable=SC2059 # escapes
	printf "\\$(printf %o $((size / 256)))\\$(printf %o $((size % 256)))"
	cat fields && zeros
} >emulator
rm -f fields
