#!/bin/sh
# Tests eif verify, eif diff and --lenient: published measurements that hold and that do not, what an untrusted parent
# could move (each such move is made, and the PCRs must stay), what two images differ in, what older and foreign
# images are. Must never share code with the command: images are made by bytes.sh and damage.sh.
# Environment: EIF, the eif command; FILL, the compiled fill.c (compiled when unset); CPIO, GNU cpio.
# shellcheck disable=SC2016 # what sh -c gets is for that shell
set -u

LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
golden=$here/golden/aws-eif
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
# shellcheck source=tests/eif/bytes.sh
. "$here/bytes.sh"
# shellcheck source=tests/eif/damage.sh
. "$here/damage.sh"
cd "$work" || exit 99
f=$work/image.eif
make_parts

# is NAME EXPECTED FOUND
is()
{
	printf 'expected: %s\nfound: %s\n' "$2" "$3" >difference
	[ "$2" = "$3" ]
	ok $? "$1" difference
}

# pcrs FILE [N...]: of the command, for images whose PCRs golden.t and ci/recompute have judged
pcrs()
{
	"$EIF" describe --json "$1" | jq -c '[.Measurements | .PCR0, .PCR1, .PCR2]'
}

# ramdisks: two archives, the second in several forms
make_ramdisks()
{
	mkdir -p one/dev two/etc three/etc/new
	printf 'first' >one/init
	printf 'a' >two/etc/same
	printf 'a' >two/etc/changed
	printf 'a' >two/etc/removed
	printf 'a' >three/etc/same
	printf 'b' >three/etc/changed
	chmod 755 two/etc/same three/etc/changed
	for tree in one two three; do
		(
			cd "$tree" || exit
			find . -exec touch -h -d @0 {} +
			find . | sed 's,^\./,,; /^\.$/d' | sort | "${CPIO:-cpio}" --quiet --reproducible -o -H newc
		) >$tree.cpio
	done
	gzip -n -c two.cpio >two.gz
	gzip -n -c three.cpio >three.gz
	zstd -q -c two.cpio >two.zst
	xz -c --check=crc32 two.cpio >two.xz
	bzip2 -c two.cpio >two.bz2
	xz --format=lzma -c two.cpio >two.lzma
	{ printf '\002\041\114\030'; cat two.cpio; } >two.lz4
}

# image FILE KERNEL CMDLINE-FILE RAMDISK...: without boot checks
image()
{
	out=$1 list="1 $2 2 $3 5 metadata"
	shift 3
	for disk; do
		list="$list 3 $disk"
	done
	# shellcheck disable=SC2086 # numbers and names
	assemble "$out" 0 $list
}

# ---- measurements ----

test_measurements()
{
	image good.eif kernel cmdline one.cpio two.cpio
	"$EIF" describe --json good.eif --set Recipe=hello >good.json
	check 'verify: its own measurements' "$EIF" verify good.eif --measurements good.json
	is 'verify: what is no fact about an image is listed' '["Recipe"]' \
		"$("$EIF" verify --json good.eif --measurements good.json | jq -c .NotCompared)"
	jq '{Measurements}' good.json >nitro.json
	check 'verify: what nitro-cli build-enclave prints' "$EIF" verify good.eif --measurements nitro.json
	jq '.Measurements | {PCR0, PCR1, PCR2}' good.json >bare.json
	check 'verify: PCRs alone' "$EIF" verify good.eif --measurements bare.json
	jq '.PCR0 |= ascii_upcase' bare.json >upper.json
	check 'verify: upper-case digits' "$EIF" verify good.eif --measurements upper.json
	jq '.Measurements += {PCR3: .Measurements.PCR0}' nitro.json >run.json
	is "verify: a run's PCR is not asked" '["Measurements.PCR3"]' \
		"$("$EIF" verify --json good.eif --measurements run.json | jq -c .NotCompared)"
	i=0
	while [ $i -lt "$(jq '.cases | length' "$golden/cases.json")" ]; do
		file=$(jq -r ".cases[$i].file" "$golden/cases.json")
		i=$((i + 1))
		case $file in 28-*) continue ;; esac
		jq ".cases[$i - 1].expect.describe_json | del(.SigningCertificate)" "$golden/cases.json" >aws.json
		check "verify: what AWS's describe-eif printed of $file" "$EIF" verify "$golden/$file" \
			--measurements aws.json
	done
}

# altered JQ WHAT: the measurements of good.eif with one value altered; WHAT is named
altered()
{
	jq "$1" good.json >altered.json
	fails 1 "^eif: EIF-MEASUREMENT: good.eif: $2: .* expected, found " "verify: $1" \
		"$EIF" verify good.eif --measurements altered.json
	is "verify: $1: the difference in JSON" "$(echo "$2" | sed 's/[\]//g')" \
		"$("$EIF" verify --json good.eif --measurements altered.json 2>/dev/null | jq -r '.Differences[0].what')"
}

test_differences()
{
	zeros=$(printf '%096d' 0)
	for n in 0 1 2; do
		altered ".Measurements.PCR$n = \"$zeros\"" "Measurements\.PCR$n"
	done
	altered ".Measurements.PCR8 = \"$zeros\"" 'Measurements\.PCR8'
	altered '.Sections[3].size += 1' 'Sections\[3\]\.size'
	altered '.Sections[4].sha256 = ""' 'Sections\[4\]\.sha256'
	altered '.Sections[1].offset -= 1' 'Sections\[1\]\.offset'
	altered '.Sections |= .[0:4]' 'Sections\[4\]'
	altered '.Sections += [.Sections[0]]' 'Sections\[5\]'
	altered '.FileSha256 |= ascii_upcase' FileSha256
	altered '.FileSize = 1' FileSize
	altered '.Crc32 = "00000000"' Crc32
	altered '.Arch = "aarch64"' Arch
	altered '.IsSigned = true' IsSigned
	altered '.Cmdline = "other"' Cmdline
	altered '.Metadata.BuildTime = "now"' 'Metadata\.BuildTime'
	altered '.Metadata.More = 1' 'Metadata\.More'
	altered '.ImageName = 1' ImageName
	altered '.PCR0 = .Measurements.PCR0' PCR0
	altered '.pcr1 = .Measurements.PCR0' pcr1
	altered '.Measurements.pcr0 = .Measurements.PCR0' 'Measurements\.pcr0'
	altered '.Measurements.PCR00 = .Measurements.PCR0' 'Measurements\.PCR00'
	altered '.Measurements.Other = 1' 'Measurements\.Other'
	altered '.Sections = []' 'Sections\[0\]'
	altered '(. + .Measurements | del(.Measurements)) | .FileSize = 1' FileSize
	altered '(. + .Measurements | del(.Measurements)) | .Arch = "aarch64"' Arch
	altered '(.Measurements | {PCR0, PCR1, PCR2}) + {FileSha256: "00"}' FileSha256
	altered '(.Measurements | {PCR0, PCR1, PCR2}) + {Sections: []}' 'Sections\[0\]'
	jq '. + .Measurements | del(.Measurements)' good.json >flat.json
	check 'verify: PCRs beside the facts' "$EIF" verify good.eif --measurements flat.json
	jq '.SigningCertificate = {}' good.json >more.json
	is 'verify: not compared' 'Not compared: SigningCertificate,Not compared: Recipe' \
		"$("$EIF" verify good.eif --measurements more.json | sed -n '/^Not /p' | sort -r | paste -s -d ,)"
	for wrong in '.FileSHA256 = "00"' '.filesize = 1' '.Sections = [{}, {}, {}, {}, {}]' 'del(.Sections[2].size)' \
		'.Metadata = {}' '.Measurements.PCR0 += "\u0000x"'; do
		jq "$wrong" good.json >no.json
		fails 3 '^eif: EIF-EXPECTED: no.json: ' "verify: measurements that say nothing: $wrong" \
			"$EIF" verify good.eif --measurements no.json
	done
	jq '. + {"a\u001b[2J": 1} | .Metadata["b\u001b[2J"] = 1' good.json >escape.json
	! "$EIF" verify good.eif --measurements escape.json 2>&1 | LC_ALL=C grep -q "$(printf '\033')"
	ok $? 'verify: no escape sequence of the measurements reaches the terminal'
	image nul.eif kernel nul-cmdline one.cpio
	"$EIF" describe --json nul.eif >nul.json
	check 'verify: measurements of a command line with NUL' "$EIF" verify nul.eif --measurements nul.json
	printf '\302\233\177' >c1-cmdline
	image nul.eif kernel c1-cmdline one.cpio
	is 'describe --json: DEL and C1 are escaped' 0 "$("$EIF" describe --json nul.eif | LC_ALL=C grep -c "$(printf '[\177\302]')")"
	echo '{"Measurements":{"PCR1":""}}' >no.json
	fails 3 '^eif: EIF-EXPECTED: no.json: ' 'verify: no PCR0' "$EIF" verify good.eif --measurements no.json
	echo '{"PCR0":"00"}' >no.json
	fails 3 '^eif: EIF-EXPECTED: no.json: ' 'verify: a short PCR' "$EIF" verify good.eif --measurements no.json
	echo 'PCR0' >no.json
	fails 3 '^eif: EIF-EXPECTED: no.json: ' 'verify: no JSON' "$EIF" verify good.eif --measurements no.json
	fails 4 '^eif: FILE-OPEN: ' 'verify: no measurements' "$EIF" verify good.eif --measurements nowhere
	fails 4 '^eif: FILE-OPEN: ' 'verify: no image' "$EIF" verify nowhere
	fails 2 '^eif: EIF-USAGE: ' 'verify: two images' "$EIF" verify good.eif good.eif
	printf x | cat good.eif - >longer.eif
	fails 3 '^eif: EIF-TRAILING: ' 'verify: a malformed image' "$EIF" verify longer.eif
	check 'verify: its certificate' "$EIF" verify "$golden/08-signed-p384.eif" --certificate "$golden/test-p384.cert.pem"
	fails 1 '^eif: EIF-CERTIFICATE-OTHER: ' 'verify: another certificate' "$EIF" verify \
		"$golden/08-signed-p384.eif" --certificate "$golden/test-p256.cert.pem"
	fails 1 '^eif: EIF-UNSIGNED: ' 'verify: a certificate, and no signature' \
		"$EIF" verify good.eif --certificate "$golden/test-p256.cert.pem"
}

# ---- what nothing pins down: every move that verify names is made, and the named PCRs stay ----

# unpinned FILE: names with the PCRs that stay
unpinned()
{
	"$EIF" verify --json "$1" | jq -r '.Unpinned[] | .name + " " + (.unchanged | join(","))' | sort
}

# moved NAME FILE PCRS: FILE was made of good.eif by a move; these PCRs stay, and the file is sound
moved()
{
	expected=$(pcrs good.eif | jq -c "[.[$3]]")
	is "moved: $1" "$expected" "$(pcrs "$2" | jq -c "[.[$3]]")"
	[ "$(sha256sum <"$2")" != "$(sha256sum <good.eif)" ]
	ok $? "moved: $1: another file"
}

# split_at P FILE: kernel, command line and the first P bytes of FILE as kernel-all, the next 8 as cmdline-cut, the others as rest-of-it
split_at()
{
	{ cat kernel cmdline; cut_out "$2" 0 "$1"; } >kernel-all
	cut_out "$2" "$1" 8 >cmdline-cut
	tail -c +$(($1 + 9)) "$2" >rest-of-it
}

# A guard in front of init, and a file whose bytes are words of a command line: all PCRs stay.
test_chosen_cmdline()
{
	mkdir -p guarded/sbin guarded/etc
	dd if=/dev/zero of=guarded/etc/guard bs=5000 count=1 2>/dev/null
	printf '\0rdinit=/bin/sh lsm=none\0' >guarded/etc/cfg
	printf 'x' >guarded/init
	(
		cd guarded || exit
		find . -exec touch -h -d @0 {} +
		printf '%s\n' sbin etc etc/guard etc/cfg init | "${CPIO:-cpio}" --quiet --reproducible -o -H newc
	) >guarded.cpio
	image good.eif kernel cmdline guarded.cpio two.cpio
	from=$(grep -abo 'rdinit=' guarded.cpio | cut -d : -f 1)
	to=$(grep -abo 070701 guarded.cpio | sed -n '5s/:.*//p')
	{ cat kernel cmdline; cut_out guarded.cpio 0 "$from"; } >kernel-all
	cut_out guarded.cpio "$from" $((to - from)) >cmdline-cut
	tail -c +$((to + 1)) guarded.cpio >rest-of-it
	image moved.eif kernel-all cmdline-cut rest-of-it two.cpio
	moved 'words of a file as the command line (CMDLINE-CHOSEN)' moved.eif 0,1,2
	is 'the words are chosen' 'rdinit=/bin/sh lsm=none' \
		"$("$EIF" describe --json moved.eif | jq -r '.Cmdline | split("\u0000")[0]')"
	is 'init is left' '["etc","etc/cfg","etc/guard","sbin"]' \
		"$("$EIF" diff --json good.eif moved.eif 2>/dev/null | jq -c '.Files[0].removed')"
	for what in CMDLINE-CHOSEN:'any bytes of ramdisk 0' RAMDISK-HEAD:'without limit, behind the kernel' \
		RAMDISK-WHOLE:'without limit, behind the kernel'; do
		"$EIF" verify --json good.eif | jq -e --arg name "${what%%:*}" --arg text "${what#*:}" \
			'any(.Unpinned[]; .name == $name and .unchanged == ["PCR0", "PCR1", "PCR2"] and (.text | contains($text)))' >found
		ok $? "verify says so: $what" found
	done
}

# An archive inside a file of ramdisk 1: it boots alone, under the same PCR0.
test_archive_in_file()
{
	mkdir -p inner outer/rootfs
	printf evil >inner/init
	printf last >outer/run
	(cd inner && find . -exec touch -h -d @0 {} + && echo init | "${CPIO:-cpio}" --quiet --reproducible -o -H newc) \
		>outer/rootfs/data.img
	(
		cd outer || exit
		find . -exec touch -h -d @0 {} +
		printf '%s\n' rootfs rootfs/data.img run | "${CPIO:-cpio}" --quiet --reproducible -o -H newc
	) >outer.cpio
	image good.eif kernel cmdline one.cpio outer.cpio
	from=$(grep -abo 070701 outer.cpio | sed -n '3s/:.*//p')
	{ cat kernel cmdline one.cpio; cut_out outer.cpio 0 $((from - 1)); } >kernel-all
	cut_out outer.cpio $((from - 1)) 1 >cmdline-cut
	tail -c +$((from + 1)) outer.cpio >rest-of-it
	image moved.eif kernel-all cmdline-cut rest-of-it
	moved 'an archive inside a file of ramdisk 1 (PCR0-ALONE)' moved.eif 0
	check 'the moved image is sound' "$EIF" verify moved.eif
	"$EIF" verify --json good.eif | jq -e 'any(.Unpinned[]; .name == "PCR0-ALONE" and .unchanged == ["PCR0"] and
		(.text | contains("an archive inside a file then boots instead")))' >found
	ok $? 'verify says so: PCR0-ALONE' found
	! "$EIF" verify good.eif | grep -q 'what boots stay,'
	ok $? 'verify does not say that a boundary changes nothing'
}

test_moves()
{
	image good.eif kernel cmdline one.cpio two.cpio
	is 'unpinned: two plain ramdisks, unsigned' 'CMDLINE-CHOSEN PCR0,PCR1,PCR2
CMDLINE-HEAD PCR0,PCR1,PCR2
CMDLINE-TAIL PCR0,PCR1,PCR2
HEADER PCR0,PCR1,PCR2
KERNEL-EXTRA PCR0,PCR1,PCR2
KERNEL-TAIL PCR0,PCR1,PCR2
METADATA PCR0,PCR1,PCR2
PCR0-ALONE PCR0
PCR1-ALONE PCR1
PCR2-ALONE PCR2
RAMDISK-BOUNDARY PCR0
RAMDISK-HEAD PCR0,PCR1,PCR2
RAMDISK-WHOLE PCR0,PCR1,PCR2
UNSIGNED PCR0,PCR1,PCR2' "$(unpinned good.eif)"
	{ cat kernel; printf 'console=ttyS0 '; } >kernel+
	printf quiet >cmdline-
	image moved.eif kernel+ cmdline- one.cpio two.cpio
	moved 'the first word to the kernel (CMDLINE-HEAD)' moved.eif 0,1,2
	cut_out kernel 0 2047 >kernel-
	{ printf '\0'; cat cmdline; } >cmdline+
	image moved.eif kernel- cmdline+ one.cpio two.cpio
	moved 'a zero byte of the kernel to the command line (KERNEL-TAIL)' moved.eif 0,1,2
	first=$("$EIF" verify --json good.eif | jq '.Unpinned[] | select(.name == "RAMDISK-HEAD") | .bytes')
	is 'the first entry of ramdisk 0 ends where the next one begins' 070701 "$(cut_out one.cpio "$first" 6)"
	{ cat cmdline; cut_out one.cpio 0 "$first"; } >cmdline+
	tail -c +$((first + 1)) one.cpio >one-
	image moved.eif kernel cmdline+ one- two.cpio
	moved 'the first entry to the command line (RAMDISK-HEAD)' moved.eif 0,1,2
	is 'the first entry is gone' '["dev"]' \
		"$("$EIF" diff --json good.eif moved.eif 2>/dev/null | jq -c '.Files[0].removed')"
	{ cat cmdline one.cpio; } >cmdline+
	image moved.eif kernel cmdline+ empty two.cpio
	moved 'all of ramdisk 0 to the command line (RAMDISK-WHOLE)' moved.eif 0,1,2
	cat one.cpio two.cpio >both
	image moved.eif kernel cmdline both
	moved 'one ramdisk instead of two (RAMDISK-BOUNDARY)' moved.eif 0
	split_at 3 one.cpio
	image moved.eif kernel-all cmdline-cut rest-of-it two.cpio
	moved 'bytes of ramdisk 0 as the command line (CMDLINE-CHOSEN)' moved.eif 0,1,2
	is 'the command line is chosen' 70100000 "$("$EIF" describe --json moved.eif | jq -r .Cmdline)"
	cat one.cpio two.cpio >both
	split_at $(($(size_of one.cpio) + 3)) both
	image moved.eif kernel-all cmdline-cut rest-of-it
	moved 'all before a byte of ramdisk 1 behind the kernel (PCR0-ALONE)' moved.eif 0
	is 'PCR1 and PCR2 tell' 'false false' \
		"$("$EIF" diff --json good.eif moved.eif 2>/dev/null | jq -r '"\(.Measurements[1].same) \(.Measurements[2].same)"')"
	image moved.eif kernel cmdline one.cpio three.cpio
	moved 'another second ramdisk (PCR1-ALONE)' moved.eif 1
	image moved.eif cmdline kernel empty two.cpio
	moved 'another kernel and first ramdisk (PCR2-ALONE)' moved.eif 2
	cp good.eif moved.eif
	append moved.eif 4 signature
	moved 'a signature more (UNSIGNED)' moved.eif 0,1,2
	assemble moved.eif 1 1 kernel 2 cmdline 3 one.cpio 3 two.cpio 5 metadata
	moved 'the other machine, metadata elsewhere (HEADER)' moved.eif 0,1,2
	is 'HEADER: bytes in no PCR' "$(($(size_of good.eif) - $(size_of kernel) - $(size_of cmdline) - $(size_of both)))" \
		"$("$EIF" describe --json good.eif | jq .UnmeasuredBytes)"
}

has()
{
	unpinned "$f" | grep -q "^$1"
	ok $? "unpinned: $2"
}

has_not()
{
	! unpinned "$f" | grep -q "^$1"
	ok $? "unpinned: $2"
}

test_findings()
{
	image "$f" kernel cmdline two.gz
	has_not RAMDISK-HEAD 'a compressed ramdisk has no first entry to take away'
	has RAMDISK-WHOLE 'but it can go as a whole'
	has_not RAMDISK-BOUNDARY 'one ramdisk has no boundary to another'
	is 'PCR2 of one ramdisk is that of nothing' 1 "$("$EIF" verify "$f" | grep -c 'no bytes at all')"
	image "$f" kernel cmdline two.cpio one.cpio
	has INIT-REPLACED 'an init in the second ramdisk'
	gzip -n -c one.cpio >one.gz
	image "$f" kernel cmdline two.cpio one.gz
	has INIT-REPLACED 'an init in the second ramdisk, compressed'
	image "$f" kernel cmdline one.cpio two.cpio two.cpio
	is 'three ramdisks: two kinds of boundaries' 2 "$(unpinned "$f" | grep -c RAMDISK-BOUNDARY)"
	image "$f" kernel empty one.cpio
	has_not CMDLINE-HEAD 'an empty command line has no words'
	append "$f" 4 signature
	has 'SIGNATURE PCR0' 'a signature that can be taken away'
	has_not UNSIGNED 'a signed image is not unsigned'
	head -c 3000 /dev/zero >large
	printf x >>large
	printf '070701' >short
	image "$f" large cmdline short
	has KERNEL-TAIL 'a broken ramdisk and no kernel'
	check 'verify: text of the same' "$EIF" verify "$f"
}

# entry NAME MODE INO NLINK [BODY]: one of a newc archive, to stdout
entry()
{
	body=${5-}
	printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0' "$3" "$((0$2))" 0 0 "$4" 0 "${#body}" 0 0 0 0 \
		$((${#1} + 1)) 0 "$1"
	"$FILL" 0 0 0 0 0 $(((4 - (110 + ${#1} + 1) % 4) % 4))
	printf %s "$body"
	"$FILL" 0 0 0 0 0 $(((4 - ${#body} % 4) % 4))
}

trailer()
{
	entry TRAILER!!! 0 0 1 "${1-}"
}

# An init under another name, or where names are not read, is told, and not passed over.
test_hidden_init()
{
	{ entry x/../init 100644 1 1 evil; trailer; } >disk
	image "$f" kernel cmdline one.cpio disk
	has INIT-UNKNOWN 'a path with ".."'
	{ entry x 120777 1 1 /; entry x/init 100644 2 1 evil; trailer; } >disk
	image "$f" kernel cmdline one.cpio disk
	has INIT-UNKNOWN 'init behind a symbolic link'
	{ entry x 40755 1 1; entry x/init 100644 2 1 fine; trailer; } >disk
	image "$f" kernel cmdline one.cpio disk
	has_not INIT-UNKNOWN 'init behind a folder'
	{ entry .//./init 100644 2 1 evil; trailer; } >disk
	image "$f" kernel cmdline one.cpio disk
	has INIT-REPLACED 'an init with dots and slashes'
	{ trailer "$(printf '%0110d' 0)"; entry init 100644 1 1 evil; trailer; } >disk
	image "$f" kernel cmdline one.cpio disk
	has INIT-REPLACED 'an init behind a trailer with data'
	printf 'console=ttyS0 rdinit=/evil' >rdinit
	image "$f" kernel rdinit one.cpio
	has INIT-UNKNOWN 'rdinit='
	for disk in two.bz2 two.lzma two.lz4; do
		image "$f" kernel cmdline one.cpio $disk
		has RAMDISK-UNLISTED "a ramdisk that is not read: $disk"
	done
	entry init 100644 1 1 "$(printf '%0200d' 0)" | head -c 116 >disk
	image "$f" kernel cmdline disk two.cpio
	has RAMDISK-UNLISTED 'an entry whose data is the next ramdisk'
	{ cat one.cpio; printf '\0\0'; } >disk
	image "$f" kernel cmdline disk two.cpio
	has RAMDISK-UNLISTED 'a ramdisk that moves the next one'
	image "$f" kernel cmdline two.cpio disk
	has_not RAMDISK-UNLISTED 'the last ramdisk moves none'
	entry init 100644 1 1 "$(printf '%0060d' 0)" | head -c 150 | gzip -n -c >disk
	image "$f" kernel cmdline one.cpio disk
	has RAMDISK-UNLISTED 'a gzip that ends inside a file'
}

# Bytes that a move leaves behind.
test_traces()
{
	image "$f" kernel cmdline one.cpio
	has_not CMDLINE-BYTES 'a plain command line'
	image "$f" kernel nul-cmdline one.cpio
	has CMDLINE-BYTES 'a command line with NUL'
	printf 'quiet \303\244' >utf8
	image "$f" kernel utf8 one.cpio
	has CMDLINE-BYTES 'a command line that is not ASCII'
	cp kernel short
	put short 500 00100000
	image "$f" short cmdline one.cpio
	has KERNEL-SHORT 'a kernel that is shorter than it says'
	has_not KERNEL-EXTRA 'and not longer'
}

# changed A B: report.json of images with these ramdisks
changed()
{
	image a.eif kernel cmdline "$1"
	image b.eif kernel cmdline "$2"
	"$EIF" diff --json a.eif b.eif 2>/dev/null >report.json
}

test_diff_hidden()
{
	{ entry a 100644 1 2 SECRET; entry b 100644 1 2; trailer; } >linked
	{ entry a 100644 1 2 SECRET; entry b 100644 2 2; trailer; } >apart
	{ entry a 100644 7 2 SECRET; entry b 100644 7 2; trailer; } >renumbered
	changed linked apart
	is 'diff: a hard link, and a file of its own' '[{"path":"b","what":["links"]}]' "$(jq -c '.Files[0].changed' report.json)"
	changed linked renumbered
	is 'diff: hard links with another inode number' '[]' "$(jq -c '.Files[0].changed' report.json)"
	for letter in A B; do
		entry x 100644 1 1 "$(printf '%060d' 0 | tr 0 $letter)" | head -c 160 | gzip -n -c >disk.$letter
	done
	changed disk.A disk.B
	is 'diff: gzip that ends inside a file' "$(sha256sum <disk.A | cut -c 1-64) $(sha256sum <disk.B | cut -c 1-64)" \
		"$(jq -r '.Files[0].unlisted | map(.sha256) | join(" ")' report.json)"
	"$EIF" diff a.eif b.eif 2>/dev/null | grep -q 'no listed file differs, but not all is listed'
	ok $? 'diff: gzip that ends inside a file: text'
	printf 'a b\0good' >good-line
	printf 'a b\0evil=1' >evil-line
	image a.eif kernel good-line one.cpio
	image b.eif kernel evil-line one.cpio
	is 'diff: words behind NUL' '[["b\u0000good"],["b\u0000evil=1"]]' \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c '[.Cmdline.removed, .Cmdline.added]')"
	printf 'a a b' >twice
	printf 'b a' >once
	image a.eif kernel twice one.cpio
	image b.eif kernel once one.cpio
	is 'diff: a word that comes less often' '[["a"],[]]' \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c '[.Cmdline.removed, .Cmdline.added]')"
}

# A kernel with its configuration in it: IKCFG_ST, gzip, IKCFG_ED, in a payload of a bzImage.
configured_kernel() # OUT COMPRESSOR CONFIG-LINE...
{
	kernel_out=$1 with=$2
	shift 2
	printf '%s\n' '#' "$@" >config
	{
		"$FILL" 1 3 5 7 0 100000
		printf 'IKCFGIKCFG_ST'
		gzip -n -c config
		printf 'IKCFG_ED'
		"$FILL" 3 1 5 7 0 100000
	} >vmlinux
	$with <vmlinux >payload
	cut_out kernel 0 1024 >"$kernel_out"
	put "$kernel_out" 584 00000000
	size=$(printf %08x "$(size_of payload)")
	put "$kernel_out" 588 "$(echo "$size" | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')"
	cat payload >>"$kernel_out"
}

test_kernels()
{
	for with in 'gzip -n -c' 'zstd -q -c' 'xz -c --check=crc32' cat; do
		configured_kernel configured "$with" CONFIG_A=y CONFIG_CMDLINE_OVERRIDE=y
		[ "$with" != cat ] || cp vmlinux configured
		image "$f" configured cmdline one.cpio
		has CMDLINE-IGNORED "the configuration in a kernel by $with"
	done
	for lines in CONFIG_CMDLINE_OVERRIDE=n CONFIG_CMDLINE_FORCE=y CONFIG_CMDLINE_OVERRIDE=yes; do
		configured_kernel configured 'gzip -n -c' $lines
		image "$f" configured cmdline one.cpio
		has_not CMDLINE-IGNORED "$lines on x86_64"
	done
	configured_kernel configured 'gzip -n -c' CONFIG_CMDLINE_OVERRIDE=y
	image "$f" configured cmdline one.cpio
	has CMDLINE-HEAD 'a claim hides nothing (CMDLINE-HEAD)'
	has CMDLINE-TAIL 'a claim hides nothing (CMDLINE-TAIL)'
	gzip -n -c config | head -c -6 >cut.gz
	{ cat vmlinux; printf 'IKCFG_S'; } | sed 's/IKCFG_ST/IKCFG_SX/' >vmlinux-
	{ cat vmlinux-; printf 'T'; cat cut.gz; } >configured
	image "$f" configured cmdline one.cpio
	has_not CMDLINE-IGNORED 'a configuration that breaks off'
	{ cat vmlinux-; printf 'T'; { cat config; printf '\0'; } | gzip -n -c; } >configured
	image "$f" configured cmdline one.cpio
	has_not CMDLINE-IGNORED 'a configuration with NUL'
	configured_kernel k1 'gzip -n -c' CONFIG_A=y CONFIG_B=y 'CONFIG_C="x y"'
	configured_kernel k2 'zstd -q -c' CONFIG_A=y 'CONFIG_C="x"' CONFIG_D=m
	image a.eif k1 cmdline one.cpio
	image b.eif k2 cmdline one.cpio
	is 'diff: options of kernels' '[["CONFIG_B",["y",null]],["CONFIG_C",["\"x y\"","\"x\""]],["CONFIG_D",[null,"m"]]]' \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c '[.Kernel.options[] | [.what, .values]] | sort')"
	is 'diff: why, when kernels differ' '[["kernel"],["kernel"],[],[]]' \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c '[.Measurements[].why]')"
}

# ---- diff ----

files='[.Files[] | {removed, added, changed}]'
expected_files='[{"removed":["etc/removed"],"added":["etc/new"],"changed":[{"path":"etc/changed","what":["mode","contents"]},{"path":"etc/same","what":["mode"]}]}]'

test_diff()
{
	image a.eif kernel cmdline one.cpio two.cpio
	check 'diff: the same' "$EIF" diff a.eif a.eif
	image b.eif kernel cmdline one.cpio three.cpio
	fails 1 '^eif: EIF-DIFFERENT: b.eif: ' 'diff: exit status' "$EIF" diff a.eif b.eif
	is 'diff: files' "$expected_files" "$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c "$files")"
	is 'diff: PCRs, and why' '[["PCR0",false,["ramdisk 1"]],["PCR1",true,[]],["PCR2",false,["ramdisk 1"]],["PCR8",true,[]]]' \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c '[.Measurements[] | [.pcr, .same, .why]]')"
	for form in gz zst xz; do
		image b.eif kernel cmdline one.cpio two.$form
		is "diff: the same files in $form" '[[],[],[],[null,null]]' \
			"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c '.Files[0] | [.removed, .added, .changed, .unlisted]')"
		image c.eif kernel cmdline one.cpio three.gz
		is "diff: other files, $form and gz" "$expected_files" \
			"$("$EIF" diff --json b.eif c.eif 2>/dev/null | jq -c "$files")"
	done
	image b.eif kernel cmdline one.cpio two.bz2
	is 'diff: what cannot be listed' "$(size_of two.bz2) $(sha256sum <two.bz2 | cut -c 1-64)" \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -r '.Files[0].unlisted[1] | "\(.bytes) \(.sha256)"')"
	cat one.cpio two.gz >mixed
	image b.eif kernel cmdline mixed
	is 'diff: archives in a row, plain and compressed' '["dev","etc","etc/changed","etc/removed","etc/same","init"]' \
		"$("$EIF" diff --json b.eif "$golden/01-one-ramdisk.eif" 2>/dev/null | jq -c '.Files[0].removed')"
	{
		cat one.cpio
		printf '\0\0'
		cat two.cpio
	} >unaligned
	image b.eif kernel cmdline unaligned
	is 'diff: an archive that does not begin at a multiple of four is none' "$(size_of unaligned)" \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq '.Files[0].unlisted[1].bytes')"
	image b.eif kernel cmdline three.cpio two.cpio
	is 'diff: PCRs, when the first ramdisk differs' '[["PCR0",["ramdisk 0"]],["PCR1",["ramdisk 0"]],["PCR2",[]],["PCR8",[]]]' \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c '[.Measurements[] | [.pcr, .why]]')"
	image b.eif kernel cmdline- one.cpio two.cpio
	is 'diff: words' '{"same":false,"removed":["console=ttyS0"],"added":[]}' \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c .Cmdline)"
	image b.eif kernel+ cmdline- one.cpio two.cpio
	is 'diff: a boundary moved' '[true,["kernel","cmdline","only the boundaries between them moved: the bytes in a row are the same"]]' \
		"$("$EIF" diff --json a.eif b.eif 2>/dev/null | jq -c '.Measurements[0] | [.same, .why]')"
	is 'diff: metadata' '["ImageName",["golden","eif_build"]]' "$(
		"$EIF" diff --json "$golden/01-one-ramdisk.eif" "$golden/15-default-name-and-tool.eif" 2>/dev/null |
			jq -c '.Metadata[0] | [.what, [.values[0], "eif_build"]]'
	)"
	fails 3 '^eif: EIF-TRAILING: longer.eif' 'diff: a malformed one' "$EIF" diff a.eif longer.eif
	fails 2 '^eif: EIF-USAGE: ' 'diff: one image' "$EIF" diff a.eif
	fails 1 '^PCR1 *changed: kernel, cmdline' 'diff: text' sh -c '"$0" diff --lenient "$1" "$2" 2>&1' "$EIF" a.eif "$golden/01-one-ramdisk.eif"
}

# ---- lenient ----

# notes NAME EXPECTED: of $f, which the strict reader refuses
notes()
{
	! "$EIF" describe "$f" >/dev/null 2>&1
	ok $? "lenient: $1: the strict reader refuses it"
	is "lenient: $1" "$2" "$("$EIF" describe --lenient --json "$f" | jq -r '[.Notes[].name] | join(" ")')"
}

test_lenient()
{
	for version in 2 3; do
		assemble "$f" 0 1 kernel 2 cmdline 3 one.cpio 3 two.cpio
		put "$f" 4 "000$version"
		fixcrc "$f"
		notes "version $version" 'EIF-VERSION EIF-SECTION-MISSING'
		image good.eif kernel cmdline one.cpio two.cpio
		is "lenient: version $version: PCRs" "$(pcrs good.eif)" \
			"$("$EIF" describe --lenient --json "$f" | jq -c '[.Measurements | .PCR0, .PCR1, .PCR2]')"
		is "lenient: version $version: as such" "$version" "$("$EIF" describe --lenient --json "$f" | jq .EifVersion)"
	done
	cp good.eif "$f"
	printf more >>"$f"
	notes 'bytes behind' EIF-TRAILING
	cp good.eif "$f"
	put "$f" 544 00000000
	notes 'a wrong checksum' EIF-CRC
	is 'lenient: CheckCRC' false "$("$EIF" describe --lenient --json "$f" | jq .CheckCRC)"
	cp "$golden/28-resign-longer-cert.eif" "$f"
	notes 'a stale table' 'EIF-SECTION-SIZE EIF-VIEW'
	is 'lenient: a stale table: as AWS describes it' "$(jq -c '.cases[] | select(.id | startswith("28-")).expect | [.PCR0, .PCR1, .PCR2]' "$golden/cases.json")" \
		"$("$EIF" describe --lenient --json "$f" | jq -c '[.Measurements | .PCR0, .PCR1, .PCR2]')"
	cp good.eif "$f"
	printf x >byte
	append "$f" 9 byte
	notes 'an unknown type' EIF-SECTION-TYPE
	"$FILL" 0 0 0 32 0 65536 >big
	image "$f" kernel cmdline big one.cpio
	put "$f" 60 "$(hex_at "$f" 52 8)"
	put "$f" 316 "$(hex_at "$f" 308 8)"
	is 'lenient: sections that overlap: no negative number of bytes in no PCR' 0 \
		"$("$EIF" describe --lenient --json "$f" | jq .UnmeasuredBytes)"
	cp good.eif "$f"
	put "$f" 6 0100
	put "$f" 24 0001
	put "$f" 276 0000000000000001
	fixcrc "$f"
	notes 'fields' 'EIF-FLAGS EIF-RESERVED EIF-SECTION-UNUSED'
	assemble "$f" 0 1 kernel 2 cmdline 5 byte 3 one.cpio 4 byte
	notes 'metadata and signature that are none' 'EIF-METADATA EIF-SIGNATURE'
	assemble "$f" 0 5 metadata 2 cmdline 1 kernel 3 one.cpio
	notes 'another order' 'EIF-SECTION-ORDER EIF-SECTION-ORDER'
	cp good.eif "$f"
	"$EIF" describe --lenient --json "$f" | jq -c .Notes >found
	is 'lenient: a sound image has no notes' '[]' "$(cat found)"
	check 'lenient: extract' "$EIF" extract --lenient "$golden/28-resign-longer-cert.eif" taken
	is 'lenient: extract: the signature' 1946 "$(size_of taken/signature)"
	fails 1 '^eif: EIF-SECTION-SIZE: .*28-' 'lenient: verify: a note is a failure' \
		"$EIF" verify --lenient "$golden/28-resign-longer-cert.eif"
	cp good.eif "$f"
	put "$f" 544 00000000
	fails 1 '^eif: EIF-CRC: ' 'lenient: verify: a wrong checksum' "$EIF" verify --lenient "$f"
	check 'lenient: verify: a sound image' "$EIF" verify --lenient good.eif
	for section in signature-cut signature-longer empty; do
		image "$f" kernel cmdline one.cpio
		append "$f" 4 $section
		fails 1 '^eif: EIF-SIGNATURE: ' "lenient: verify: $section is no signature" "$EIF" verify --lenient "$f"
		is "lenient: verify: $section, in the report" 'false EIF-SIGNATURE' "$("$EIF" verify --lenient --json "$f" \
			2>/dev/null | jq -r '.Signature | "\(.Good) \(.Name)"')"
	done
	for case in EIF-MAGIC:0:00 EIF-TRUNCATED:316:00000000ffffffff; do
		cp good.eif "$f"
		IFS=: read -r code at hex <<-EOF
			$case
		EOF
		put "$f" "$at" "$hex"
		[ "$code" = EIF-MAGIC ] || put "$f" $(($(number_at "$f" 60 8) + 4)) "$hex"
		fails 3 "^eif: $code: " "lenient: still refused: $code" "$EIF" describe --lenient "$f"
	done
	assemble "$f" 0 1 kernel 1 kernel 2 cmdline 5 metadata 3 one.cpio
	fails 3 '^eif: EIF-SECTION-DUPLICATE: ' 'lenient: two kernels' "$EIF" describe --lenient "$f"
	assemble "$f" 0 1 kernel 2 cmdline 5 metadata
	fails 3 '^eif: EIF-SECTION-MISSING: ' 'lenient: no ramdisk' "$EIF" describe --lenient "$f"
	assemble "$f" 0 1 kernel 2 long-cmdline 5 metadata 3 one.cpio
	fails 3 '^eif: EIF-SECTION-SIZE: ' 'lenient: a long command line' "$EIF" describe --lenient "$f"
	fails 4 '^eif: FILE-READ: ' 'lenient: a pipe' sh -c 'cat "$1" | "$0" describe --lenient /dev/stdin' "$EIF" good.eif
}

# ---- 20 GiB of nothing ----

# hostile NAME CODE SECTION: 20 GiB, all said to be that section's, in 64 MiB of address space
# shellcheck disable=SC3045 # ulimit -v is no POSIX, but dash, bash and busybox have it
hostile()
{
	cp good.eif "$f"
	put "$f" $((284 + 8 * $3)) 0000000500000000
	put "$f" $(($(number_at "$f" $((28 + 8 * $3)) 8) + 4)) 0000000500000000
	i=$(($3 + 1))
	while [ $i -lt 5 ]; do
		put "$f" $((28 + 8 * i)) "$(be 8 $(($(number_at "$f" $((20 + 8 * i)) 8) + 12 + $(number_at "$f" $((276 + 8 * i)) 8))))"
		i=$((i + 1))
	done
	dd if=/dev/zero of="$f" bs=1 count=0 seek=22548578304 2>/dev/null
	for how in describe 'describe --lenient' verify 'diff good.eif'; do
		# shellcheck disable=SC2016,SC2086 # for the inner shell; words
		fails 3 "^eif: $2: " "20 GiB: $1: $how" sh -c 'ulimit -v 65536; exec "$0" "$@"' "$EIF" $how "$f"
	done
}

# shellcheck disable=SC3045
test_hostile()
{
	if ! (ulimit -v 65536 && "$EIF" --version) >/dev/null 2>&1; then
		skip '20 GiB' 'the command does not start in 64 MiB of address space'
		return
	fi
	hostile 'a command line' EIF-SECTION-SIZE 1
	hostile 'metadata' EIF-SECTION-SIZE 2
	rm "$f"
	dd if=/dev/zero of="$f" bs=1 count=0 seek=21474836480 2>/dev/null
	fails 3 '^eif: EIF-MAGIC: ' '20 GiB: nothing else' sh -c 'ulimit -v 65536; exec "$0" describe "$1"' "$EIF" "$f"
	# A ramdisk that unpacks to 512 MiB of zeros, and one with an entry of 4 GiB that is not there.
	head -c 536870912 /dev/zero | gzip -n -1 -c >bomb.gz
	image "$f" kernel cmdline one.cpio bomb.gz
	check '512 MiB of zeros in a gzip: verify' sh -c 'ulimit -v 131072; exec "$0" verify "$1"' "$EIF" "$f"
	for i in 0 1 2 3 4 5 6 7 8 9; do entry "$i" 100644 1 1; done >ten
	for i in 0 1 2 3 4 5 6 7 8 9; do cat ten ten ten ten ten ten ten ten ten ten; done >thousand
	i=0
	while [ $i -lt 20 ]; do cat thousand thousand thousand thousand thousand; i=$((i + 1)); done >many
	i=0
	while [ $i -lt 20 ]; do cat many; i=$((i + 1)); done | zstd -q -c >entries.zst
	image "$f" kernel cmdline one.cpio entries.zst
	fails 1 '^eif: EIF-DIFFERENT: ' 'two million entries: diff' sh -c 'ulimit -v 600000; exec "$0" diff "$1" "$2" >report.txt' "$EIF" good.eif "$f"
	grep -q 'more files than are listed here' report.txt
	ok $? 'two million entries: not all are listed' report.txt
	cp two.cpio endless
	put endless 54 "$(text_hex ffffffff)"
	image "$f" kernel cmdline one.cpio endless
	check 'an entry of 4 GiB that is not there: verify' sh -c 'ulimit -v 65536; exec "$0" verify "$1"' "$EIF" "$f"
}

make_ramdisks
test_measurements
test_differences
test_chosen_cmdline
test_archive_in_file
test_moves
test_findings
test_hidden_init
test_traces
test_kernels
test_diff
test_diff_hidden
test_lenient
test_hostile
finish_tap
