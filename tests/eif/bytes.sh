# shellcheck shell=sh
# Bytes of images, made and damaged in shell, to be sourced by the tests of this room. Must never share code with the
# eif command or ci/recompute: headers and checksums are made here once more.
#
# Asks for $here, this folder, and $work, a scratch folder. Writes scratch files to the current folder. FILL is the
# compiled fill.c (compiled into $work when unset).
# shellcheck disable=SC2154 # here, work

if [ -z "${FILL:-}" ]; then
	FILL=$work/fill
	"${CC:-cc}" -std=gnu17 -O2 -o "$FILL" "$here/fill.c"
fi
case $FILL in
/*) ;;
*) FILL=$PWD/$FILL ;;
esac

# unhex HEX
unhex()
{
	h=$1
	o=
	while [ -n "$h" ]; do
		rest=${h#??}
		b=$((0x${h%"$rest"}))
		o="$o\\$((b / 64))$((b / 8 % 8))$((b % 8))"
		h=$rest
	done
	# shellcheck disable=SC2059 # the format is the octal escapes just made
	printf "$o"
}

# cut_out FILE OFFSET SIZE
cut_out()
{
	dd if="$1" bs=65536 skip="$2" count="$3" iflag=skip_bytes,count_bytes 2>/dev/null
}

# hex_at FILE OFFSET SIZE
hex_at()
{
	cut_out "$1" "$2" "$3" | od -An -v -tx1 | tr -d ' \n'
}

number_at()
{
	echo $((0x$(hex_at "$1" "$2" "$3")))
}

# be SIZE NUMBER
be()
{
	printf "%0$((2 * $1))x" "$2"
}

# put FILE OFFSET HEX
put()
{
	unhex "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

size_of()
{
	wc -c <"$1" | tr -d ' '
}

cut_off()
{
	cut_out "$1" 0 "$2" >shorter
	mv shorter "$1"
}

# gzip ends with the same CRC-32 as the image's, little-endian
crc_of()
{
	{
		cut_out "$1" 0 544
		tail -c +549 "$1"
	} | gzip -1c | tail -c 8 | od -An -v -tx1 | awk 'NR == 1 { print $4 $3 $2 $1 }'
}

fixcrc()
{
	put "$1" 544 "$(crc_of "$1")"
}

# add FILE TYPE DATA: one more section, with header, table and count brought in line, but not the checksum
add()
{
	n=$(number_at "$1" 26 2)
	at=$(size_of "$1")
	size=$(size_of "$3")
	put "$1" 26 "$(be 2 $((n + 1)))"
	put "$1" $((28 + 8 * n)) "$(be 8 "$at")"
	put "$1" $((284 + 8 * n)) "$(be 8 "$size")"
	unhex "$(be 2 "$2")0000$(be 8 "$size")" >>"$1"
	cat "$3" >>"$1"
}

# append FILE TYPE DATA: the same, with a right checksum
append()
{
	add "$@"
	fixcrc "$1"
}

# assemble FILE ARCH-FLAG [TYPE DATA]...: a writer of our format in shell
assemble()
{
	image=$1
	unhex "2e6569660004$(be 2 "$2")$(be 8 1073741824)$(be 8 2)00000000" >"$image"
	dd if=/dev/zero bs=520 count=1 2>/dev/null >>"$image"
	shift 2
	while [ $# -gt 0 ]; do
		add "$image" "$1" "$2"
		shift 2
	done
	fixcrc "$image"
}

# ---- CBOR of a signature section ----

text_hex()
{
	printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

# ints FILE: an array of its bytes as integers
ints()
{
	printf '99%04x' "$(size_of "$1")"
	od -An -v -tu1 "$1" | awk '{
		for (i = 1; i <= NF; i++) printf $i < 24 ? "%02x" : "18%02x", $i
	}'
}

certificate_name=73$(text_hex signing_certificate)
signature_name=69$(text_hex signature)

# signature_of PEM: a section with this certificate and a COSE_Sign1 of no meaning
signature_of()
{
	unhex "81a2$certificate_name$(ints "$1")${signature_name}83010203"
}

# ---- bytes by rules: eif-pcrs.json, aws-eif/cases.json ----

# inputs FILE INDEX: writes kernel and ramdisks by their rules, sets the arguments of eif build
inputs()
{
	jq -r ".cases[$2] | [.kernel, .ramdisks[]] | to_entries[] |
		(.value.fill // (.value | {K: .mul, N: 0, L: 0, M: .add, k: 0, len})) as \$r |
		\"\\(.key) \\(\$r.K) \\(\$r.N) \\(\$r.L) \\(\$r.M) \\(\$r.k) \\(\$r.len)\"" "$1" >rules
	# shellcheck disable=SC2034 # for the caller
	cmdline=$(jq -r ".cases[$2].cmdline" "$1")
	disk_args=
	while read -r index rule; do
		# shellcheck disable=SC2086 # six numbers
		"$FILL" $rule >"input$index"
		[ "$index" -eq 0 ] || disk_args="$disk_args --ramdisk input$index"
	done <rules
}
