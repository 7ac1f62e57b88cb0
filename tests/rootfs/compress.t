#!/bin/sh
# Tests of compressed sources, compressed archives and limits of the rootfs command; prints TAP.
# Environment: ROOTFS the command, CC to build mktar.c. Never writes outside its own temporary folder.
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TAP_TMP=$work
cd "$work" || exit 99
umask 022
${CC:-cc} -o mktar -D_GNU_SOURCE "$here/mktar.c" || exit 99

mkdir -p tree/usr/bin tree/etc
# Half a megabyte of text and some noise that is the same in every run.
i=0
while [ $i -lt 400 ]; do
	i=$((i + 1))
	printf '%s\n' "line $i of a file that compresses well, and $((i * i * 7919)) does not" >>tree/etc/text
done
cat tree/etc/text tree/etc/text tree/etc/text tree/etc/text >tree/usr/bin/big
ln -s big tree/usr/bin/link && ln tree/etc/text tree/etc/same && : >tree/etc/empty
"$ROOTFS" pack dir:tree --owner-root -o plain.cpio --manifest plain.json || exit 99
"$ROOTFS" list plain.cpio >plain.txt || exit 99
size=$(wc -c <plain.cpio)

# --- the archive, compressed ------------------------------------------------------------------
pack() { "$ROOTFS" pack dir:tree --owner-root "$@"; }
for kind in none gzip zstd; do
	check "packs with --compress $kind" pack --compress $kind -o $kind.cpio --manifest $kind.json
	check "$kind: the manifest is the same" cmp plain.json $kind.json
	check "$kind: a multiple of four bytes" [ $(($(wc -c <$kind.cpio) % 4)) -eq 0 ]
	check "$kind: verifies" "$ROOTFS" verify $kind.cpio --manifest plain.json
	"$ROOTFS" list $kind.cpio >list.txt
	check "$kind: lists the same" cmp plain.txt list.txt
	TZ=Asia/Tokyo LC_ALL=C.UTF-8 pack --compress $kind -o again.cpio
	check "$kind: the same bytes again" cmp $kind.cpio again.cpio
	if command -v taskset >/dev/null; then
		taskset -c 0 "$ROOTFS" pack dir:tree --owner-root --compress $kind -o one.cpio
		check "$kind: the same bytes on one processor" cmp $kind.cpio one.cpio
	else
		skip "$kind: the same bytes on one processor" 'no taskset'
	fi
done
check 'none is the archive itself' cmp plain.cpio none.cpio
gzip -dc <gzip.cpio 2>/dev/null | cmp - plain.cpio
ok $? 'gzip reads what gzip wrote'
check 'the gzip header has no name and no time' [ "$(od -An -tx1 -N 10 gzip.cpio | tr -d ' \n')" = 1f8b0800000000000203 ]
remade() { # FILE: is it the standard input, with zeros up to a multiple of four?
	cat >remade && { cat remade && head -c $((-$(wc -c <remade) & 3)) /dev/zero; } | cmp - "$1"
}
if command -v python3 >/dev/null; then
	python3 -c 'import sys, zlib
c = zlib.compressobj(9, 8, 31)
sys.stdout.buffer.write(c.compress(sys.stdin.buffer.read()) + c.flush())' <plain.cpio | remade gzip.cpio
	ok $? 'python makes the same gzip bytes'
else
	skip 'python makes the same gzip bytes' 'no python3'
fi
level=$(sed -n 's/^\tZSTD_LEVEL = \([0-9]*\),$/\1/p' "$here/../../rootfs/compress.c" 2>/dev/null)
if command -v zstd >/dev/null && [ "$level" ]; then
	for workers in 1 3; do
		zstd -q -"$level" -T$workers -c plain.cpio | remade zstd.cpio
		ok $? "zstd -$level -T$workers makes the same bytes"
	done
	# Where the archive ends with a block, or with a job of 8 MiB: 512 bytes are headers and padding.
	for bytes in 262144 524288 8388608; do
		head -c $((bytes - 512)) "$ROOTFS" >part
		there=$(wc -c <part)
		head -c $((bytes - 512 - there)) /dev/zero >>part
		"$ROOTFS" pack --add part=part:0644 -o part.cpio && [ "$(wc -c <part.cpio)" -eq $bytes ] &&
			"$ROOTFS" pack --add part=part:0644 --compress zstd -o part.zst &&
			zstd -q -"$level" -T1 -c part.cpio | remade part.zst
		ok $? "zstd -$level makes the same bytes of $bytes"
	done
else
	skip 'zstd makes the same bytes' 'no zstd, or no sources'
fi
fails 2 '^rootfs: USAGE: ' '--compress takes no other name' pack --compress xz -o x.cpio
fails 2 '^rootfs: USAGE: ' '--compress belongs to pack' "$ROOTFS" list plain.cpio --compress gzip

# --- what the kernel would make of compressed archives ------------------------------------------
"$ROOTFS" pack --add init="$here/mktar.c":0755 -o init.cpio
listed() { # NAME: x.cpio is ramdisk 0 and the tree
	{ "$ROOTFS" list init.cpio && cat plain.txt; } | sort >want.txt
	"$ROOTFS" list x.cpio 2>err.txt | sort >found.txt
	check "$1" cmp want.txt found.txt
}
for kind in gzip zstd; do
	cat init.cpio $kind.cpio >x.cpio
	listed "$kind behind a plain archive"
	cat $kind.cpio init.cpio >x.cpio
	listed "a plain archive behind $kind"
	{ cat init.cpio && head -c 512 /dev/zero && cat gzip.cpio; } >x.cpio
	listed "$kind behind zeros"
done
"$ROOTFS" pack --add init="$here/mktar.c":0755 --compress zstd -o init.zst
cat init.zst gzip.cpio >x.cpio
listed 'zstd, then gzip'
fails 1 '^rootfs: ROOTFS-DIFFERENCE: ' 'two archives are not the one of the manifest' \
	"$ROOTFS" verify x.cpio --manifest plain.json
{ cat gzip.cpio && head -c 4 /dev/zero; } >x.cpio
fails 1 '^rootfs: ROOTFS-DIFFERENCE: ' 'more zeros than the padding' "$ROOTFS" verify x.cpio --manifest plain.json
if command -v xz >/dev/null; then
	xz --check=crc32 -c plain.cpio >x.cpio && "$ROOTFS" list x.cpio | cmp - plain.txt
	ok $? 'xz with CRC32'
	xz --check=crc64 -c plain.cpio >x.cpio
	fails 3 '^rootfs: CPIO-COMPRESSION: .*CRC32' 'xz with CRC64, which Linux lacks' "$ROOTFS" list x.cpio
fi
{ head -c 1200 plain.cpio | gzip -c && tail -c +1201 plain.cpio | gzip -c; } >x.cpio
fails 3 '^rootfs: CPIO-TRUNCATED: x.cpio: decompressed from offset 0: ' \
	'an archive in two members: Linux unpacks each by itself' "$ROOTFS" list x.cpio
gzip -c gzip.cpio >x.cpio
fails 3 '^rootfs: CPIO-JUNK: ' 'compressed twice' "$ROOTFS" list x.cpio
: | gzip -c >x.cpio
fails 3 '^rootfs: CPIO-JUNK: ' 'nothing, compressed' "$ROOTFS" list x.cpio
printf '\037\213\010\004\0\0\0\0\0\003\0\0' >x.cpio
fails 3 '^rootfs: CPIO-COMPRESSION: .*extra' 'a gzip header that Linux does not read' "$ROOTFS" list x.cpio
# A stored block, then one whose only code for distances has two bits: RFC 1951 allows one of one bit.
mkdir none.d && "$ROOTFS" pack dir:none.d --owner-root -o none.d.cpio
{ printf '\037\213\010\0\0\0\0\0\0\003\0\0\002\377\375' && cat none.d.cpio &&
	printf '\005\300\201\0\0\0\0\200\240\374\251\073' && gzip -c none.d.cpio | tail -c 8; } >x.cpio
fails 3 '^rootfs: CPIO-COMPRESSION: .*invalid distances set' 'gzip with a set of codes that Linux refuses' \
	"$ROOTFS" list x.cpio
printf 'BZh91AY' >x.cpio
fails 3 '^rootfs: CPIO-JUNK: ' 'bzip2, which our kernels lack' "$ROOTFS" list x.cpio
for kind in gzip zstd; do
	stored=$(wc -c <$kind.cpio)
	head -c $((stored * 3 / 4)) $kind.cpio >x.cpio
	fails 3 '^rootfs: CPIO-COMPRESSION: ' "$kind: cut off" "$ROOTFS" list x.cpio
done
cp gzip.cpio x.cpio && printf 'abcd' | dd of=x.cpio bs=1 seek=$(($(gzip -n -9 -c plain.cpio | wc -c) - 8)) conv=notrunc 2>/dev/null
fails 3 '^rootfs: CPIO-COMPRESSION: ' 'gzip: another CRC' "$ROOTFS" verify x.cpio --manifest plain.json
"$ROOTFS" list x.cpio 2>/dev/null | grep -q ' etc/text'
ok $? 'what came before the damage is listed'

# --- sources ----------------------------------------------------------------------------------
tar -C tree --owner=0 --group=0 -cf tree.tar .
source_is_plain() { "$ROOTFS" pack "tar:$1" -o x.cpio && cmp plain.cpio x.cpio; }
gzip -c tree.tar >tree.tar.gz
mkfifo pipe
cat tree.tar.gz >pipe &
check 'gzip through a pipe' source_is_plain pipe
wait
{ gzip -n -c tree.tar && head -c 512 /dev/zero; } >x.tar.gz
fails 3 '^rootfs: TAR-COMPRESSION: ' 'zeros behind a gzip member are refused' "$ROOTFS" pack tar:x.tar.gz -o x.cpio
if command -v zstd >/dev/null; then
	{ printf '\120\052\115\030\003\0\0\0abc' && zstd -q -c tree.tar; } >x.tar.zst
	check 'a skippable zstd frame is skipped' source_is_plain x.tar.zst
fi

# --- limits -----------------------------------------------------------------------------------
limited() { # NAME SETTING SOURCE...
	name=$1 setting=$2
	shift 2
	rm -f x.cpio
	fails 3 "^rootfs: ROOTFS-LIMIT: .*--limit ${setting%%=*}=NUMBER raises it" "$name" \
		"$ROOTFS" pack "$@" --limit "$setting" -o x.cpio
	[ ! -e x.cpio ] || ok 1 "$name: no archive"
}
limited 'entries of a folder' entries=7 dir:tree
check 'as many as there are' "$ROOTFS" pack dir:tree --owner-root --limit entries=8 -o x.cpio
limited 'entries of a tarball' entries=5 tar:tree.tar
printf '%s\n' 'entry 0 a/b/c/d data=x' | ./mktar >deep.tar
limited 'parents that are made count' entries=3 tar:deep.tar
check 'as many as are made' "$ROOTFS" pack tar:deep.tar --limit entries=4 -o x.cpio
limited 'bytes of a tarball' bytes=100k tar:tree.tar
limited 'bytes of a compressed tarball' bytes=100k tar:tree.tar.gz
{ printf '%s\n' "entry 0 zero size=$((80 << 20))" 'end 0' | ./mktar && head -c $((80 << 20)) /dev/zero &&
	head -c 1024 /dev/zero; } >zero.tar
gzip -c zero.tar >zero.tar.gz
fails 3 '^rootfs: ROOTFS-LIMIT: .*--limit ratio=NUMBER raises it' 'a layer that expands beyond measure' \
	"$ROOTFS" pack tar:zero.tar.gz -o x.cpio
check 'unless that is asked for' "$ROOTFS" pack tar:zero.tar.gz --limit ratio=2000 -o x.cpio
check 'an uncompressed one does not expand' "$ROOTFS" pack tar:zero.tar -o y.cpio
check 'and is the same archive' cmp x.cpio y.cpio
gzip -c y.cpio >x.cpio
fails 3 '^rootfs: ROOTFS-LIMIT: ' 'a compressed archive that expands beyond measure' "$ROOTFS" list x.cpio
head -c $((40 << 20)) /dev/zero >zero
"$ROOTFS" pack --add zero=zero:0644 -o z1.cpio && gzip -c z1.cpio >z1.gz && cat z1.gz z1.gz >x.cpio
check 'one piece that may expand freely' "$ROOTFS" list z1.gz
fails 3 '^rootfs: ROOTFS-LIMIT: .*--limit ratio=NUMBER raises it' 'two such pieces' "$ROOTFS" list x.cpio
gzip -c none.d.cpio >x.cpio && i=0
while [ $i -lt 11 ]; do
	i=$((i + 1))
	cat x.cpio x.cpio >y.cpio && mv y.cpio x.cpio
done
if command -v prlimit >/dev/null; then
	check '2048 pieces take one file' prlimit --nofile=64 "$ROOTFS" list x.cpio
fi
check 'each header counts as an entry' "$ROOTFS" list x.cpio --limit entries=2048
fails 3 '^rootfs: ROOTFS-LIMIT: .*--limit entries=NUMBER raises it' 'also when it makes nothing' \
	"$ROOTFS" list x.cpio --limit entries=2047
fails 2 '^rootfs: USAGE: ' 'an unknown limit' "$ROOTFS" pack dir:tree -o x.cpio --limit depth=3
fails 2 '^rootfs: USAGE: ' 'a limit of nothing' "$ROOTFS" pack dir:tree -o x.cpio --limit entries=0

# --- large enough for two threads to write it ---------------------------------------------------
mkdir large && i=0
while [ $i -lt 60 ]; do
	i=$((i + 1))
	head -c $((i * 7001)) zero.tar | tr '\0' "$(printf '\\%03o' $((i + 32)))" >large/f$i
done
ln large/f60 large/a && ln large/f1 large/z
tar -C large --owner=0 --group=0 -cf large.tar .
"$ROOTFS" pack tar:large.tar -o l1.cpio && "$ROOTFS" pack dir:large --owner-root -o l2.cpio
check 'spool and folder give the same large archive' cmp l1.cpio l2.cpio
"$ROOTFS" pack tar:large.tar --compress zstd -o l3.cpio && zstd -q -dc <l3.cpio 2>/dev/null | cmp - l1.cpio
ok $? 'front to back gives what two halves give'
if command -v prlimit >/dev/null; then
	fails 4 '^rootfs: (FILE-WRITE|ROOTFS-SPOOL): ' 'no room for the archive' \
		prlimit --fsize=4000000 env -i sh -c "trap '' XFSZ; exec \"$ROOTFS\" pack dir:large --owner-root -o l4.cpio"
	check 'leaves nothing behind' [ ! -e l4.cpio ]
fi
if [ -c /dev/full ]; then
	# shellcheck disable=SC2016 # for the inner shell
	fails 4 '^rootfs: FILE-WRITE: standard output' 'a listing that does not fit' \
		sh -c 'exec "$1" list plain.cpio >/dev/full' sh "$ROOTFS"
fi
[ "$size" -gt 0 ] && [ -z "$(find . -name '.*.cpio.*')" ]
ok $? 'no temporary file stays'
finish_tap
