#!/bin/sh
# Tests ci/recompute in three shells: its values are those of other implementations' golden vectors and, on odd and
# damaged images that are made here, those of `eif describe`; both accept and refuse the same files, or the test says
# why not. More damage: tests/eif/golden.t shows it to both. Needs EIF, the command; IMAGE and MEASUREMENTS, a pair.
set -u
export LC_ALL=C
here=$(cd -- "$(dirname -- "$0")/../eif" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
golden=$here/golden
cases=$golden/aws-eif/cases.json
recompute=$here/../../ci/recompute
[ -f "$recompute" ] || recompute=/mint/in/tree/ci/recompute
EIF=${EIF:?path of the eif command}
IMAGE=${IMAGE:-/mint/in/image.eif}
MEASUREMENTS=${MEASUREMENTS:-/mint/in/measurements.json}
work=$(mktemp -d)
TAP_TMP=$work
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# shellcheck source=tests/eif/bytes.sh
. "$here/bytes.sh"
cd "$work" || exit 4
f=$work/odd.eif

# A path of nothing but busybox, and the one program that it lacks.
shells="dash bash"
if busybox=$(command -v busybox); then
	shells="$shells busybox"
	mkdir applets
	for applet in dd od cat sed base64 sha256sum; do
		ln -s "$busybox" "applets/$applet"
	done
	ln -s "$(command -v sha384sum)" applets/sha384sum
else
	skip "under busybox" "no busybox in this environment"
fi

# in_shell SHELL ARGUMENT...: ci/recompute, with the programs that come with this shell
in_shell()
{
	case $1 in
	busybox) shift && PATH=$work/applets "$busybox" sh "$recompute" "$@" ;;
	*)
		in_shell=$1
		shift
		"$in_shell" "$recompute" "$@"
		;;
	esac
}

# is NAME EXPECTED FOUND
is()
{
	printf 'expected: %s\nfound:    %s\n' "$2" "$3" >seen
	is_status=0
	[ "$2" = "$3" ] || is_status=1
	ok $is_status "$1" seen
}

# outcome SHELL ARGUMENT...: what it prints, and its status; of a refusal only status and name of the error, when that
# is one line and nothing else was printed
outcome()
{
	outcome=0
	in_shell "$@" >stdout 2>stderr || outcome=$?
	if [ $outcome -ge 2 ] && [ ! -s stdout ] && [ "$(grep -c '' stderr)" -eq 1 ]; then
		sed -n "s/^recompute: \([A-Z0-9-]*\): .*/$outcome \1/p" stderr
	else
		cat stdout stderr
		echo "status $outcome"
	fi
}

# everywhere NAME EXPECTED ARGUMENT...: the outcome in all shells
everywhere()
{
	everywhere=$1
	expected=$2
	shift 2
	for shell in $shells; do
		is "$everywhere ($shell)" "$expected" "$(outcome "$shell" "$@")"
	done
}

# described FILE: the outcome that eif describe asks for, with the name of a refusal left open
described()
{
	described=0
	"$EIF" describe --json "$1" >described.json 2>described.err || described=$?
	case $described in
	0)
		jq -r '(.Measurements | to_entries[] | select(.key != "HashAlgorithm") | "\(.key) \(.value)"),
			"FileSha256 \(.FileSha256)"' described.json
		echo 'status 0'
		;;
	*) echo $described ;;
	esac
}

# next_shell: sets $shell to the next one, where each shell need not see each file
next_shell()
{
	shell=${shells%% *}
	shells="${shells#* } $shell"
}

# sound NAME FILE [VALUES]: both accept it and find the same values, or those that are known to be right
sound()
{
	wanted=$(described "$2")
	case $wanted in *'status 0') ok 0 "$1: sound for eif" ;; *) ok 1 "$1: sound for eif" described.err ;; esac
	[ -z "${3:-}" ] || is "$1: eif finds the golden values" "$3" "$wanted"
	everywhere "$1" "${3:-$wanted}" "$2"
}

# refused NAME FILE CODE: both call it malformed, ci/recompute with this name
refused()
{
	is "$1: malformed for eif" 3 "$(described "$2")"
	next_shell
	is "$1: refused ($shell)" "3 $3" "$(outcome "$shell" "$2")"
}

# ---- golden vectors ----

golden_lines='(.PCR0 | "PCR0 \(.)"), (.PCR1 | "PCR1 \(.)"), (.PCR2 | "PCR2 \(.)"), (.PCR8 // empty | "PCR8 \(.)")'

test_aws()
{
	for id in $(jq -r '.cases[].id' "$cases"); do
		file=$golden/aws-eif/$id.eif
		if [ "$id" = 28-resign-longer-cert ]; then
			refused "$id: a stale size in the table" "$file" EIF-SECTION-SIZE
			continue
		fi
		sound "$id" "$file" "$(
			jq -r ".cases[] | select(.id == \"$id\").expect | $golden_lines, \"FileSha256 \(.sha256)\"" "$cases"
		)
status 0"
	done
}

# The kernel and ramdisks of a case by their rules, and its certificate, assembled in shell.
test_rules()
{
	jq -r '.cases[0].expect.metadata_hex' "$cases" >hex
	unhex "$(cat hex)" >metadata
	i=0
	while [ $i -lt "$(jq '.cases | length' "$golden/eif-pcrs.json")" ]; do
		inputs "$golden/eif-pcrs.json" $i
		printf '%s' "$cmdline" >cmdline
		# shellcheck disable=SC2046 # types and names without spaces
		assemble "$f" 0 1 input0 2 cmdline 5 metadata $(echo "$disk_args" | sed 's/--ramdisk/3/g')
		jq -j ".cases[$i].signing_cert_pem // empty" "$golden/eif-pcrs.json" >pem
		if [ -s pem ]; then
			signature_of pem >section
			append "$f" 4 section
		fi
		sound "$(jq -r ".cases[$i].name" "$golden/eif-pcrs.json")" "$f" "$(
			jq -r ".cases[$i].pcrs | $golden_lines" "$golden/eif-pcrs.json"
		)
FileSha256 $(sha256sum <"$f" | cut -d ' ' -f 1)
status 0"
		i=$((i + 1))
	done
}

# ---- odd images ----

# signature_with PEM: a section with this certificate in section
signature_with()
{
	signature_of "$1" >section
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 3 disk2 4 section
}

# order DIGITS: an image whose sections have these types
order()
{
	digits=$1
	set --
	while [ -n "$digits" ]; do
		type=${digits%"${digits#?}"}
		digits=${digits#?}
		case $type in
		1) set -- "$@" 1 kernel ;;
		2) set -- "$@" 2 cmdline ;;
		3) set -- "$@" 3 disk ;;
		4) set -- "$@" 4 signature ;;
		5) set -- "$@" 5 metadata ;;
		esac
	done
	assemble "$f" 0 "$@"
}

make_parts()
{
	"$FILL" 3 1 0 7 0 1021 >kernel
	printf 'console=ttyS0 a="b c"' >cmdline
	"$FILL" 5 2 0 1 0 333 >disk
	"$FILL" 7 3 0 2 0 41 >disk2
	signature_of "$golden/aws-eif/test-p256.cert.pem" >signature
	: >empty
	printf x >one
}

test_odd()
{
	sound "our own image" "$IMAGE"
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk
	sound "one ramdisk" "$f"
	set --
	while [ $# -lt 58 ]; do
		set -- "$@" 3 disk2
	done
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata "$@"
	sound "29 ramdisks" "$f"
	assemble "$f" 0 1 one 2 empty 5 metadata 3 empty
	sound "nothing but metadata and one byte of kernel" "$f"
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 empty 3 disk 3 empty 3 one
	sound "empty ramdisks between others" "$f"
	assemble "$f" 1 1 kernel 2 cmdline 5 metadata 3 disk
	sound "the flag of aarch64" "$f"
	put "$f" 8 ffffffffffffffff0000000000000000
	fixcrc "$f"
	sound "another memory and no CPUs" "$f"
	cp "$golden/aws-eif/08-signed-p384.eif" header
	{
		cat header
		dd if=/dev/zero bs=548 count=1 2>/dev/null
	} >headers
	assemble "$f" 0 1 headers 2 header 5 metadata 3 header 3 headers
	sound "an image as kernel, command line and ramdisks" "$f"
	# A block of ci/recompute is 2^20 bytes.
	for size in 1048575 1048576 1048577 3145733; do
		"$FILL" 13 5 0 9 0 $size >large
		assemble "$f" 0 1 large 2 cmdline 5 metadata 3 large 3 one 3 large
		sound "sections of $size bytes" "$f"
	done
	"$FILL" 0 0 0 97 0 65536 >large
	assemble "$f" 0 1 kernel 2 large 5 metadata 3 disk
	sound "the longest command line" "$f"
}

test_orders()
{
	for types in 1253 1523 1235 12533 12353 12335 15233 12534 15234 12354 1233354; do
		order $types
		sound "order $types" "$f"
	done
	for types in 2153 5123 3125 1325 1352 1532 1255 1123 1254 11253 12253 12553 1543 12543 12435 4125 125344 \
		125343 41253 123545 2222 3333 5555; do
		order $types
		refused "order $types" "$f" EIF-SECTION-ORDER
	done
	order 12333
	refused "no metadata" "$f" EIF-SECTION-MISSING
}

test_signed()
{
	for certificate in p256 p384 p384-b p384-expired p521 rsa2048; do
		signature_with "$golden/aws-eif/test-$certificate.cert.pem"
		sound "certificate $certificate" "$f"
		is "certificate $certificate: the golden PCR8" \
			"PCR8 $(jq -r ".pcr8_of_certificates[\"test-$certificate\"]" "$cases")" \
			"$(in_shell dash "$f" | grep PCR8)"
	done
	p384=$golden/aws-eif/test-p384.cert.pem
	p256=$golden/aws-eif/test-p256.cert.pem
	cat "$p384" "$p256" >pem
	signature_with pem
	sound "a chain: the first certificate" "$f"
	openssl x509 -in "$p384" -text -out pem 2>/dev/null || printf 'Certificate: 100%%\n' | cat - "$p384" >pem
	signature_with pem
	sound "text in front of the certificate" "$f"
	printf '%s' "$(cat "$p384")" >pem
	signature_with pem
	sound "no newline at the end" "$f"
	signature_with empty
	refused "an empty certificate" "$f" EIF-SIGNATURE
	sed 2d "$p384" >pem
	signature_with pem
	refused "a certificate without its second line" "$f" EIF-SIGNATURE
	sed '$d' "$p384" >pem
	signature_with pem
	refused "a certificate without its end" "$f" EIF-SIGNATURE
	{
		head -n 3 "$p384"
		echo '*'
		tail -n +4 "$p384"
	} >pem
	signature_with pem
	refused "a star in the base64" "$f" EIF-SIGNATURE
	printf '%s\0%s\n' '-----BEGIN ' 'CERTIFICATE-----' | cat - "$p384" | sed 2d >pem
	signature_with pem
	refused "a NUL in the first line" "$f" EIF-SIGNATURE
	# The same in a longer form than it needs, where it is a byte like others; shells lose NULs on the way.
	unhex "81a2$certificate_name$(ints pem | sed 's/182000/18201800/')${signature_name}80" >section
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 4 section
	is "a NUL in two bytes: malformed for eif" 3 "$(described "$f")"
	everywhere "a NUL in two bytes" '3 EIF-SIGNATURE' "$f"
	for change in -1 1; do
		unhex "81a2${certificate_name}99$(be 2 $(($(size_of "$p384") + change)))$(
			ints "$p384" | cut -c 7-)${signature_name}80" >section
		assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 4 section
		refused "a length of the certificate that is wrong by $change" "$f" EIF-SIGNATURE
	done
	{
		unhex "81a2$certificate_name$(ints "$p256")${signature_name}997c00"
		"$FILL" 0 0 0 1 0 31744
	} >section
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 4 section
	refused "a signature section above 32768 bytes" "$f" EIF-SIGNATURE
}

# ---- damage ----

# The offsets of each section's header in $1, and of its end.
edges()
{
	at=548
	while [ $at -lt "$(size_of "$1")" ]; do
		echo $at
		at=$((at + 12 + $(number_at "$1" $((at + 4)) 8)))
	done
	echo $at
}

# quietly OFFSET: one more file that is $f; what disagrees goes to "disagree". Each file is for another shell.
quietly()
{
	wanted=$(described "$f")
	next_shell
	tried=$((tried + 1))
	found=$(outcome "$shell" "$f")
	case $wanted in
	3) refusals=$((refusals + 1)) found=${found%% EIF-*} ;;
	esac
	[ "$wanted" = "$found" ] || printf '%s in %s: expected %s, found %s\n' "$1" "$shell" "$wanted" "$found" >>disagree
}

# Bytes of all headers with one bit turned and a right checksum; each place where a file may break off.
test_sweeps()
{
	assemble base.eif 0 1 kernel 2 cmdline 5 metadata 3 disk 3 disk2
	: >disagree
	tried=0 refusals=0
	offsets="$(seq 0 27) 68 276 283 324 532 539 540 543"
	for entry in 28 36 44 52 60 284 292 300 308 316; do
		offsets="$offsets $entry $((entry + 4)) $((entry + 7))"
	done
	for edge in $(edges base.eif | sed '$d'); do
		offsets="$offsets $edge $((edge + 1)) $((edge + 3)) $((edge + 4)) $((edge + 8)) $((edge + 11))"
	done
	for at in $offsets; do
		cp base.eif "$f"
		put "$f" "$at" "$(be 1 $((0x$(hex_at "$f" "$at" 1) ^ (1 << at % 8))))"
		fixcrc "$f"
		quietly "byte $at"
	done
	ok "$(grep -c '' disagree)" "one bit of a header: both agree on $tried files, $refusals of them malformed" disagree
	: >disagree
	tried=0 refusals=0
	for edge in 4 28 547 $(edges base.eif); do
		for at in $((edge - 1)) "$edge" $((edge + 1)) $((edge + 11)) $((edge + 12)) $((edge + 13)); do
			[ "$at" -lt "$(size_of base.eif)" ] || continue
			cut_out base.eif 0 "$at" >"$f"
			quietly "length $at"
		done
	done
	ok "$(grep -c '' disagree)" "broken off: both agree on $tried files, $refusals of them malformed" disagree
	is "broken off: all malformed" $tried $refusals
}

# damaged NAME CODE [OFFSET HEX]...: base.eif with these bytes and a right checksum
damaged()
{
	damaged=$1
	code=$2
	shift 2
	cp base.eif "$f"
	while [ $# -gt 0 ]; do
		put "$f" "$1" "$2"
		shift 2
	done
	fixcrc "$f"
	refused "$damaged" "$f" "$code"
}

# base.eif has five sections; the last begins at $last.
test_damage()
{
	last=$(edges base.eif | tail -n 2 | head -n 1)
	damaged "wrong magic" EIF-MAGIC 0 2e656967
	damaged "version 3" EIF-VERSION 4 0003
	damaged "version 5" EIF-VERSION 4 0005
	damaged "flags 3" EIF-FLAGS 6 0003
	damaged "the reserved field" EIF-RESERVED 24 0100
	damaged "the unused field" EIF-RESERVED 540 00000001
	damaged "flags of a section" EIF-SECTION-SIZE $((last + 2)) 0001
	damaged "section type 0" EIF-SECTION-ORDER "$last" 0000
	damaged "section type 6" EIF-SECTION-ORDER "$last" 0006
	damaged "section type 259" EIF-SECTION-ORDER "$last" 0103
	damaged "three sections" EIF-SECTION-COUNT 26 0003
	damaged "33 sections" EIF-SECTION-COUNT 26 0021
	damaged "65535 sections" EIF-SECTION-COUNT 26 ffff
	damaged "one section less than the table" EIF-SECTION-UNUSED 26 0004
	damaged "one section more than the table" EIF-SECTION-OFFSET 26 0006
	damaged "32 sections" EIF-SECTION-OFFSET 26 0020
	damaged "one section less" EIF-TRAILING 26 0004 60 "$(be 8 0)" 316 "$(be 8 0)"
	damaged "one section more than the file" EIF-SECTION-SIZE 26 0006 68 "$(be 8 "$(size_of base.eif)")"
	damaged "sections that overlap" EIF-SECTION-OFFSET 60 "$(be 8 $((last - 1)))"
	damaged "a gap" EIF-SECTION-OFFSET 60 "$(be 8 $((last + 1)))"
	damaged "two sections at one place" EIF-SECTION-OFFSET 60 "$(hex_at base.eif 52 8)"
	for size in 0000000000000028 000000000000002a 000000ffffffffff; do
		damaged "size $size in the table" EIF-SECTION-SIZE 316 $size
		damaged "size $size in the section" EIF-SECTION-SIZE $((last + 4)) $size
	done
	damaged "a size too small" EIF-TRAILING 316 "$(be 8 40)" $((last + 4)) "$(be 8 40)"
	damaged "a size too large" EIF-TRUNCATED 316 "$(be 8 42)" $((last + 4)) "$(be 8 42)"
	damaged "size 2^40 - 1" EIF-TRUNCATED 316 000000ffffffffff $((last + 4)) 000000ffffffffff
	for size in 0000010000000029 7fffffffffffffff 8000000000000029 ffffffffffffffff fffffffffffffff4; do
		damaged "size $size" EIF-SECTION-SIZE 316 $size $((last + 4)) $size
	done
	cp base.eif "$f"
	printf '\0' >>"$f"
	refused "one NUL behind the last section" "$f" EIF-TRAILING
	cat base.eif base.eif >"$f"
	refused "an image behind the image" "$f" EIF-TRAILING
	: >"$f"
	refused "an empty file" "$f" EIF-MAGIC
}

# ---- where they do not agree ----

# accepts NAME WHY: eif refuses $f, ci/recompute gives the PCRs of base.eif
accepts()
{
	is "$1: malformed for eif" 3 "$(described "$f")"
	everywhere "$1: accepted, because $2" "$(in_shell dash base.eif | grep -v '^FileSha256')
FileSha256 $(sha256sum <"$f" | cut -d ' ' -f 1)
status 0" "$f"
}

# declines NAME HEX: eif accepts base.eif with this signature section, ci/recompute does not. Only nitro-cli's own way
# to write a section is worth the lines: a PCR8 that might be wrong is worse than none.
declines()
{
	unhex "$2" >section
	cp base.eif "$f"
	append "$f" 4 section
	is "$1: sound for eif" 'status 0' "$(described "$f" | tail -n 1)"
	next_shell
	is "$1: refused rather than guessed ($shell)" '3 EIF-SIGNATURE' "$(outcome "$shell" "$f")"
}

test_disagreements()
{
	cp base.eif "$f"
	put "$f" 544 "$(be 4 $((0x$(hex_at "$f" 544 4) ^ 1)))"
	accepts "a wrong checksum" "it would need zlib, and FileSha256 covers it"
	printf '{' >bad
	assemble "$f" 0 1 kernel 2 cmdline 5 bad 3 disk 3 disk2
	accepts "metadata that is no JSON" "metadata is in no PCR"
	"$FILL" 0 0 0 32 0 262145 >large
	cat metadata large >bad
	assemble "$f" 0 1 kernel 2 cmdline 5 bad 3 disk 3 disk2
	accepts "metadata above 262144 bytes" "that limit is eif's own"

	pem=$golden/aws-eif/test-p256.cert.pem
	certificate=$certificate_name$(ints "$pem")
	declines "the signature before the certificate" "81a2${signature_name}83010203$certificate"
	declines "two signatures in a section" "82a2$certificate${signature_name}80a2$certificate${signature_name}80"
	declines "a length in more bytes than it needs" "9801a2$certificate${signature_name}80"
	sed 's/$/\r/' "$pem" >crlf
	declines "a certificate with CR LF" "81a2$certificate_name$(ints crlf)${signature_name}80"
	sed 's/ CERT/ X509 CERT/' "$pem" >old
	declines "an X509 CERTIFICATE" "81a2$certificate_name$(ints old)${signature_name}80"
	cat old "$golden/aws-eif/test-p384.cert.pem" >both
	declines "that, before another certificate" "81a2$certificate_name$(ints both)${signature_name}80"

	# No X.509 is read, and nothing behind the certificate: both would be refused by eif.
	unhex 3082000401020304 >der
	{
		echo '-----BEGIN CERTIFICATE-----'
		base64 der
		echo '-----END CERTIFICATE-----'
	} >pem
	unhex "81a2$certificate_name$(ints pem)${signature_name}80" >section
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 3 disk2 4 section
	is "a DER sequence that is no certificate: malformed for eif" 3 "$(described "$f")"
	{
		dd if=/dev/zero bs=48 count=1 2>/dev/null
		unhex "$(sha384sum <der | cut -d ' ' -f 1)"
	} >twice
	everywhere "a DER sequence that is no certificate: measured" "$(in_shell dash base.eif | grep -v '^FileSha256')
PCR8 $(sha384sum <twice | cut -d ' ' -f 1)
FileSha256 $(sha256sum <"$f" | cut -d ' ' -f 1)
status 0" "$f"
}

# ---- published measurements ----

# differs NAME VALUE SED-SCRIPT: with good.json changed so, VALUE is named as the first that differs, in one line, and
# all values of $f are printed as ever
differs()
{
	sed "$3" good.json >bad.json
	if cmp -s good.json bad.json; then
		ok 1 "$1: the JSON is changed"
		return
	fi
	next_shell
	status=0
	in_shell "$shell" "$f" bad.json >stdout 2>stderr || status=$?
	is "$1 ($shell)" "1 1 $2 $printed" "$status $(
		grep -cE '^recompute: RECOMPUTE-DIFFERENT: .*: [^:]* expected, found [^:]*$' stderr) $(
		sed 's/^recompute: RECOMPUTE-DIFFERENT: [^:]*: \([A-Za-z0-9]*\): .*/\1/' stderr) $(sha256sum <stdout)"
}

test_published()
{
	everywhere "the published measurements" "$(described "$IMAGE")" "$IMAGE" "$MEASUREMENTS"
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 3 disk2 4 signature
	printed=$(in_shell dash "$f" | sha256sum)
	"$EIF" describe --json "$f" >good.json
	everywhere "a signed image" "$(described "$f")" "$f" good.json
	jq -c . good.json >compact.json
	everywhere "in one line" "$(described "$f")" "$f" compact.json
	sed 's/$/\r/' good.json >crlf.json
	everywhere "lines that end with CR LF" "$(described "$f")" "$f" crlf.json
	for name in PCR0 PCR1 PCR2 PCR8 FileSha256; do
		value=$(sed -n "s/.*\"$name\": \"\([0-9a-f]*\)\".*/\1/p" good.json)
		for digit in 1 40 ${#value}; do
			tail=$(printf %s "$value" | cut -c "$digit"-)
			other=0
			[ "${tail#0}" = "$tail" ] || other=1
			differs "$name, digit $digit" $name "s/$value/${value%"$tail"}$other${tail#?}/"
		done
		member="\"$name\": \"$value\""
		quoted="\\\\\"$name\\\\\": \\\\\"$value\\\\\""
		differs "$name is missing" $name "/$member/d"
		differs "$name is null" $name "s/$member/\"$name\": null/"
		differs "$name is empty" $name "s/$member/\"$name\": \"\"/"
		differs "$name is there twice" $name "s/$member/&, &/"
		differs "$name has a space" $name "s/$value/ &/"
		differs "$name is longer" $name "s/$value/&0/"
		differs "$name is in capitals" $name "s/$value/$(printf %s "$value" | tr a-f A-F)/"
		differs "$name only in a text" $name "s/$member/\"text\": \"a, $quoted\"/"
		differs "$name only in a text of two lines" $name "s/$member/\"text\": \"a\\\\n$quoted\"/"
	done
	differs "two values: the first one is named" PCR1 '/"PCR[12]"/s/: "./: "x/'
	# shellcheck disable=SC2016 # sed's last line
	differs "nothing but braces" PCR0 '1s/.*/{}/;2,$d'
	differs "an empty JSON" PCR0 d
	everywhere "no JSON" '4 FILE-OPEN' "$f" no.json
	everywhere "a folder" '4 FILE-OPEN' "$f" .

	cp base.eif "$f"
	printed=$(in_shell dash "$f" | sha256sum)
	differs "PCR8 is published, the image is not signed" PCR8 '1s/^/ /'
	"$EIF" describe --json "$f" >good.json
	put "$f" 544 "$(be 4 $((0x$(hex_at "$f" 544 4) ^ 1)))"
	printed=$(in_shell dash "$f" | sha256sum)
	differs "a wrong checksum is found" FileSha256 '1s/^/ /'

	# All PCRs are as they were: one byte has moved from the kernel to the command line.
	cut_out kernel 0 1020 >kernel2
	{
		tail -c 1 kernel
		cat cmdline
	} >cmdline2
	assemble "$f" 0 1 kernel2 2 cmdline2 5 metadata 3 disk 3 disk2
	is "a boundary moved: the PCRs are the same" "$(in_shell dash base.eif | grep PCR)" "$(in_shell dash "$f" | grep PCR)"
	printed=$(in_shell dash "$f" | sha256sum)
	differs "a boundary moved is found" FileSha256 '1s/^/ /'
}

# ---- names, limits, surroundings ----

test_names()
{
	wanted=$(described base.eif)
	"$EIF" describe --json base.eif >good.json
	mkdir -p 'a folder/-sub' nothing
	# shellcheck disable=SC2016 # a strange name
	for name in 'with spaces and $HOME.eif' '-x.eif' '-' "'\"\\*[a]?.eif" 'a folder/-sub/=if.eif' \
		"$(printf '\303\244\377')"; do
		cp base.eif "./$name"
		cp good.json "./$name.json"
		everywhere "a file named $(printf %s "$name" | tr '\377' '?')" "$wanted" "$name" "$name.json"
		rm "./$name" "./$name.json"
	done
	ln -s base.eif link
	everywhere "a link" "$wanted" link
	everywhere "a path" "$wanted" nothing/../base.eif
	everywhere "an absolute path" "$wanted" "$work/base.eif" "$work/good.json"
	if localedef --no-archive -c -i tr_TR -f UTF-8 "$work/tr_TR.UTF-8" >/dev/null 2>&1 || [ -d tr_TR.UTF-8 ]; then
		export LOCPATH="$work" LC_ALL=tr_TR.UTF-8
		everywhere "in Turkish" "$wanted" base.eif good.json
		unset LOCPATH
	else
		skip "in Turkish" "no locales in this environment"
	fi
	export LC_ALL=C POSIXLY_CORRECT=1
	everywhere "POSIXLY_CORRECT" "$wanted" base.eif good.json
	unset POSIXLY_CORRECT
	cd nothing || exit 4
	everywhere "from elsewhere" "$wanted" ../base.eif
	rm -f stdout stderr seen
	is "leaves no file" '' "$(ls -A)"
	cd ..
	everywhere "no argument" '2 USAGE'
	everywhere "three arguments" '2 USAGE' base.eif good.json good.json
	everywhere "a name of two lines" '2 USAGE' "$(printf 'a\nb')"
	everywhere "no file" '4 FILE-OPEN' no.eif
	everywhere "an empty name" '4 FILE-OPEN' ''
	everywhere "a folder" '4 FILE-OPEN' nothing
	everywhere "a device" '4 FILE-OPEN' /dev/zero
	is "help" "recompute FILE.eif [MEASUREMENTS.json]" "$(in_shell dash --help | sed -n '1s/:.*//p')"
	mkdir few
	for program in dd od cat sed base64 sha256sum; do
		ln -s "$(command -v $program)" few/
	done
	for shell in dash bash; do
		path=$(command -v $shell)
		is "without sha384sum ($shell)" '4 RECOMPUTE-SUM' "$(PATH=$work/few "$path" "$recompute" base.eif 2>&1 |
			sed 's/^recompute: \([A-Z0-9-]*\): .*/4 \1/')"
	done
	check "at most 150 lines" [ "$(grep -c '' "$recompute")" -le 150 ]
}

# 96 MiB through 64 MiB of address space, and sizes that no file has, in the time that a small image takes.
# shellcheck disable=SC3045 # ulimit -v is no POSIX, but dash, bash and busybox have it
test_limits()
{
	cp disk huge
	dd if=/dev/zero of=huge bs=1 count=0 seek=100663296 2>/dev/null
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 3 huge
	wanted=$(described "$f")
	for shell in $shells; do
		is "96 MiB in 64 MiB ($shell)" "$wanted" "$(ulimit -v 65536 && outcome "$shell" "$f")"
	done
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 4 huge
	refused "a signature section of 96 MiB" "$f" EIF-SIGNATURE
	for shell in $shells; do
		is "that, in 64 MiB ($shell)" '3 EIF-SIGNATURE' "$(ulimit -v 65536 && outcome "$shell" "$f")"
	done
	{
		unhex "81a2$certificate_name$(ints "$golden/aws-eif/test-rsa2048.cert.pem")${signature_name}997000"
		"$FILL" 0 0 0 1 0 28672
	} >section
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata 3 disk 4 section
	sound "a signature section of $(size_of section) bytes" "$f"
}

make_parts
test_rules
test_aws
test_odd
test_orders
test_signed
test_sweeps
test_damage
test_disagreements
test_published
test_names
test_limits
finish_tap
