#!/bin/sh
# The corpus: damaged and odd images, made from the specs in cases/, each of which says what eif makes of it and what
# QEMU's reader does. Where the two part, docs/eif.md must say why, in the very words of the spec.
# Environment: EIF the eif command; FILL the compiled fill.c (compiled when unset); QEMU a command that starts the
# emulator (the test environment's when unset); CASES only those whose name matches this pattern.
# Never boots anything: QEMU stops before its first instruction, at a socket that is not there.
set -u

LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
: "${EIF:?path of the eif command}"
case $EIF in
/*) ;;
*) EIF=$(pwd)/$EIF ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
# shellcheck source=tests/eif/bytes.sh
. "$here/bytes.sh"
# shellcheck source=tests/eif/damage.sh
. "$here/damage.sh"
docs=$here/../../docs/eif.md
[ -f "$docs" ] || docs=/mint/in/tree/docs/eif.md
if [ -z "${QEMU:-}" ] && [ -x /mint/in/qemu/qemu-system-x86_64 ]; then
	QEMU='/mint/in/qemu/qemu-system-x86_64 -L /usr/share/seabios -L /usr/share/qemu'
fi
cd "$work" || exit 99
f=$work/image.eif

# our_verdict: what eif describe says about $f: "sound", or its code when that is all, and the status is 3
our_verdict()
{
	if "$EIF" describe "$f" >stdout 2>stderr; then
		echo sound
	elif [ $? -eq 3 ] && [ "$(wc -l <stderr)" -eq 1 ] && [ ! -s stdout ]; then
		sed 's/^eif: \([A-Z0-9-]*\): .*/\1/' stderr
	else
		echo "status or output: $(head -n 2 stderr)"
	fi
}

# qemu_verdict: "accepts" when it comes as far as its vsock device, which has no other end here
qemu_verdict()
{
	status=0
	# shellcheck disable=SC2086 # a command with options
	timeout 60 $QEMU -M nitro-enclave,vsock=c,id=t -accel tcg -cpu max -m 128M -S -chardev null,id=c \
		-kernel "$f" -display none -monitor none -nodefaults </dev/null >qemu.log 2>&1 || status=$?
	if grep -q 'vhost_backend_init failed' qemu.log; then
		echo accepts
	else
		echo "refuses $(sed -n '$s/^[^:]*: //p' qemu.log)"
		[ -s qemu.log ] || echo "status $status"
	fi
}

# is NAME EXPECTED FOUND
is()
{
	printf 'expected: %s\nfound: %s\n' "$2" "$3" >difference
	[ "$2" = "$3" ]
	ok $? "$1" difference
}

ours()
{
	case $crc in
	whole) [ "$(size_of "$f")" -lt 548 ] || fixcrc "$f" ;;
	table) put "$f" 544 "$(crc_by_table)" ;;
	esac
	ours=$1
	is "$name: ours" "$1" "$(our_verdict)"
	[ "$1" = sound ] || malformed=$((malformed + 1))
	if [ "$1" != sound ] && "$EIF" extract "$f" taken >/dev/null 2>&1; then
		ok 1 "$name: extract, too"
	fi
	[ ! -e taken ] || {
		ok 1 "$name: nothing is left behind"
		rm -rf taken
	}
}

qemu()
{
	qemu=$1
	if [ -z "${QEMU:-}" ]; then
		skipped=$((skipped + 1))
		return
	fi
	found=$(qemu_verdict)
	case $found in
	"$1"*) ok 0 "$name: QEMU $1" ;;
	*) is "$name: QEMU" "$1" "$found" ;;
	esac
}

# Where two readers part there is a reason, and nowhere else.
close_case()
{
	[ -n "$name" ] || return 0
	case $ours:$qemu in
	sound:accepts | EIF-*:refuses*) [ -z "$because" ] || ok 1 "$name: no reason is needed" ;;
	*)
		[ -n "$because" ] || ok 1 "$name: a reason is needed"
		echo "| $name | $(echo "$ours" | sed 's/^E/refuses: E/; s/^sound/accepts/') | ${qemu%% *} | $because |" >>table
		;;
	esac
	name=
}

begin_case()
{
	close_case
	# shellcheck disable=SC2254 # a pattern
	case $1 in
	${CASES:-*}) name=$1 ;;
	*) return 0 ;;
	esac
	ours='' qemu='' because='' crc=whole
	cp base "$f"
}

make_parts
name=
malformed=0 skipped=0
sections kernel cmdline metadata ramdisk ramdisk
cp "$f" base
: >table
for file in "$here"/cases/*.cases; do
	begin_case ''
	name=
	while read -r word rest; do
		case $word in
		'' | '#'*) ;;
		case) begin_case "$rest" ;;
		*) [ -n "$name" ] || continue ;;
		esac
		case $word in
		'' | '#'* | case | why) ;;
		crc) crc=$rest ;;
		ours) ours "$rest" ;;
		qemu) qemu "$rest" ;;
		because) because=$rest ;;
		*) damage "$word" "$rest" || ok 1 "$name: $word $rest: a known line" ;;
		esac
	done <"$file"
done
close_case
if [ -n "${CASES:-}" ]; then
	skip 'docs/eif.md: where the readers part' 'not all cases were run'
else
	[ $malformed -ge 80 ]
	ok $? "the corpus has 80 malformed images or more: $malformed"
	sed -n '/^| case | eif | QEMU | because |$/,/^$/p' "$docs" | sed '1,2d; /^$/d' >documented
	check 'docs/eif.md: where the readers part, and why' diff documented table
fi
[ $skipped -eq 0 ] || skip "QEMU's reader on $skipped cases" 'no QEMU here'
finish_tap
