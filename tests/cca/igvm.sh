# shellcheck shell=sh
# IGVM images made and damaged as the lines of cases/*.cases say, to be sourced. Must never share code with the realm
# command: headers and checksums are made here once more. cases/README.md has the words. Writes to the current folder.
# shellcheck disable=SC2034,SC2154 # elements are found by name

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

# le SIZE NUMBER: its bytes in hexadecimal, the lowest first
le()
{
	n=$2
	i=0
	while [ $i -lt "$1" ]; do
		printf '%02x' $((n & 255))
		n=$((n >> 8))
		i=$((i + 1))
	done
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

# element TYPE CONTENT: with length and padding, in hexadecimal
element()
{
	length=$((${#2} / 2))
	le 4 "$1"
	le 4 $length
	printf %s "$2"
	while [ $((length % 8)) -ne 0 ]; do
		printf 00
		length=$((length + 1))
	done
}

# What an image is made of unless a case says otherwise. @0 is the place of the page, @1 that of the context, @2 what is
# behind them.
first_elements()
{
	e_platform=$(element 0x1 01000000000601000000000000000000)
	e_policy=$(element 0x106 0100000000000000000000000000000000000000000000000000000000000000)
	e_slot=$(element 0x104 01000000000000000000000000000000)
	e_memory=$(element 0x305 000000800000000001000000000020000000000000000000)
	e_page=$(element 0x302 000000800000000001000000@0______0000000000000000)
	e_zero=$(element 0x302 001000800000000001000000000000000000000000000000)
	e_context=$(element 0x304 000000000000000001000000@1______00000000)
	elements='platform policy slot memory page zero context'
	fixed_edits='' checksum=right tail='' more=0 cut=0
	cp context.first context
}

# change NAME OFFSET HEX: other bytes in an element
change()
{
	eval "old=\$e_$1"
	head=$(printf %s "$old" | cut -c 1-$((2 * $2)))
	rest=$(printf %s "$old" | cut -c $((2 * $2 + ${#3} + 1))-)
	[ "$2" -gt 0 ] || head=
	eval "e_$1=\$head\$3\$rest"
}

# crc_of FILE END: of its first END bytes, the checksum as zeros; gzip ends with it
crc_of()
{
	{
		dd if="$1" bs=1 count=20 2>/dev/null
		unhex 00000000
		dd if="$1" bs=1 skip=24 count=$(($2 - 24)) 2>/dev/null
	} | gzip -1c | tail -c 8 | od -An -v -tx1 | awk 'NR == 1 { print $1 $2 $3 $4 }'
}

# assemble FILE: fixed header, elements, the page, the context, more
assemble()
{
	headers=
	for element in $elements; do
		eval "headers=\$headers\$e_$element"
	done
	start=$((32 + ${#headers} / 2))
	total=$((start + 8192 + more))
	headers=$(printf %s "$headers" |
		sed "s/@0______/$(le 4 $start)/g; s/@1______/$(le 4 $((start + 4096)))/g; s/@2______/$(le 4 $((start + 8192)))/g")
	{
		unhex "4947564d0200000020000000$(le 4 $((start - 32)))$(le 4 $total)000000000100000000100000$headers"
		cat page context
		[ "$more" -eq 0 ] || head -c "$more" /dev/zero
	} >"$1"
	for edit in $fixed_edits; do
		put "$1" "${edit%%=*}" "${edit#*=}"
	done
	[ -z "$tail" ] || unhex "$tail" >>"$1"
	[ "$cut" -eq 0 ] || {
		head -c $(($(size_of "$1") - cut)) "$1" >shorter
		mv shorter "$1"
	}
	[ "$checksum" != right ] || [ "$(size_of "$1")" -lt "$start" ] || put "$1" 20 "$(crc_of "$1" $start)"
	[ "$checksum" = right ] || [ "$checksum" = stale ] || put "$1" 20 "$checksum"
}

make_parts()
{
	head -c 4096 /dev/zero | tr '\0' Z >page
	head -c 4096 /dev/zero >context.first
	put context.first 0 0000e08f00000000
	put context.first 64 0000008000000000
	put context.first 72 0100000000000000
}

# damage WORD REST: one line of a case
damage()
{
	# shellcheck disable=SC2086 # words
	case $1 in
	elements) elements=$2 ;;
	new)
		set -- $2
		eval "e_$1=\$(element $2 ${3:-})"
		;;
	raw)
		set -- $2
		eval "e_$1=\$2"
		;;
	change)
		set -- $2
		change "$1" $(($2)) "$3"
		;;
	context)
		set -- $2
		put context $(($1)) "$2"
		;;
	fixed)
		set -- $2
		fixed_edits="$fixed_edits $(($1))=$2"
		;;
	checksum) checksum=$2 ;;
	append) tail=$2 ;;
	more) more=$2 ;;
	cut) cut=$2 ;;
	*) return 1 ;;
	esac
}
