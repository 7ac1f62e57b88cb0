#!/bin/sh
# The chain in a document of AWS's: its leaf, the authorities from the last one on, the root; alone and together. In the
# document a certificate is a byte string of two bytes' length, 59 XX XX, and begins with a sequence, 30 82 YY YY.
set -eu
: "${here:?the folder tests/fuzz}"

base64 -d <"$here/../attest/golden/nitro-doc-debug.b64" >document
od -An -v -tx1 document | tr -d ' \n' | awk '
	function value(hex,  n, i) {
		for (n = i = 0; i < 4; )
			n = n * 16 + index("0123456789abcdef", substr(hex, ++i, 1)) - 1
		return n
	}
	{
		for (at = 1; at < length($0); at += 2)
			if (substr($0, at, 2) == "59" && substr($0, at + 6, 4) == "3082") {
				size = value(substr($0, at + 2, 4))
				if (size == value(substr($0, at + 10, 4)) + 4)
					print (at + 5) / 2, size
			}
	}' >places
# The document has the leaf first, then the authorities from the root on.
order=
while read -r at size; do
	{
		# shellcheck disable=SC2059 # an escape
		printf "\\$(printf %o $((size / 256)))\\$(printf %o $((size % 256)))"
		tail -c +$((at + 1)) document | head -c "$size"
	} >"one-$at"
	case $order in
	'') leaf=one-$at order=' ' ;;
	*) order="one-$at $order" ;;
	esac
done <places
# shellcheck disable=SC2086 # a list of words
cat "$leaf" $order >chain
rm -f document places
