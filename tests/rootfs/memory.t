#!/bin/sh
# What memory rootfs takes: so much for each entry, none for their contents. Prints the numbers that
# docs/rootfs.md gives. Environment: ROOTFS the command, CC. Never writes outside its own temporary folder.
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
TMPDIR=$work
export TMPDIR
${CC:-cc} -o mktar -D_GNU_SOURCE "$here/mktar.c" || exit 99
${CC:-cc} -o measure -D_GNU_SOURCE "$here/../bench/measure.c" || exit 99

# shellcheck source=tests/rootfs/command.sh
. "$here/command.sh"

few=50000 many=200000
for n in $few $many; do
	awk -v n="$n" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "entry 0 usr/share/doc/p%03d/f%06d data=x\n", i / 500, i
	}' | ./mktar >"$n.tar" || exit 99
done
peak() { ./measure "$@" 3>measured >/dev/null && cut -d' ' -f3 measured; } # COMMAND...: its peak in KiB
per_entry() { # NAME COMMAND: bytes; the command has # for the number of entries
	# shellcheck disable=SC2046 # the words of a command
	a=$(peak "$ROOTFS" $(echo "$2" | sed "s/#/$few/g")) && b=$(peak "$ROOTFS" $(echo "$2" | sed "s/#/$many/g")) || return 1
	bytes=$(((b - a) * 1024 / (many - few)))
	echo "# $1: $bytes bytes for each entry, $b KiB for $many entries"
	[ $bytes -le 330 ]
}

# A sanitized program takes another's memory, and terabytes of addresses.
# shellcheck disable=SC3045 # dash, bash and busybox have it
limited() { (ulimit -v 160000 && exec "$ROOTFS" "$@"); }
if limited --version >/dev/null 2>&1; then
	per_entry pack 'pack tar:#.tar -o #.cpio --manifest #.json'
	ok 'pack: at most 330 bytes for an entry with a path of 26 bytes'
	per_entry verify 'verify #.cpio --manifest #.json'
	ok 'verify: as much'
	per_entry list 'list #.cpio'
	ok 'list: as much'
	limited verify $many.cpio --manifest $many.json
	ok 'verify holds neither the manifest nor the archive'
	{ cat $many.json && echo x; } >case.json
	fails 3 MANIFEST-JSON limited verify $many.cpio --manifest case.json
	ok 'so it is until the last byte of a malformed one'
	head -c 40000000 /dev/zero | tr '\0' '[' >case.json
	fails 3 MANIFEST-JSON limited verify $many.cpio --manifest case.json
	ok 'a manifest of one value that does not end'
else
	skip 'memory for each entry' 'this rootfs is sanitized'
fi
echo "1..$count"
[ "$failures" -eq 0 ]
