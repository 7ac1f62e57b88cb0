# shellcheck shell=sh
# Images made and damaged as the lines of cases/*.cases say, to be sourced behind bytes.sh. cases/README.md has the
# words. Writes to the current folder.
# shellcheck disable=SC2154 # f, here: of the caller

# A kernel of zeros with as much of a boot header as a loader asks for: protocol 2.12, one sector of setup.
make_parts()
{
	dd if=/dev/zero of=kernel bs=2048 count=1 2>/dev/null
	put kernel 497 01
	put kernel 510 55aa
	put kernel 514 48647253
	put kernel 518 0c02
	put kernel 529 01
	put kernel 556 ffffff7f
	printf 'console=ttyS0 quiet' >cmdline
	printf '{"ImageName":"n","ImageVersion":"v","BuildMetadata":{"BuildTime":"","BuildTool":"","BuildToolVersion":"",%s' \
		'"OperatingSystem":"","KernelVersion":""}}' >metadata
	printf '07070100000000' >ramdisk
	: >empty
	printf 'quiet\0more' >nul-cmdline
	"$FILL" 0 0 0 32 0 65537 >long-cmdline
	"$FILL" 0 0 0 32 0 262145 >long-metadata
	"$FILL" 0 0 0 0 0 32769 >long-signature
	signature_of "$here/golden/aws-eif/test-p384.cert.pem" >signature
	{
		cat signature
		printf x
	} >signature-longer
	cut_out signature 0 100 >signature-cut
	unhex "81a2${signature_name}83010203$certificate_name$(ints "$here/golden/aws-eif/test-p384.cert.pem")" \
		>signature-swapped
}

# sections WORD...: the image anew, with these
sections()
{
	list=
	for word; do
		case $word in
		30 | 29) # ramdisks, as many
			while [ "$word" -gt 0 ]; do
				list="$list 3 ramdisk"
				word=$((word - 1))
			done
			;;
		*-kernel) list="$list 1 empty" ;;
		empty-cmdline) list="$list 2 empty" ;;
		empty-ramdisk) list="$list 3 empty" ;;
		kernel) list="$list 1 kernel" ;;
		*cmdline) list="$list 2 $word" ;;
		ramdisk) list="$list 3 ramdisk" ;;
		signature-a) list="$list 4 signature" ;;
		*metadata) list="$list 5 $word" ;;
		*) list="$list 4 $word" ;;
		esac
	done
	# shellcheck disable=SC2086 # numbers and names
	assemble "$f" 0 $list
}

# field NAME: sets $at and $width
field()
{
	n=${1#*.}
	case $1 in
	magic) at=0 width=4 ;;
	version) at=4 width=2 ;;
	flags) at=6 width=2 ;;
	memory) at=8 width=8 ;;
	cpus) at=16 width=8 ;;
	reserved) at=24 width=2 ;;
	count) at=26 width=2 ;;
	unused) at=540 width=4 ;;
	crc) at=544 width=4 ;;
	offset.*) at=$((28 + 8 * n)) width=8 ;;
	size.*) at=$((284 + 8 * n)) width=8 ;;
	type.*) at=$(place "section.$n") width=2 ;;
	flags.*) at=$(($(place "section.$n") + 2)) width=2 ;;
	section-size.*) at=$(($(place "section.$n") + 4)) width=8 ;;
	data.*) at=$(place "data.$n") width=1 ;;
	*) return 1 ;;
	esac
}

# place WORD[+N|-N]: an offset in the file
place()
{
	word=${1%%[+-]*}
	more=${1#"$word"}
	case $word in
	section.*) base=$(number_at "$f" $((28 + 8 * ${word#*.})) 8) ;;
	data.*) base=$(($(number_at "$f" $((28 + 8 * ${word#*.})) 8) + 12)) ;;
	end) base=$(size_of "$f") ;;
	*) base=$word more= ;;
	esac
	echo $((base + ${more:-0}))
}

# value TEXT: in hexadecimal digits, as many as the field at $at of $width bytes takes
value()
{
	case $1 in
	0x*)
		digits=${1#0x}
		while [ ${#digits} -lt $((2 * width)) ]; do
			digits=0$digits
		done
		echo "$digits"
		;;
	[+-]*)
		now=$(number_at "$f" "$at" "$width")
		be "$width" $((now + $1))
		;;
	size.*) hex_at "$f" $((284 + 8 * ${1#*.})) 8 ;;
	*) be "$width" "$(place "$1")" ;;
	esac
}

# exchange N M: two entries of the table
exchange()
{
	for base in 28 284; do
		first=$(hex_at "$f" $((base + 8 * $1)) 8)
		put "$f" $((base + 8 * $1)) "$(hex_at "$f" $((base + 8 * $2)) 8)"
		put "$f" $((base + 8 * $2)) "$first"
	done
}

# crc_by_table: the checksum as the hypervisor computes it, section by section in the table's order
crc_by_table()
{
	{
		cut_out "$f" 0 544
		i=0
		while [ $i -lt "$(number_at "$f" 26 2)" ]; do
			cut_out "$f" "$(number_at "$f" $((28 + 8 * i)) 8)" \
				$((12 + $(number_at "$f" $((284 + 8 * i)) 8)))
			i=$((i + 1))
		done
	} | gzip -1c | tail -c 8 | od -An -v -tx1 | awk 'NR == 1 { print $4 $3 $2 $1 }'
}

# damage WORD REST: one line of a case
damage()
{
	# shellcheck disable=SC2086 # words
	case $1 in
	set)
		set -- $2
		field "$1"
		put "$f" "$at" "$(value "$2")"
		;;
	bytes)
		set -- $2
		put "$f" "$(place "$1")" "$2"
		;;
	insert)
		set -- $2
		at=$(place "$1")
		{
			cut_out "$f" 0 "$at"
			unhex "$2"
			tail -c +$((at + 1)) "$f"
		} >longer
		mv longer "$f"
		;;
	swap) exchange $2 ;;
	cut) cut_off "$f" "$(place "$2")" ;;
	append) unhex "$2" >>"$f" ;;
	append-image)
		cat "$f" "$f" >twice
		mv twice "$f"
		;;
	sections) sections $2 ;;
	text-section)
		printf '%s' "${2#metadata}" | sed 's/^ //' >custom-metadata
		sections kernel cmdline custom-metadata ramdisk
		;;
	hex-section)
		unhex "$(echo "${2#signature}" | tr -d " ")" >custom
		sections kernel cmdline metadata ramdisk custom
		;;
	*) return 1 ;;
	esac
}
