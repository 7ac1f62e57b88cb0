#!/bin/sh
# Tests the eif command against images and PCRs that other implementations made, against
# ci/recompute, and against damaged files, which ci/recompute must refuse as well. TAP on stdout.
# Must never share code with the command: headers and checksums are made by bytes.sh, PCRs by
# ci/recompute, and what both must come to is golden/.
#
# Environment: EIF, the eif command; FILL, the compiled tests/eif/fill.c (compiled when unset).
set -eu

LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
golden=$here/golden
cases=$golden/aws-eif/cases.json
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
# shellcheck source=tests/eif/bytes.sh
. "$here/bytes.sh"
cd "$work"
f=$work/damaged.eif
count=0
failures=0

# ---- TAP ----

pass() {
	count=$((count + 1))
	echo "ok $count - $1"
}

fail() {
	count=$((count + 1))
	failures=$((failures + 1))
	echo "not ok $count - $1"
	shift
	printf '# %s\n' "$@"
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# is NAME EXPECTED FOUND
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "expected: $2" "found:    $3"
	fi
}

# ends NAME STATUS CODE COMMAND...: the exit status, one line on stderr with the code, no stdout
ends() {
	name=$1
	wanted="$2 eif: $3: 1 0"
	shift 3
	status=0
	"$@" >stdout 2>stderr || status=$?
	found="$status $(sed -n '1s/^\(eif: [A-Z0-9-]*: \).*/\1/p' stderr)$(
		grep -c '' stderr || true) $(wc -c <stdout | tr -d ' ')"
	if [ "$wanted" = "$found" ]; then
		pass "$name"
	else
		fail "$name" "expected: $wanted" "found:    $found" "$(head -n 3 stderr)"
	fi
}

# also_recomputed NAME CODE [WHY]: ci/recompute refuses $f, too, in one line, unless what is wrong
# is none of its business: checksum and metadata, or for the reason that is given
also_recomputed() {
	case $2 in
	EIF-CRC) why='it needs no zlib: the checksum is in FileSha256' ;;
	EIF-METADATA) why='metadata is in no PCR' ;;
	*) why=${3:-} ;;
	esac
	status=0
	sh "$recompute" "$f" >stdout 2>stderr || status=$?
	found="$status:$(sed -n '$s/ .*//p' stdout):$(grep -c '^recompute: [A-Z0-9-]*: ' stderr || true)$(
		grep -vc '^recompute: ' stderr || true)"
	if [ -n "$why" ]; then
		is "$1: ci/recompute accepts it ($why)" '0:FileSha256:00' "$found"
	else
		is "$1: ci/recompute refuses it" '3::10' "$found"
	fi
}

# refused NAME CODE [WHY]: $f is malformed, for describe and extract alike, and extract leaves
# nothing. WHY ci/recompute accepts it, when it does
refused() {
	ends "$1" 3 "$2" "$EIF" describe "$f"
	also_recomputed "$@"
	"$EIF" extract "$f" extracted >stdout 2>&1 && fail "$1: extract" 'expected a refusal'
	if [ -e extracted ]; then
		fail "$1: extract" "left behind: $(find extracted)"
		rm -rf extracted
	fi
}

# pcrs FILE: PCR0, PCR1, PCR2 from the finished file, one line each
pcrs() {
	sh "$recompute" "$1" | sed -n 's/^PCR[012] //p'
}

# described FILE: the same three lines, from the command
described() {
	"$EIF" describe --json "$1" | jq -r '.Measurements | .PCR0, .PCR1, .PCR2'
}

# ---- PCRs of the byte rules: eif-pcrs.json ----

test_pcr_case() {
	name="eif-pcrs $(jq -r ".cases[$1].name" "$golden/eif-pcrs.json")"
	inputs "$golden/eif-pcrs.json" "$1"
	# shellcheck disable=SC2086 # names without spaces
	"$EIF" build --kernel input0 --cmdline "$cmdline" $disk_args --no-boot-checks --json \
		-o image.eif >built.json
	is "$name: build's PCRs" \
		"$(jq -c ".cases[$1].pcrs | {PCR0, PCR1, PCR2}" "$golden/eif-pcrs.json")" \
		"$(jq -c '.Measurements | {PCR0, PCR1, PCR2}' built.json)"
	is "$name: recomputed in shell" "$(pcrs image.eif)" "$(described image.eif)"
	is "$name: checksum" "$(crc_of image.eif)" "$(hex_at image.eif 544 4)"
	if [ "$(jq ".cases[$1].signing_cert_pem" "$golden/eif-pcrs.json")" != null ]; then
		jq -j ".cases[$1].signing_cert_pem" "$golden/eif-pcrs.json" >pem
		signature_of pem >section
		append image.eif 4 section
		is "$name: all PCRs with a signature section" \
			"$(jq -cS ".cases[$1].pcrs" "$golden/eif-pcrs.json")" \
			"$("$EIF" describe --json image.eif |
				jq -cS '.Measurements | del(.HashAlgorithm)')"
	fi
}

test_pcr_cases() {
	i=0
	while [ "$i" -lt "$(jq '.cases | length' "$golden/eif-pcrs.json")" ]; do
		test_pcr_case "$i"
		i=$((i + 1))
	done
}

# ---- AWS's own images: aws-eif/cases.json ----

# Members of AWS's describe-eif that ours has as well, when its reader could read the file. Numbers are
# compared as doubles (RFC 8259, section 6): newer versions of jq keep their spelling, 1 or 1.0.
shared_facts='del(.SigningCertificate, .SignatureCheck) | .Metadata |= del(.CustomMetadata) |
	walk(if type == "number" then . + 0 else . end)'

test_aws_described() {
	file=$golden/aws-eif/$(jq -r ".cases[$1].file" "$cases")
	"$EIF" describe --json "$file" >ours.json
	is "$2: describes what AWS describes" \
		"$(jq -cS ".cases[$1].expect.describe_json | $shared_facts" "$cases")" \
		"$(jq -cS "{EifVersion, Measurements, IsSigned, CheckCRC, ImageName, ImageVersion,
			Metadata} | $shared_facts" ours.json)"
	is "$2: PCRs, checksum, size, sha256, sections" \
		"$(jq -cS ".cases[$1].expect | [.PCR0, .PCR1, .PCR2, .PCR8, .crc32, .size, .sha256,
			[.sections[] | [.offset, .size,
			[\"kernel\", \"cmdline\", \"ramdisk\", \"signature\", \"metadata\"][.type - 1]]]]" \
			"$cases")" \
		"$(jq -cS '[(.Measurements | .PCR0, .PCR1, .PCR2, .PCR8), .Crc32, .FileSize,
			.FileSha256, [.Sections[] | [.offset, .size, .type]]]' ours.json)"
	is "$2: recomputed in shell" "$(pcrs "$file")" "$(described "$file")"
	is "$2: command line" "$(jq -r ".cases[$1].cmdline" "$cases")" "$(jq -r .Cmdline ours.json)"
}

test_aws_rebuilt() {
	inputs "$cases" "$1"
	unhex "$(jq -r ".cases[$1].expect.metadata_hex" "$cases")" >metadata
	arch=x86_64
	[ "$(jq ".cases[$1].expect.header.flags" "$cases")" -eq 0 ] || arch=aarch64
	# shellcheck disable=SC2086 # names without spaces
	"$EIF" build --kernel input0 --cmdline "$cmdline" $disk_args --raw-metadata metadata \
		--arch "$arch" --no-boot-checks -o rebuilt.eif >/dev/null
	is "$2: rebuilt byte for byte" "$(jq -r ".cases[$1].expect.sha256" "$cases")" \
		"$(sha256sum <rebuilt.eif | cut -c 1-64)"
}

test_aws_cases() {
	i=0
	while [ "$i" -lt "$(jq '.cases | length' "$cases")" ]; do
		id=$(jq -r ".cases[$i].id" "$cases")
		if [ "$id" = 28-resign-longer-cert ]; then
			cp "$golden/aws-eif/$id.eif" "$f"
			refused "$id: stale size in the table" EIF-SECTION-SIZE
		else
			test_aws_described "$i" "$id"
		fi
		if [ "$(jq ".cases[$i].file_bytes_deterministic" "$cases")" = true ]; then
			test_aws_rebuilt "$i" "$id"
		fi
		i=$((i + 1))
	done
}

# What we say to each of AWS's damaged files; "sound" where the damage leaves a well-formed image:
# the last byte of an ECDSA signature is nothing that a reader of the format can judge.
mutation_codes='kernel-bit EIF-CRC
magic EIF-MAGIC
version-99 EIF-VERSION
num-sections-0 EIF-SECTION-COUNT
crc-zero EIF-CRC
section-type-6 EIF-SECTION-TYPE
truncated-in-data EIF-TRUNCATED
truncated-in-last-section-header-fixcrc EIF-TRUNCATED
header-only EIF-TRUNCATED
empty-file EIF-TRUNCATED
append-11-bytes-fixcrc EIF-TRAILING
append-empty-ramdisk EIF-TRAILING
metadata-bad-json EIF-METADATA
signature-last-byte sound
signature-section-empty EIF-SECTION-SIZE'

apply() {
	case $1 in
	xor) put "$f" "$2" "$(be 1 $((0x$(hex_at "$f" "$2" 1) ^ $3)))" ;;
	set) put "$f" "$2" "$3" ;;
	truncate) cut_off "$f" "$2" ;;
	append) unhex "$2" >>"$f" ;;
	fixcrc) fixcrc "$f" ;;
	*) fail "unknown operation $1" ;;
	esac
}

test_mutation() {
	id=$(jq -r ".reader_mutations[$1].id" "$cases")
	code=$(echo "$mutation_codes" | sed -n "s/^$id //p")
	cp "$golden/aws-eif/$(jq -r ".reader_mutations[$1].base" "$cases")" "$f"
	jq -r ".reader_mutations[$1].ops[] | map(tostring) | join(\" \")" "$cases" >ops
	while read -r op first second; do
		apply "$op" "$first" "$second"
	done <ops
	is "mutation $id: made as described" "$(jq -r ".reader_mutations[$1].sha256" "$cases")" \
		"$(sha256sum <"$f" | cut -c 1-64)"
	if [ "$code" = sound ]; then
		is "mutation $id: well-formed, measured as AWS measures it" \
			"$(jq -cS ".reader_mutations[$1].measurements" "$cases")" \
			"$("$EIF" describe --json "$f" | jq -cS .Measurements)"
	else
		refused "mutation $id: ${code:-no code listed}" "$code"
	fi
}

test_mutations() {
	i=0
	while [ "$i" -lt "$(jq '.reader_mutations | length' "$cases")" ]; do
		test_mutation "$i"
		i=$((i + 1))
	done
}

# ---- damage of our own ----

fresh() {
	cp "$golden/aws-eif/${1:-02-two-ramdisks}.eif" "$f"
}

# patched NAME CODE [OFFSET HEX]...: the good image with other bytes and a right checksum
patched() {
	name=$1
	code=$2
	shift 2
	fresh
	while [ $# -gt 0 ]; do
		put "$f" "$1" "$2"
		shift 2
	done
	fixcrc "$f"
	refused "$name" "$code"
}

test_truncations() {
	for at in 0 1 547 548 559 560 561 5560 5571 5572 5656 5668 5911 5923 8923 8935 11711; do
		fresh
		cut_off "$f" "$at"
		refused "cut off at $at" EIF-TRUNCATED
	done
}

# The sections of 02-two-ramdisks begin at 548, 5560, 5656, 5911 and 8923.
test_headers() {
	patched 'magic: one bit' EIF-MAGIC 3 67
	for version in 0000 0001 0002 0003 0005 0400 ffff; do
		patched "version $version" EIF-VERSION 4 "$version"
	done
	patched 'unknown flag' EIF-FLAGS 6 0002
	patched 'highest flag beside arm64' EIF-FLAGS 6 8001
	patched 'reserved field' EIF-RESERVED 24 0001
	patched 'unused field' EIF-RESERVED 540 80000000
	for sections in 0000 0001 0003 0021 ffff; do
		patched "count $sections" EIF-SECTION-COUNT 26 "$sections"
	done
	patched 'count one less than the table' EIF-SECTION-UNUSED 26 0004
	patched 'count one less, table cleared' EIF-TRAILING \
		26 0004 60 0000000000000000 316 0000000000000000
	patched 'count one more than the table' EIF-SECTION-OFFSET 26 0006
	patched 'count 32 with an empty table' EIF-SECTION-OFFSET 26 0020
	patched 'one more section than bytes' EIF-TRUNCATED \
		26 0006 68 0000000000002dc0 324 0000000000000000
	patched 'offset in the last unused entry' EIF-SECTION-UNUSED 276 0000000000000001
	patched 'size in the last unused entry' EIF-SECTION-UNUSED 532 8000000000000000
}

test_table() {
	patched 'first offset 0' EIF-SECTION-OFFSET 28 0000000000000000
	patched 'first offset past the header' EIF-SECTION-OFFSET 28 0000000000000225
	patched 'a gap' EIF-SECTION-OFFSET 36 00000000000015b9
	patched 'an overlap' EIF-SECTION-OFFSET 36 00000000000015b7
	patched 'two sections at one place' EIF-SECTION-OFFSET 44 00000000000015b8
	patched 'sections exchanged' EIF-SECTION-OFFSET \
		52 00000000000022db 60 0000000000001717
	patched 'offset 2^64 - 1' EIF-SECTION-OFFSET 60 ffffffffffffffff
	patched 'size 2^64 - 1' EIF-SECTION-SIZE 284 ffffffffffffffff
	patched 'size that wraps to the next section' EIF-SECTION-SIZE 284 fffffffffffffdcf
	patched 'size 2^63' EIF-SECTION-SIZE 316 8000000000000000
	patched 'size 2^64 - 1 in both places' EIF-SECTION-SIZE \
		316 ffffffffffffffff 8927 ffffffffffffffff
	patched 'size just below 2^63 in both places' EIF-TRUNCATED \
		316 7fffffffffffdd00 8927 7fffffffffffdd00
	patched 'size only in the section' EIF-SECTION-SIZE 8927 0000000000000ad8
	patched 'size only in the table' EIF-SECTION-SIZE 316 0000000000000ad8
	patched 'size 0 in the section' EIF-SECTION-SIZE 552 0000000000000000
	patched 'section flags' EIF-FLAGS 8925 0001
}

test_types() {
	for type in 0000 0006 0100 ffff; do
		patched "type $type" EIF-SECTION-TYPE 5911 "$type"
	done
	patched 'a second kernel' EIF-SECTION-DUPLICATE 8923 0001
	patched 'a second command line' EIF-SECTION-DUPLICATE 8923 0002
	patched 'a second metadata section' EIF-SECTION-DUPLICATE 8923 0005
	patched 'a command line first' EIF-SECTION-ORDER 548 0002
	patched 'a ramdisk first' EIF-SECTION-ORDER 548 0003
	patched 'command line and kernel exchanged' EIF-SECTION-ORDER 548 0002 5560 0001
	patched 'a ramdisk before the command line' EIF-SECTION-ORDER 5560 0003 5911 0002
	patched 'no metadata' EIF-SECTION-MISSING 5656 0003
	fresh 01-one-ramdisk
	put "$f" 5911 0004
	fixcrc "$f"
	refused 'no ramdisk' EIF-SECTION-MISSING
	fresh 08-signed-p384
	put "$f" 8923 0004
	fixcrc "$f"
	refused 'two signatures' EIF-SECTION-ORDER
	fresh 08-signed-p384
	printf 0707 >section
	append "$f" 3 section
	refused 'a ramdisk after the signature' EIF-SECTION-ORDER
	: >empty
	printf x >one
	assemble "$f" 0 1 empty 2 one 5 "$work/metadata" 3 one
	refused 'an empty kernel' EIF-SECTION-SIZE "what boots is not its business"
	"$FILL" 0 0 0 32 0 65537 >section
	assemble "$f" 0 1 one 2 section 5 "$work/metadata" 3 one
	refused 'a command line of 65537 bytes' EIF-SECTION-SIZE 'a limit of our own'
	assemble "$f" 0 1 one 2 one 3 one 5 "$work/metadata"
	is 'metadata behind the ramdisks is well-formed' "$(pcrs "$f")" "$(described "$f")"
}

test_tails() {
	fresh
	printf x >>"$f"
	refused 'one byte behind the last section' EIF-TRAILING
	fresh
	cat "$f" "$f" >twice
	mv twice "$f"
	refused 'an image behind the image' EIF-TRAILING
	fresh
	put "$f" 547 "$(be 1 $((0x$(hex_at "$f" 547 1) ^ 1)))"
	refused 'checksum: one bit' EIF-CRC
	fresh
	put "$f" 8 0000000080000000
	refused 'default memory changed, checksum not' EIF-CRC
}

# bad_metadata NAME CODE JSON
bad_metadata() {
	printf '%s' "$3" >section
	assemble "$f" 0 1 one 2 one 5 section 3 one
	refused "metadata: $1" "$2"
	ends "build --raw-metadata: $1" 3 "$2" "$EIF" build --kernel one --cmdline x --ramdisk one \
		--raw-metadata section --no-boot-checks -o never.eif
}

test_metadata() {
	built='"BuildMetadata":{"BuildTime":"","BuildTool":"","BuildToolVersion":"",
		"OperatingSystem":"","KernelVersion":""}'
	bad_metadata 'empty' EIF-METADATA ''
	bad_metadata 'an array' EIF-METADATA '[]'
	bad_metadata 'no members' EIF-METADATA '{}'
	bad_metadata 'no version' EIF-METADATA "{\"ImageName\":\"n\",$built}"
	bad_metadata 'a name that is a number' EIF-METADATA \
		"{\"ImageName\":1,\"ImageVersion\":\"v\",$built}"
	bad_metadata 'build facts missing' EIF-METADATA \
		'{"ImageName":"n","ImageVersion":"v","BuildMetadata":{}}'
	bad_metadata 'a name twice' EIF-METADATA \
		"{\"ImageName\":\"n\",\"ImageName\":\"n\",\"ImageVersion\":\"v\",$built}"
	bad_metadata 'two values' EIF-METADATA "{\"ImageName\":\"n\",\"ImageVersion\":\"v\",$built}{}"
	"$FILL" 0 0 0 32 0 262145 >section
	assemble "$f" 0 1 one 2 one 5 section 3 one
	refused 'metadata: 262145 bytes' EIF-SECTION-SIZE 'a limit of our own'
}

# bad_signature NAME HEX [WHY]
bad_signature() {
	fresh
	unhex "$2" >section
	append "$f" 4 section
	refused "signature: $1" EIF-SIGNATURE "${3:-}"
}

test_signatures() {
	pem=$golden/aws-eif/test-p384.cert.pem
	sound="a2$certificate_name$(ints "$pem")${signature_name}83010203"
	bad_signature 'empty' ''
	bad_signature 'no element' 80
	bad_signature 'a map' "$sound"
	bad_signature 'one element missing' "82$sound"
	bad_signature 'bytes behind it' "81${sound}00" 'nothing behind the certificate is in a PCR'
	bad_signature '2^64 - 1 elements' 9bffffffffffffffff
	bad_signature '2^64 - 1 bytes of certificate' "81a2${certificate_name}9bffffffffffffffff"
	bad_signature 'indefinite length' "9f${sound}ff"
	bad_signature 'no certificate' "81a1${signature_name}83010203"
	bad_signature 'two certificates' "81a2${certificate_name}80${certificate_name}80"
	bad_signature 'an unknown member' "81a263616263${certificate_name}80"
	bad_signature 'certificate of byte string' "81a2${certificate_name}4100${signature_name}80"
	bad_signature 'an integer above 255' "81a2${certificate_name}81190100${signature_name}80"
	bad_signature 'a negative integer' "81a2${certificate_name}8120${signature_name}80"
	bad_signature 'an empty certificate' "81a2${certificate_name}80${signature_name}80"
	fresh
	"$FILL" 0 0 0 0 0 32769 >section
	append "$f" 4 section
	refused 'signature: 32769 bytes' EIF-SECTION-SIZE
	for name in p256 p384 p384-b p384-expired p521 rsa2048; do
		fresh
		signature_of "$golden/aws-eif/test-$name.cert.pem" >section
		append "$f" 4 section
		is "PCR8 of test-$name" "$(jq -r ".pcr8_of_certificates[\"test-$name\"]" "$cases")" \
			"$("$EIF" describe --json "$f" | jq -r .Measurements.PCR8)"
	done
	cat "$golden/aws-eif/test-p384.cert.pem" "$golden/aws-eif/test-p256.cert.pem" >chain
	fresh
	signature_of chain >section
	append "$f" 4 section
	is 'PCR8 is of the first certificate' \
		"$(jq -r '.pcr8_of_certificates["test-p384"]' "$cases")" \
		"$("$EIF" describe --json "$f" | jq -r .Measurements.PCR8)"
}

# ---- boot checks ----

make_bootable() {
	"$FILL" 1 0 0 0 0 1000 >bzImage
	put bzImage 510 55aa48647253
	put bzImage 514 48647253
	"$FILL" 1 0 0 0 0 1000 >Image
	put Image 56 41524d64
	{
		unhex 7f454c46
		"$FILL" 1 0 0 0 0 1000
	} >vmlinux
	printf 070701xx >cpio
	unhex 1f8b0800 >gzip
	unhex 28b52ffd >zstd
	unhex fd377a585a000000 >xz
	unhex 02214c18 >lz4
	printf 070701xxx >odd
}

# build ARGS...: with a kernel and output, as the boot checks see it
build() {
	"$EIF" build -o boot.eif "$@"
}

# boots NAME ARGS...
boots() {
	name=$1
	shift
	if build "$@" >stdout 2>stderr && "$EIF" describe boot.eif >stdout; then
		pass "boot checks pass: $name"
	else
		fail "boot checks pass: $name" "$(cat stderr)"
	fi
	rm -f boot.eif
}

# no_boot NAME CODE ARGS...
no_boot() {
	name=$1
	code=$2
	shift 2
	ends "boot checks refuse: $name" 3 "$code" build "$@"
	[ ! -e boot.eif ] || fail "boot checks refuse: $name" 'an image was left behind'
}

test_boot_checks() {
	make_bootable
	boots 'bzImage, each kind of ramdisk' --kernel bzImage --cmdline x --ramdisk cpio \
		--ramdisk gzip --ramdisk zstd --ramdisk xz --ramdisk lz4
	boots 'Image' --kernel Image --arch aarch64 --cmdline x --ramdisk cpio
	boots 'odd size of the last ramdisk' --kernel bzImage --cmdline x --ramdisk cpio --ramdisk odd
	boots '2047 bytes of command line' --kernel bzImage --ramdisk cpio \
		--cmdline "$("$FILL" 0 0 0 97 0 2047)"
	no_boot 'Image for x86_64' EIF-KERNEL --kernel Image --cmdline x --ramdisk cpio
	no_boot 'bzImage for aarch64' EIF-KERNEL --kernel bzImage --arch aarch64 --cmdline x \
		--ramdisk cpio
	no_boot 'ELF' EIF-KERNEL --kernel vmlinux --cmdline x --ramdisk cpio
	is 'an ELF kernel is named as such' 1 "$(grep -c 'found ELF' stderr)"
	no_boot 'short kernel' EIF-KERNEL --kernel cpio --cmdline x --ramdisk cpio
	no_boot 'unknown ramdisk' EIF-RAMDISK --kernel bzImage --cmdline x --ramdisk bzImage
	no_boot 'empty ramdisk' EIF-RAMDISK --kernel bzImage --cmdline x --ramdisk empty
	no_boot 'odd size before another ramdisk' EIF-RAMDISK --kernel bzImage --cmdline x \
		--ramdisk odd --ramdisk cpio
	no_boot 'empty command line' EIF-CMDLINE --kernel bzImage --cmdline '' --ramdisk cpio
	no_boot '2048 bytes of command line' EIF-CMDLINE --kernel bzImage --ramdisk cpio \
		--cmdline "$("$FILL" 0 0 0 97 0 2048)"
	no_boot 'a tab in the command line' EIF-CMDLINE --kernel bzImage --ramdisk cpio \
		--cmdline "$(printf 'a\tb')"
	no_boot 'UTF-8 in the command line' EIF-CMDLINE --kernel bzImage --ramdisk cpio \
		--cmdline "$(printf '\303\251')"
	printf 'a\n\n' >lines
	no_boot 'a newline in the command line' EIF-CMDLINE --kernel bzImage --ramdisk cpio \
		--cmdline-file lines
	printf 'a\0b' >nul
	no_boot 'a NUL in the command line' EIF-CMDLINE --kernel bzImage --ramdisk cpio \
		--cmdline-file nul
	no_boot 'empty kernel, without boot checks' EIF-KERNEL --kernel empty --cmdline x \
		--ramdisk cpio --no-boot-checks
	no_boot 'a folder as kernel' EIF-INPUT --kernel . --cmdline x --ramdisk cpio
}

# ---- our own images ----

metadata_of() {
	rm -rf alone
	"$EIF" extract "$1" alone
	cat alone/metadata.json
}

# metadata_with NAME VERSION KERNEL-VERSION CUSTOM: what our metadata section must be
metadata_with() {
	printf "%s" "{\"ImageName\":\"$1\",\"ImageVersion\":\"$2\",\"BuildMetadata\":{" \
		"\"BuildTime\":\"1970-01-01T00:00:00+00:00\",\"BuildTool\":\"mintmark\"," \
		"\"BuildToolVersion\":\"0.1.0\",\"OperatingSystem\":\"Linux\"," \
		"\"KernelVersion\":\"$3\"},\"DockerInfo\":null,\"CustomMetadata\":$4}"
}

test_own_images() {
	build --kernel bzImage --cmdline 'a b' --ramdisk cpio --ramdisk zstd >stdout
	is 'build prints PCRs for people' "$(described boot.eif)" "$(sed 's/^PCR[012]  //' stdout)"
	is "default metadata" "$(metadata_with enclave 1.0 unknown null)" "$(metadata_of boot.eif)"
	"$EIF" extract boot.eif taken
	printf 'a b' >cmdline
	assemble shell.eif 0 1 bzImage 2 cmdline 5 taken/metadata.json 3 cpio 3 zstd
	is 'the same bytes as the writer in shell' "$(sha256sum <shell.eif)" "$(sha256sum <boot.eif)"
	is 'extract: names' 'cmdline kernel metadata.json ramdisk0 ramdisk1' \
		"$(cd taken && echo *)"
	is 'extract: nothing hidden' '' "$(find taken -name '.*' ! -name .)"
	is 'extract: contents' "$(cat bzImage cmdline cpio zstd | sha256sum)" \
		"$(cd taken && cat kernel cmdline ramdisk0 ramdisk1 | sha256sum)"
	"$EIF" build --kernel taken/kernel --cmdline-file taken/cmdline \
		--raw-metadata taken/metadata.json --ramdisk taken/ramdisk0 \
		--ramdisk taken/ramdisk1 -o again.eif >/dev/null
	is "extract and build: the same bytes" "$(sha256sum <again.eif)" "$(sha256sum <boot.eif)"
	mkdir elsewhere
	cp bzImage elsewhere/k
	cp cpio elsewhere/0
	cp zstd elsewhere/1
	touch -d @1 elsewhere/k
	printf 'a b\n' >elsewhere/c
	(
		cd elsewhere
		umask 077
		TZ=Asia/Tokyo HOME=/ "$EIF" build -o out.eif --ramdisk 0 --cmdline-file c --kernel k \
			--ramdisk=1 >/dev/null
	)
	is 'the same bytes from elsewhere' "$(sha256sum <boot.eif)" "$(sha256sum <elsewhere/out.eif)"
	build --kernel bzImage --cmdline x --ramdisk cpio >stdout
	cp boot.eif before.eif
	printf ' { "z" : [ 1e2 , 18446744073709551615, "a \\" b" ] ,\n"a":{ } }\n' >custom.json
	build --kernel bzImage --cmdline x --ramdisk cpio --name N --version V --kernel-version K \
		--metadata custom.json >stdout
	is "custom metadata: only white space goes" \
		"$(metadata_with N V K '{"z":[1e2,18446744073709551615,"a \" b"],"a":{}}')" \
		"$(metadata_of boot.eif)"
	rm -rf alone
	is 'metadata is in no PCR' "$(described before.eif)" "$(described boot.eif)"
	for custom in '[]' '{' '1' '' '{"a":1,"a":2}'; do
		printf '%s' "$custom" >custom.json
		ends "custom metadata refused: $custom" 3 EIF-METADATA "$EIF" build --kernel bzImage \
			--cmdline x --ramdisk cpio --metadata custom.json -o never.eif
	done
	"$FILL" 0 0 0 32 0 262145 >custom.json
	ends 'custom metadata refused: 262145 bytes' 3 FILE-SIZE "$EIF" build --kernel bzImage \
		--cmdline x --ramdisk cpio --metadata custom.json -o never.eif
	ends 'a name that is not UTF-8' 3 EIF-METADATA "$EIF" build --kernel bzImage \
		--cmdline x --ramdisk cpio --name "$(printf '\377')" -o never.eif
}

test_extract() {
	"$EIF" extract "$golden/aws-eif/08-signed-p384.eif" signed
	is 'extract: a signed image' 'cmdline kernel metadata.json ramdisk0 ramdisk1 signature' \
		"$(cd signed && echo *)"
	is 'extract: the signature section' "$(tail -c 1764 "$golden/aws-eif/08-signed-p384.eif" |
		sha256sum)" "$(sha256sum <signed/signature)"
	ends 'extract: not over existing files' 4 FILE-EXISTS "$EIF" extract boot.eif signed
	mkdir partly
	echo mine >partly/ramdisk0
	ends 'extract: not over one existing file' 4 FILE-EXISTS "$EIF" extract boot.eif partly
	is 'extract: and nothing beside it' './ramdisk0 mine' \
		"$(cd partly && find . -type f) $(cat partly/ramdisk0)"
	mkdir linked
	ln -s ../outside linked/kernel
	ends 'extract: not through a link' 4 FILE-EXISTS "$EIF" extract boot.eif linked
	is 'extract: nothing behind the link' '' "$(find . -name outside)"
	ends 'extract: no folder to make it in' 4 FILE-CREATE "$EIF" extract boot.eif no/such
	is 'describe: human form' 'PCR0 PCR1 PCR2 PCR8' \
		"$("$EIF" describe "$golden/aws-eif/08-signed-p384.eif" | awk '/^PCR/ { print $1 }' |
			tr '\n' ' ' | sed 's/ $//')"
}

# ---- describe --set ----

test_set() {
	is '--set: sorted behind our members' \
		"$("$EIF" describe --json boot.eif | jq -c 'keys_unsorted + ["A", "B", "Recipe"]')" \
		"$("$EIF" describe boot.eif --set Recipe=hello --json --set B=2 --set A=1=x |
			jq -c keys_unsorted)"
	is '--set: value' 1=x "$("$EIF" describe boot.eif --json --set A=1=x | jq -r .A)"
	is '--set: empty value' '""' "$("$EIF" describe boot.eif --json --set A= | jq .A)"
	for key in $("$EIF" describe --json boot.eif | jq -r 'keys[]') SignatureCheck \
		SigningCertificate Cmdline_b64; do
		ends "--set: $key exists already" 2 EIF-USAGE "$EIF" describe --json \
			--set "$key=x" boot.eif
	done
	ends '--set: twice the same' 2 EIF-USAGE "$EIF" describe --json --set A=1 --set A=1 boot.eif
	ends '--set: no equals sign' 2 EIF-USAGE "$EIF" describe --json --set A boot.eif
	ends '--set: no key' 2 EIF-USAGE "$EIF" describe --json --set =A boot.eif
	ends '--set: not UTF-8' 2 EIF-USAGE "$EIF" describe --json --set "A=$(printf '\377')" boot.eif
	ends '--set: without --json' 2 EIF-USAGE "$EIF" describe --set A=1 boot.eif
	"$FILL" 1 0 0 0 0 256 >bytes
	"$EIF" build --kernel bzImage --cmdline-file bytes --ramdisk cpio --no-boot-checks \
		-o bytes.eif >/dev/null
	is 'a binary command line is told in base64' "$(base64 <bytes | tr -d '\n')" \
		"$("$EIF" describe --json bytes.eif | jq -r 'select(has("Cmdline") | not).Cmdline_b64')"
}

# ---- usage and environment ----

# usage NAME ARGS...
usage() {
	name=$1
	shift
	ends "usage: $name" 2 EIF-USAGE "$EIF" "$@"
}

test_usage() {
	usage 'no command'
	usage 'unknown command' strike
	usage 'build alone' build
	usage 'no kernel' build --cmdline x --ramdisk cpio -o never.eif
	usage 'no command line' build --kernel bzImage --ramdisk cpio -o never.eif
	usage 'no ramdisk' build --kernel bzImage --cmdline x -o never.eif
	usage 'no output' build --kernel bzImage --cmdline x --ramdisk cpio
	usage 'two kernels' build --kernel bzImage --kernel Image --cmdline x --ramdisk cpio \
		-o never.eif
	usage 'two command lines' build --kernel bzImage --cmdline x --cmdline-file cmdline \
		--ramdisk cpio -o never.eif
	usage 'unknown architecture' build --kernel bzImage --cmdline x --ramdisk cpio \
		--arch riscv64 -o never.eif
	usage 'raw metadata and a name' build --kernel bzImage --cmdline x --ramdisk cpio \
		--raw-metadata custom.json --name N -o never.eif
	usage 'a stray word' build --kernel bzImage --cmdline x --ramdisk cpio -o never.eif stray
	usage 'an unknown option' build --sparkle
	usage 'an option without its value' build --kernel
	usage 'describe alone' describe
	usage 'describe two' describe boot.eif boot.eif
	usage 'extract without a folder' extract boot.eif
	disks=
	i=0
	while [ "$i" -lt 30 ]; do
		disks="$disks --ramdisk cpio"
		i=$((i + 1))
	done
	# shellcheck disable=SC2086 # names without spaces
	ends 'usage: 30 ramdisks' 2 EIF-SECTION-COUNT "$EIF" build --kernel bzImage --cmdline x \
		$disks -o never.eif
	is '30 ramdisks: the limit is named' 1 "$(grep -c '1 to 29 ramdisks.*32 sections' stderr)"
	for command in '' build describe extract verify diff; do
		# shellcheck disable=SC2086 # one word or none
		is "help: eif $command" "usage: eif ${command:-COMMAND}" \
			"$("$EIF" $command --help | sed -n '1s/^\(usage: eif [A-Za-z]*\).*/\1/p')"
	done
	is 'version' 'eif (mintmark) 0.1.0' "$("$EIF" --version)"
}

# limited COMMAND...: no file may exceed 512 bytes
limited() (
	trap '' XFSZ
	ulimit -f 1
	"$@"
)

test_environment() {
	set -- --cmdline x --ramdisk cpio -o never.eif
	ends 'missing image' 4 FILE-OPEN "$EIF" describe no.eif
	ends 'missing image to extract' 4 FILE-OPEN "$EIF" extract no.eif taken2
	ends 'a folder as image' 4 FILE-READ "$EIF" describe .
	ends 'missing kernel' 4 FILE-OPEN "$EIF" build "$@" --kernel no
	ends 'missing ramdisk' 4 FILE-OPEN "$EIF" build "$@" --kernel bzImage --ramdisk no
	ends 'missing metadata' 4 FILE-OPEN "$EIF" build "$@" --kernel bzImage --metadata no
	ends 'missing command line' 4 FILE-OPEN "$EIF" build --kernel bzImage --cmdline-file no \
		--ramdisk cpio -o never.eif
	ends 'no folder for the output' 4 FILE-CREATE "$EIF" build --kernel bzImage --cmdline x \
		--ramdisk cpio -o no/such.eif
	"$FILL" 1 0 0 0 0 100000 >large
	ends 'no room for the image' 4 FILE-WRITE limited "$EIF" build --kernel large --cmdline x \
		--ramdisk large --no-boot-checks -o never.eif
	if [ -w /dev/full ]; then
		status=0
		"$EIF" describe boot.eif >/dev/full 2>stderr || status=$?
		is 'no room for the description' '4 eif: FILE-WRITE' "$status $(cut -d : -f 1,2 stderr)"
	else
		skip 'no room for the description' 'no /dev/full'
	fi
	if [ -s /proc/version ] || ! [ -r /proc/version ]; then
		skip 'an input that grows' 'no /proc'
	else
		ends 'an input that grows' 4 EIF-INPUT-CHANGED "$EIF" build "$@" --kernel bzImage \
			--ramdisk /proc/version --no-boot-checks
	fi
	shrinking=/sys/kernel/uevent_seqnum
	if [ -s "$shrinking" ]; then
		ends 'an input that shrinks' 4 EIF-INPUT-CHANGED "$EIF" build "$@" --kernel bzImage \
			--ramdisk "$shrinking" --no-boot-checks
	else
		skip 'an input that shrinks' 'no /sys'
	fi
	is 'nothing left behind' '' "$(find . -name '*never.eif*')"
}

# 192 MiB through 64 MiB of address space: memory does not grow with the image.
# shellcheck disable=SC3045 # ulimit -v is no POSIX, but dash, bash and busybox have it
test_memory() {
	if ! (ulimit -v 65536 && "$EIF" --version) >/dev/null 2>&1; then
		skip 'memory' 'the command does not start in 64 MiB of address space'
		return
	fi
	cp cpio huge
	dd if=/dev/zero of=huge bs=1 count=0 seek=100663296 2>/dev/null
	is 'memory: build and describe 192 MiB' "$(
		(ulimit -v 65536 && build --kernel bzImage --cmdline x --ramdisk huge --ramdisk huge) |
			sed 's/^PCR[012]  //'
	)" "$(
		(ulimit -v 65536 && "$EIF" describe boot.eif) | sed -n 's/^PCR[012] *//p'
	)"
}

test_pcr_cases
test_aws_cases
test_mutations
test_truncations
test_headers
test_table
test_types
test_tails
test_metadata
test_signatures
test_boot_checks
test_own_images
test_extract
test_set
test_usage
test_environment
test_memory
echo "1..$count"
[ "$failures" -eq 0 ]
