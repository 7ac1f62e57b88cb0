#!/bin/sh
# IGVM images: the worked example byte by byte, damaged and odd images made from the specs in cases/, what we write read
# again. Environment: REALM the realm command; CASES only those whose name matches this pattern.
# shellcheck disable=SC2016 # file-wide: sh -c has its own words
set -u

LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
: "${REALM:?path of the realm command}"
case $REALM in
/*) ;;
*) REALM=$(pwd)/$REALM ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
TAP_TMP=$work
# shellcheck source=tests/cca/igvm.sh
. "$here/igvm.sh"
golden=$here/golden
cd "$work" || exit 99
f=$work/image.igvm

# ---- the corpus ----

our_verdict()
{
	if "$REALM" describe "$f" >stdout 2>stderr; then
		echo sound
	elif [ $? -eq 3 ] && [ "$(wc -l <stderr)" -eq 1 ] && [ ! -s stdout ]; then
		sed 's/^realm: \([A-Z0-9-]*\): .*/\1/' stderr
	else
		echo "status or output: $(head -n 2 stderr)"
	fi
}

close_case()
{
	[ -n "$name" ] || return 0
	assemble "$f"
	found=$(our_verdict)
	printf 'expected: %s\nfound: %s\n' "$ours" "$found" >difference
	cat stderr >>difference
	[ "$ours" = "$found" ]
	ok $? "$name: $ours" difference
	[ "$ours" = sound ] || {
		malformed=$((malformed + 1))
		echo "$ours" >>codes
		"$REALM" extract "$f" taken >/dev/null 2>&1 && ok 1 "$name: extract refuses it, too"
		"$REALM" measure "$f" --rmm 2.0 >/dev/null 2>&1 && ok 1 "$name: measure refuses it, too"
		[ ! -e taken ] || ok 1 "$name: nothing is left behind"
	}
	rm -rf taken
	name=
}

make_parts
: >codes
name='' malformed=0
for file in "$here"/cases/*.cases; do
	while read -r word rest; do
		case $word in
		'' | '#'* | why) continue ;;
		case)
			new=$rest
			close_case
			# shellcheck disable=SC2254 # a pattern
			case $new in
			${CASES:-*})
				name=$new
				first_elements
				;;
			esac
			continue
			;;
		esac
		[ -n "$name" ] || continue
		if [ "$word" = ours ]; then
			ours=$rest
		else
			damage "$word" "$rest" || ok 1 "$name: $word $rest: a known line"
		fi
	done <"$file"
done
close_case
if [ -n "${CASES:-}" ]; then
	skip 'every code has a case' 'not all cases were run'
else
	check "the corpus has 80 malformed images or more: $malformed" [ $malformed -ge 80 ]
	sort -u codes >seen
	sed -n 's/^| \(IGVM-[A-Z0-9-]*\) |.*/\1/p' "$here/../../docs/cca.md" 2>/dev/null | sort -u >documented
	[ -s documented ] || sed -n 's/^| \(IGVM-[A-Z0-9-]*\) |.*/\1/p' /mint/in/tree/docs/cca.md | sort -u >documented
	check 'each code of the corpus stands in docs/cca.md' sh -c 'test -z "$(comm -23 seen documented)"'
fi

# ---- the worked example ----

head -c 4096 /dev/zero | tr '\0' Z >two
head -c 4096 /dev/zero >>two
check "the worked example comes out, byte by byte" sh -c '
	"$1" build --pages 0x80000000=two --required 0x80000000+0x2000 --pc 0x80000000 --x0 0x8fe00000 --no-corim-slot \
		-o min.igvm && cmp min.igvm "$2/min.igvm"' sh "$REALM" "$golden"
rim_of()
{
	"$REALM" measure "$@" | sed 's/.* //'
}
is()
{
	printf 'expected: %s\nfound: %s\n' "$2" "$3" >difference
	[ "$2" = "$3" ]
	ok $? "$1" difference
}
is "its RIM under RMM 2.0" 38aac3980e022001274368ea503e2cf6c6ee9b475a13c69e76ea70e23ba079c4 \
	"$(rim_of min.igvm --rmm 2.0 --hash sha-256)"
is "its RIM under RMM 1.0" d66b6ac1b3149403b2c4556c0040ad5ea87f36d9a77f7f369ff51dd80f6b46a3 \
	"$(rim_of min.igvm --rmm 1.0 --hash sha-256)"
head -c 4096 two >first
tail -c 4096 two >second
"$REALM" build --pages 0x80000000=first --unmeasured 0x80001000=second --required 0x80000000+0x2000 --pc 0x80000000 \
	--x0 0x8fe00000 -o unmeasured.igvm
is "and with an unmeasured page" 1f60d4622a63c1216a43614fded49e7db9064f57bd194385b150fe2799f92569 \
	"$(rim_of unmeasured.igvm --rmm 2.0)"

# ---- the slot ----

first_elements
assemble slot.igvm
check "attach puts a document in" "$REALM" attach slot.igvm --corim "$golden/cca-realm-min.cbor" -o full.igvm
is "no RIM changes" "$(rim_of slot.igvm)" "$(rim_of full.igvm)"
check "extract gives it back" sh -c '"$1" extract full.igvm full && cmp full/document.corim "$2"' sh "$REALM" \
	"$golden/cca-realm-min.cbor"
check "strip gives the image before, bit for bit" sh -c '"$1" strip full.igvm -o empty.igvm && cmp empty.igvm slot.igvm' \
	sh "$REALM"
fails 3 IGVM-CORIM-SLOT "a second document is refused" "$REALM" attach full.igvm --corim "$golden/cca-realm-min.cbor" -o no
fails 3 IGVM-CORIM-SLOT "an image without a slot is refused" "$REALM" attach min.igvm --corim "$golden/cca-realm-min.cbor" \
	-o no
fails 3 IGVM-CORIM-SLOT "nothing to strip" "$REALM" strip slot.igvm -o no
fails 3 REALM-CORIM "something else than a CoRIM is refused" "$REALM" attach slot.igvm --corim two -o no
check "nothing is left behind" [ ! -e no ]

# ---- round trips ----

# again FOLDER OUT: the image from its own parts
again()
{
	# shellcheck disable=SC2046 # words without spaces
	set -- "$@" $(jq -r '.Runs[] | (if .Measured then "--pages" else "--unmeasured" end),
		"\(.Base)=" + $folder + "/\(.File)"' --arg folder "$1" "$1/image.json") \
		$(jq -r '.Memory[] | "--required", "\(.Base)+\(.Size)"' "$1/image.json") \
		$(jq -r '.Boot | "--pc", .pc, (.gprs | to_entries[] | "--x\(.key)", .value)' "$1/image.json")
	shift 2
	"$REALM" build "$@" -o "$out"
}
if command -v jq >/dev/null; then
	i=0
	while [ $i -lt 6 ]; do
		# Pages of six kinds: zeros, equal ones, unmeasured ones, a gap.
		{
			head -c $((4096 * (i + 1))) /dev/zero | tr '\0' "$i"
			head -c 8192 /dev/zero
			head -c 5000 "$REALM"
		} >blob
		"$REALM" build --pages 0x80000000=blob --unmeasured 0x80100000=first --pages 0x80200000=blob \
			--required 0x80000000+0x400000 --pc 0x8000000$i --x0 $i --x7 0xffffffffffffffff -o a$i.igvm
		"$REALM" extract a$i.igvm parts$i
		out=b$i.igvm
		# shellcheck disable=SC2046 # words without spaces
		again parts$i b$i.igvm
		check "image $i comes out of its own parts again" cmp a$i.igvm b$i.igvm
		i=$((i + 1))
	done
else
	skip 'round trips' 'no jq here'
fi
check "verify takes its own measurements" sh -c '
	"$1" measure min.igvm --json >m.json && "$1" verify min.igvm --measurements m.json' sh "$REALM"
sed 's/"measurements"/"ImageMeasurements"/; s/"rim"/"RIM"/' m.json >published.json
check "and those of an image's measurements.json" sh -c 'grep -q ImageMeasurements published.json && grep -q RIM published.json &&
	"$1" verify min.igvm --measurements published.json' sh "$REALM"
sed 's/38aac3/38aac4/' published.json >wrong.json
fails 1 REALM-RIM "verify refuses others there" "$REALM" verify min.igvm --measurements wrong.json
sed 's/38aac3/38aac4/' m.json >wrong.json
fails 1 REALM-RIM "verify refuses others" "$REALM" verify min.igvm --measurements wrong.json
fails 3 REALM-MEASUREMENTS "verify refuses what is none" "$REALM" verify min.igvm --measurements "$golden/rem.json"
fails 4 FILE-OPEN "an image that is not there" "$REALM" describe nothing.igvm
fails 3 IGVM-INPUT "a folder is no image" "$REALM" describe .
fails 4 FILE-EXISTS "extract overwrites nothing" "$REALM" extract min.igvm parts0

# ---- memory ----

head -c 100000000 /dev/zero | tr '\0' y >large
measure_large()
{
	# shellcheck disable=SC3045 # dash, bash and busybox have it
	(
		ulimit -v 65536
		"$REALM" build --pages 0x80000000=large --required 0x80000000+0x8000000 --pc 0x80000000 -o large.igvm &&
			"$REALM" measure large.igvm
	)
}
case $REALM in
"${SANITIZED:-none}"/*) skip 'an image of 100 MB in 64 MB of memory' 'sanitizers take more' ;;
*) check 'an image of 100 MB in 64 MB of memory' measure_large ;;
esac
finish_tap
