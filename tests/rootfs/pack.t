#!/bin/sh
# Tests of the rootfs command against GNU cpio, stock tools and hostile archives; prints TAP.
# Environment: ROOTFS the command, CPIO GNU cpio >= 2.14 (default cpio), CC to build mktar.c.
# Never writes outside its own temporary folder; an ordinary user can run it.
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
CPIO=${CPIO:-cpio}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 99
umask 022
${CC:-cc} -o mktar -D_GNU_SOURCE "$here/mktar.c" || exit 99

# shellcheck source=tests/rootfs/command.sh
. "$here/command.sh"

# --- the canonical archive -------------------------------------------------------------------
long=$(printf '%0255d' 0)
make_tree() (
	mkdir -p "$1" && cd "$1" || exit 1
	mkdir -p a/b empty usr/bin a.d "sp ace" "$long" sticky
	echo one >a/one
	ln a/one m && mkdir z && ln a/one z/two
	echo pair >a-b && echo in >a/b/c && echo dot >a.d/x
	: >zero && ln zero zero2
	ln -s usr/bin bin && ln -s 'to a
new line' link && ln -s missing ./-dash-link
	echo dash >./-dash && echo nl >'new
line' && echo trail >"ends
" && echo sp >"sp ace/ x " && echo bytes >"$(printf 'caf\351')" && echo utf >'café'
	echo deep >"$long/$long"
	echo su >usr/bin/su && chmod 4755 usr/bin/su && chmod 2755 usr && chmod 1777 sticky
	printf abcd >four && printf abcde >five && chmod 0600 five && mkfifo fifo
	if [ "$(id -u)" -eq 0 ]; then
		mknod null c 1 3 && mknod disk b 259 70000 && ln null null2
		chown 1000:1001 four && chown 70000:4000000000 five && chown -h 7:8 bin && chown 3:4 empty
	fi
)
zero_times() { find "$1" -exec touch -h -d @0 {} +; }
gnu_cpio() { # DIRECTORY OUT
	(cd "$1" && find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z |
		"$CPIO" --null --reproducible --quiet -o -H newc) >"$2"
}
make_tree tree
zero_times tree
cpio_version=$("$CPIO" --version 2>/dev/null | sed -n '1s/.*) //p')
case $cpio_version in
2.1[4-9] | 2.[2-9]? | [3-9].*) no_cpio= ;;
*) no_cpio="GNU cpio >= 2.14 is needed, $CPIO is ${cpio_version:-missing}" ;;
esac
compare_with_cpio() { # DESCRIPTION DIRECTORY ARCHIVE
	if [ "$no_cpio" ]; then
		skip "$1" "$no_cpio"
		return
	fi
	gnu_cpio "$2" gnu.cpio && cmp gnu.cpio "$3"
	ok "$1"
}
"$ROOTFS" pack dir:tree -o dir.cpio --manifest dir.json
ok 'packs a folder'
[ "$(id -u)" -eq 0 ] || skip 'devices and foreign owners from a folder' 'only root can make them'
compare_with_cpio 'a folder gives the bytes of GNU cpio' tree dir.cpio

mkdir beside && cp -a tree beside/rootfs && echo spec >beside/run && echo init >beside/init
chmod 755 beside/init && zero_times beside
echo spec >run.txt && echo init >init.txt
"$ROOTFS" pack dir:tree --prefix rootfs --add run=run.txt --add init=init.txt:0755 -o beside.cpio \
	--manifest beside.json
ok 'packs below a prefix, with files beside it'
if [ "$(id -u)" -eq 0 ]; then
	compare_with_cpio 'prefix and added files give the bytes of GNU cpio' beside beside.cpio
else
	skip 'prefix and added files give the bytes of GNU cpio' 'added files belong to root'
fi
top_level() { # ARCHIVE: a type, four words, then the path, in which no byte ends the line
	"$ROOTFS" list "$1" | sed 's/^[a-z]* *[^ ]* [^ ]* [^ ]* [^ ]* //' | cut -d/ -f1 |
		LC_ALL=C sort -u | tr '\n' ' '
}
"$ROOTFS" pack dir:tree --prefix rootfs -o only.cpio && [ "$(top_level only.cpio)" = 'rootfs ' ] &&
	[ "$(top_level beside.cpio)" = 'init rootfs run ' ]
ok 'with a prefix nothing else is at the top level'
"$ROOTFS" pack --add init=init.txt:0755 -o init.cpio && "$ROOTFS" list init.cpio >out.txt
echo 'file      0755 0 0 5 init' | same - out.txt
ok 'a single added file needs no source'
[ $(($(wc -c <dir.cpio) % 512)) -eq 0 ]
ok 'the archive is padded to 512 bytes'

if [ "$no_cpio" ] || [ "$(id -u)" -ne 0 ]; then
	skip 'what GNU cpio unpacks packs to the same bytes' "${no_cpio:-needs root}"
else
	mkdir unpacked && (cd unpacked && "$CPIO" --quiet -idm <../dir.cpio) &&
		"$ROOTFS" pack dir:unpacked -o again.cpio && cmp dir.cpio again.cpio
	ok 'what GNU cpio unpacks packs to the same bytes'
fi

# --- the same tree from other sources and under other conditions -----------------------------
digest() { "$ROOTFS" describe "$@" | sed -n 's/^tree digest //p'; }
rm -f tree/null2 && zero_times tree # GNU tar does not keep links between devices
"$ROOTFS" pack dir:tree -o dir.cpio --manifest dir.json
want=$(digest dir:tree)
[ "$want" = "$(sh "$here/treedigest.sh" tree)" ]
ok 'the tree digest is what stock tools compute'
[ "$(sed -n 's/^{"TreeDigest":"\(.*\)",/\1/p' dir.json)" = "$want" ]
ok 'the manifest has the tree digest'
[ "$(sed -n 's/^{"TreeDigest":"\(.*\)",/\1/p' beside.json)" != '' ] &&
	"$ROOTFS" pack dir:tree --prefix p --add run=run.txt -o p.cpio --manifest p.json &&
	[ "$(sed -n 's/^{"TreeDigest":"\(.*\)",/\1/p' p.json)" = "$want" ]
ok 'prefix and added files are no part of the tree digest'
for format in gnu posix; do
	tar -C tree --format=$format --numeric-owner -cf tree.tar . &&
		"$ROOTFS" pack tar:tree.tar -o tar.cpio --manifest tar.json && cmp dir.cpio tar.cpio &&
		cmp dir.json tar.json
	ok "a $format tarball gives the same archive and manifest"
done
(cd tree && find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z -r |
	tar --null --no-recursion --numeric-owner -cf ../reverse.tar -T -)
"$ROOTFS" pack tar:reverse.tar -o tar.cpio && cmp dir.cpio tar.cpio
ok 'the order of the tarball does not matter'
mkdir large
for name in e d c b a; do
	yes "$name" | head -c 9000001 >large/$name
done
ln large/e large/f
tar -C large --numeric-owner -cf large.tar ./e ./d ./c ./b ./a ./f && tar -C large --numeric-owner -rf large.tar ./d && "$ROOTFS" pack dir:large -o large.cpio &&
	"$ROOTFS" pack tar:large.tar -o tar.cpio && cmp large.cpio tar.cpio
ok 'contents of 45 MB in another order, one of them twice'
rm -rf large large.tar large.cpio
for tool in gzip xz zstd bzip2; do
	if command -v $tool >/dev/null; then
		$tool -c tree.tar >tree.tar.z && [ "$(digest tar:tree.tar.z)" = "$want" ]
		ok "$tool does not matter"
	else
		skip "$tool does not matter" "$tool is missing"
	fi
done
mkdir alone linked && ln -s target alone/a && ln -s target alone/b && ln -s target linked/a &&
	ln -P linked/a linked/b && "$ROOTFS" pack dir:alone -o alone.cpio --manifest alone.json &&
	"$ROOTFS" pack dir:linked -o linked.cpio --manifest linked.json &&
	cmp alone.json linked.json && cmp alone.cpio linked.cpio
ok 'hard links between symbolic links do not matter'
tar -C linked --numeric-owner -cf linked.tar . && "$ROOTFS" pack tar:linked.tar -o linked.cpio &&
	cmp alone.cpio linked.cpio
ok 'nor do they in a tarball'
cp -a tree tree2 && find tree2 -exec touch -h -d '2001-02-03' {} + &&
	[ "$(digest dir:tree2)" = "$want" ] && "$ROOTFS" pack dir:tree2 -o other.cpio &&
	cmp dir.cpio other.cpio
ok 'times do not matter'
(umask 077 && TZ=Asia/Tokyo LANG=tr_TR.UTF-8 LC_ALL=C.UTF-8 HOME=/ \
	"$ROOTFS" pack "dir:$work/tree/" -o other.cpio --manifest other.json) &&
	cmp dir.cpio other.cpio && cmp dir.json other.json
ok 'umask, time zone, language and path do not matter'
mkdir tmp && TMPDIR=$work/tmp "$ROOTFS" pack tar:tree.tar -o other.cpio &&
	cmp dir.cpio other.cpio &&
	[ -z "$(ls -A tmp)" ]
ok 'the spool file leaves nothing behind'
fails 4 ROOTFS-SPOOL env TMPDIR=/nonexistent "$ROOTFS" pack tar:tree.tar -o other.cpio
ok 'a spool folder that is missing is an error'
mkdir owned && echo x >owned/x && "$ROOTFS" pack dir:owned --owner-root -o owned.cpio &&
	"$ROOTFS" list owned.cpio >out.txt && echo 'file      0644 0 0 2 x' | same - out.txt &&
	[ "$(digest dir:owned --owner-root)" = "$(sh "$here/treedigest.sh" owned --owner-root)" ]
ok '--owner-root makes every owner 0'

# --- tarballs that are accepted --------------------------------------------------------------
accepts() { # DESCRIPTION SPEC EXPECTED-LISTING
	printf '%s\n' "$2" | ./mktar >case.tar && "$ROOTFS" pack tar:case.tar -o case.cpio &&
		"$ROOTFS" list case.cpio >out.txt && printf '%s\n' "$3" >expected.txt &&
		same expected.txt out.txt
	ok "$1"
}
accepts 'missing parents are made' 'entry 0 a/b/c data=x' 'directory 0755 0 0 0 a
directory 0755 0 0 0 a/b
file      0644 0 0 1 a/b/c'
accepts 'a later entry of a made parent sets its metadata' 'entry 0 a/b data=x
entry 5 ./a/ mode=0700 uid=5' 'directory 0700 5 0 0 a
file      0644 0 0 1 a/b'
accepts './x and x are the same, the last wins' 'entry 0 ./x data=old
entry 0 x mode=0600 data=newer' 'file      0600 0 0 5 x'
accepts 'merged /usr: a parent that is a link' 'entry 5 usr/lib mode=0755
entry 2 lib link=usr/lib
entry 2 lib64 link=/lib
entry 0 lib/x data=1
entry 0 lib64/y data=22' 'symlink   0777 0 0 7 lib -> usr/lib
symlink   0777 0 0 4 lib64 -> /lib
directory 0755 0 0 0 usr
directory 0755 0 0 0 usr/lib
file      0644 0 0 1 usr/lib/x
file      0644 0 0 2 usr/lib/y'
accepts 'a path through 40 links' "entry 2 l link=.
entry 0 $(printf 'l/%.0s' $(seq 40))f" 'file      0644 0 0 0 f
symlink   0777 0 0 1 l -> .'
accepts 'a directory replaces a link to a directory' 'entry 5 d mode=0755
entry 0 d/x data=x
entry 2 l link=d
entry 5 l mode=0700' 'directory 0755 0 0 0 d
file      0644 0 0 1 d/x
directory 0700 0 0 0 l'
accepts 'a file replaces a directory and what is in it' 'entry 0 d/x data=x
entry 0 d data=yy' 'file      0644 0 0 2 d'
accepts 'a hard link keeps its contents when its target is replaced' 'entry 0 a data=old
entry 1 b link=a
entry 0 a data=newer' 'file      0644 0 0 5 a
file      0644 0 0 3 b'
accepts 'a hard link given twice' 'entry 0 a data=old
entry 1 b link=a
entry 1 b link=./a' 'file      0644 0 0 3 a
file      0644 0 0 3 b == a'
accepts 'devices, fifo, setuid, large owners, odd names' 'pax uid=4294967294 gid=70000
entry 3 tty mode=0620 major=5 minor=0
entry 4 disk major=259 minor=70000
entry 6 fifo mode=0600
entry 0 su mode=4755
entry 0 -n\nl\s\xe9\x5c data=x' 'file      0644 0 0 1 -n\x0al \xe9\\
block     0644 0 0 259:70000 disk
fifo      0600 0 0 0 fifo
file      4755 0 0 0 su
char      0620 4294967294 70000 5:0 tty'
accepts 'long names: pax, GNU, ustar prefix' 'pax path=p*200 
entry 0 short
long L l*200
entry 0 short magic=gnu
long K k*200
entry 2 s magic=gnu' "file      0644 0 0 0 $(printf '%0200d' 0 | tr 0 l)
file      0644 0 0 0 $(printf '%0200d' 0 | tr 0 p | sed 's/^/path=/' | cut -c6-)
symlink   0777 0 0 200 s -> $(printf '%0200d' 0 | tr 0 k)"
printf '%s\n' 'long L a/*2048' 'entry 5 x' | ./mktar >case.tar
"$ROOTFS" pack tar:case.tar -o case.cpio &&
	[ "$("$ROOTFS" list case.cpio | tail -n 1 | wc -c)" -eq 4117 ]
ok 'a path of 4095 bytes, 2048 folders deep'
fails 3 ROOTFS-PATH-LENGTH "$ROOTFS" pack tar:case.tar --prefix rootfs -o case2.cpio
ok 'ROOTFS-PATH-LENGTH: the same with a prefix'
accepts 'TRAILER!!! further down is a name like others' 'entry 0 a/TRAILER!!! data=x' \
	'directory 0755 0 0 0 a
file      0644 0 0 1 a/TRAILER!!!'
accepts 'security.selinux is the host'\''s label and ignored' 'pax SCHILY.xattr.security.selinux=x
entry 0 a' 'file      0644 0 0 0 a'
accepts 'no magic, NUL as type, a slash for a folder' 'entry - d/ mode=0755 magic=old
entry - f magic=old data=x' 'directory 0755 0 0 0 d
file      0644 0 0 1 f'
printf '%s\n' 'entry 5 ./ mode=0711 uid=9' 'entry 0 x' | ./mktar >case.tar
"$ROOTFS" pack tar:case.tar --prefix rootfs -o case.cpio && "$ROOTFS" list case.cpio >out.txt
printf '%s\n' 'directory 0711 9 0 0 rootfs' 'file      0644 0 0 0 rootfs/x' | same - out.txt
ok 'the root entry gives the prefix its metadata'
./mktar </dev/null >case.tar && "$ROOTFS" pack tar:case.tar --prefix rootfs -o case.cpio &&
	"$ROOTFS" list case.cpio >out.txt && echo 'directory 0755 0 0 0 rootfs' | same - out.txt
ok 'without a root entry the prefix is 0755 root:root'

# File capabilities in versions 2 and 3: cap_net_raw, permitted and effective.
cap2='\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
cap3='\x01\x00\x00\x03\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'

# --- tarballs that are refused ---------------------------------------------------------------
refuses() { # NAME DESCRIPTION SPEC
	printf '%s\n' "$3" | ./mktar >case.tar
	rm -f case.cpio
	fails 3 "$1" "$ROOTFS" pack tar:case.tar -o case.cpio && [ ! -e case.cpio ]
	ok "$1: $2"
}
refuses ROOTFS-PATH 'absolute' 'entry 0 /etc/passwd'
refuses ROOTFS-PATH 'dot dot' 'entry 0 a/../b'
refuses ROOTFS-PATH 'leading dot dot' 'entry 0 ../b'
refuses ROOTFS-PATH 'dot in the middle' 'entry 0 a/./b'
refuses ROOTFS-PATH 'empty component' 'entry 0 a//b'
refuses ROOTFS-PATH 'empty name' 'entry 0 ""'
refuses ROOTFS-PATH 'a link named .' 'entry 2 . link=/etc'
refuses ROOTFS-PATH 'a file named ./' 'entry 0 .'
refuses ROOTFS-NAME-LENGTH 'component of 256 bytes' 'long L n*256
entry 0 x'
refuses ROOTFS-PATH-LENGTH 'path of 4097 bytes' 'long L ab/*1366
entry 5 x'
refuses ROOTFS-TRAILER-NAME 'the name that ends an archive' 'entry 0 TRAILER!!!'
refuses ROOTFS-PARENT 'dangling link' 'entry 2 l link=gone
entry 0 l/x'
refuses ROOTFS-PARENT 'loop' 'entry 2 l link=m
entry 2 m link=l
entry 0 l/x'
links() { printf 'l/%.0s' $(seq "$1"); }
refuses ROOTFS-PARENT 'through 41 links' "entry 2 l link=.
entry 0 $(links 41)f"
refuses ROOTFS-PARENT 'leads out' 'entry 2 l link=../../etc
entry 0 l/x'
refuses ROOTFS-PARENT 'leads out through two links' 'entry 5 a
entry 2 a/up link=..
entry 2 out link=a/up/..
entry 0 out/x'
refuses ROOTFS-PARENT 'a file as parent' 'entry 0 f
entry 0 f/x'
refuses ROOTFS-PARENT 'a link to a file as parent' 'entry 0 f
entry 2 l link=f
entry 0 l/x'
refuses ROOTFS-HARDLINK 'missing' 'entry 1 b link=a'
refuses ROOTFS-HARDLINK 'later' 'entry 1 b link=a
entry 0 a'
refuses ROOTFS-HARDLINK 'a directory' 'entry 5 a
entry 1 b link=a'
refuses ROOTFS-HARDLINK 'itself' 'entry 0 a
entry 1 a link=a'
refuses ROOTFS-HARDLINK 'absolute' 'entry 0 a
entry 1 b link=/a'
refuses ROOTFS-HARDLINK 'dot dot' 'entry 0 a
entry 1 b link=d/../a'
refuses ROOTFS-HARDLINK 'through a link' 'entry 0 d/a
entry 2 l link=d
entry 1 b link=l/a'
refuses ROOTFS-HARDLINK 'with data' 'entry 0 a
entry 1 b link=a data=x'
refuses ROOTFS-DEVICE 'overlay whiteout' 'entry 3 a major=0 minor=0'
refuses ROOTFS-DEVICE 'major too large' 'entry 3 a major=4096 minor=0'
refuses ROOTFS-SYMLINK 'empty target' 'entry 2 a'
refuses ROOTFS-SYMLINK 'target of 4096 bytes' 'long K x*4096
entry 2 a magic=gnu'
refuses ROOTFS-OWNER 'uid of -1' 'pax uid=4294967295
entry 0 a'
refuses ROOTFS-OWNER 'gid above 32 bits' 'pax gid=4294967296
entry 0 a'
refuses ROOTFS-FILE-SIZE 'a file of 4 GiB' 'entry 0 a size=4294967296'
refuses ROOTFS-XATTR 'file capabilities' 'pax SCHILY.xattr.security.capability=x
entry 0 ping'
grep -q 'ping (security.capability of another form' err.txt
ok 'the refusal names file and attribute'
printf '%s\n' "pax SCHILY.xattr.security.capability=$cap2" 'entry 0 ping' | ./mktar >case.tar
fails 3 ROOTFS-XATTR "$ROOTFS" pack tar:case.tar -o case.cpio && grep -q -- '--run expected.*ping (security.capability)' err.txt
ok 'ROOTFS-XATTR: capabilities without a run specification to carry them'
refuses ROOTFS-XATTR 'capabilities of a folder' "pax SCHILY.xattr.security.capability=$cap2
entry 5 a"
refuses ROOTFS-XATTR 'capabilities with a root id' "pax SCHILY.xattr.security.capability=$(echo "$cap3" |
	sed 's/.\{16\}$/\\xe8\\x03\\x00\\x00/')
entry 0 a"
refuses ROOTFS-XATTR 'capabilities that a further name does not share' "entry 0 a
pax SCHILY.xattr.security.capability=$cap2
entry 1 b link=a"
refuses TAR-PAX 'two values of one attribute' "pax SCHILY.xattr.security.capability=$cap2 LIBARCHIVE.xattr.security.capability=AQAAAw
entry 0 a"
refuses TAR-PAX 'an attribute that is not base64' 'pax LIBARCHIVE.xattr.security.capability=A?==
entry 0 a'
refuses TAR-PAX 'base64 that ends early' 'pax LIBARCHIVE.xattr.security.capability=AQAAA
entry 0 a'
refuses ROOTFS-XATTR 'LIBARCHIVE form' 'pax LIBARCHIVE.xattr.user.a=eA
entry 0 a'
refuses ROOTFS-XATTR 'ACL' 'pax SCHILY.acl.access=x
entry 0 a'
refuses TAR-CHECKSUM 'wrong checksum' 'entry 0 a sum=bad'
refuses TAR-FIELD 'negative number' 'entry 0 a uid:\xff\xff\xff\xff\xff\xff\xff\xff'
refuses TAR-FIELD 'no octal number' 'entry 0 a uid:12a'
refuses TAR-FIELD 'two sizes' 'pax size=5
entry 0 a data=abcdef'
refuses TAR-FIELD 'data on a directory' 'entry 5 a data=x'
refuses TAR-SPARSE 'GNU sparse file' 'entry S a'
refuses TAR-TYPE 'multi-volume' 'entry M a'
refuses TAR-SPARSE 'sparse file' 'pax GNU.sparse.major=1
entry 0 a'
refuses TAR-PAX 'a keyword twice' 'pax uid=1 uid=2
entry 0 a'
refuses TAR-PAX 'two headers for an entry' 'pax uid=1
pax gid=1
entry 0 a'
refuses TAR-PAX 'two names' 'long L a
pax path=b
entry 0 c'
refuses TAR-PAX 'NUL in a name' 'pax path=a\x00b
entry 0 c'
refuses TAR-PAX 'wrong length' 'rawpax 99\spath=a\n
entry 0 c'
refuses TAR-PAX 'length in the middle of a line' 'rawpax 8\spath=abc\n
entry 0 c'
refuses TAR-PAX 'a global header that names a file' 'global path=a
entry 0 c'
refuses TAR-END 'no end' 'entry 0 a
end 1'
refuses TAR-TRUNCATED 'nothing at the end' 'entry 0 a
end 0'
refuses TAR-TRUNCATED 'data cut off' 'entry 0 a size=10
end 0'
refuses TAR-END 'data after the end' 'entry 0 a
end 2
entry 0 b'
refuses TAR-END 'an extension without its entry' 'entry 0 a
pax path=b
end 2'
refuses TAR-CHECKSUM 'no tarball at all' 'bytes junk*200
end 0'
mkfifo held && exec 9<>held && printf '\037\213\010\340%020d' 0 >&9
fails 3 TAR-COMPRESSION timeout 60 "$ROOTFS" pack tar:/dev/stdin -o case.cpio <held
ok 'what is wrong with the beginning of a pipe does not wait for its end'
exec 9>&-
gzip -c tree.tar | head -c 500 >case.tar.gz
fails 3 TAR-COMPRESSION "$ROOTFS" pack tar:case.tar.gz -o case.cpio
ok 'TAR-COMPRESSION: gzip cut off'
for tool in gzip bzip2; do
	if command -v $tool >/dev/null; then
		{ $tool -c tree.tar && echo more; } >case.tar.z
		fails 3 TAR-COMPRESSION "$ROOTFS" pack tar:case.tar.z -o case.cpio
		ok "TAR-COMPRESSION: bytes behind the $tool data"
	else
		skip "TAR-COMPRESSION: bytes behind the $tool data" "$tool is missing"
	fi
done
gzip -c tree.tar | gzip -c >case.tar.gz
fails 3 TAR-CHECKSUM "$ROOTFS" pack tar:case.tar.gz -o case.cpio
ok 'TAR-CHECKSUM: compressed twice, which makes it no tarball'
# Bytes that cannot be compressed are stored as they are: only the CRC tells that one has changed.
mkdir random && head -c 60000 /dev/urandom >random/file && tar -c -f random.tar random
damage() { # OFFSET: turns one bit of a gzip file
	gzip -c random.tar >case.tar.gz
	byte=$(od -An -tu1 -j "$1" -N 1 case.tar.gz)
	printf '%b' "\\0$(printf %o $((byte ^ 1)))" | dd of=case.tar.gz bs=1 seek="$1" conv=notrunc 2>/dev/null
}
gzip -c random.tar >case.tar.gz
end=$(wc -c <case.tar.gz)
for at in 30000 $((end - 8)) $((end - 5)) $((end - 4)) $((end - 1)); do
	damage "$at"
	fails 3 TAR-COMPRESSION "$ROOTFS" pack tar:case.tar.gz -o case.cpio
	ok "TAR-COMPRESSION: a bit turned at byte $at of $end"
done
"$ROOTFS" pack tar:tree.tar -o plain.cpio
{ head -c 1000 tree.tar | gzip -c && tail -c +1001 tree.tar | gzip -c; } >case.tar.gz
"$ROOTFS" pack tar:case.tar.gz -o case.cpio && cmp plain.cpio case.cpio
ok 'a gzip file of two members'
: >empty.tar
fails 3 TAR-TRUNCATED "$ROOTFS" pack tar:empty.tar -o case.cpio
ok 'TAR-TRUNCATED: an empty file'

# --- folders that are refused ----------------------------------------------------------------
mkdir big && truncate -s 4294967296 big/file
fails 3 ROOTFS-FILE-SIZE "$ROOTFS" pack dir:big -o case.cpio
ok 'ROOTFS-FILE-SIZE: a file of 4 GiB in a folder'
mkdir trailer && : >'trailer/TRAILER!!!'
fails 3 ROOTFS-TRAILER-NAME "$ROOTFS" pack dir:trailer -o case.cpio
ok 'ROOTFS-TRAILER-NAME: in a folder'
mkdir secret && echo x >secret/file && chmod 0 secret/file
if [ "$(id -u)" -ne 0 ]; then
	fails 4 ROOTFS-READ "$ROOTFS" pack dir:secret -o case.cpio
	ok 'ROOTFS-READ: an unreadable file'
elif setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
	mkdir -m 777 public && chmod 755 "$work" && cp "$ROOTFS" public/rootfs
	fails 4 ROOTFS-READ setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		public/rootfs pack dir:secret -o public/case.cpio && [ "$(ls -A public)" = rootfs ]
	ok 'ROOTFS-READ: an unreadable file'
else
	skip 'ROOTFS-READ: an unreadable file' 'root reads everything, and cannot become somebody else here'
fi
fails 4 ROOTFS-READ "$ROOTFS" pack dir:missing -o case.cpio
ok 'ROOTFS-READ: a missing folder'
fails 4 ROOTFS-READ "$ROOTFS" pack tar:missing -o case.cpio
ok 'ROOTFS-READ: a missing tarball'
fails 4 ROOTFS-READ "$ROOTFS" pack "dir:$long/$long/$long/$long/$long" -o case.cpio &&
	grep -q 'No such file or directory$' err.txt
ok 'a long path does not hide what is wrong with it'
fails 4 ROOTFS-READ "$ROOTFS" pack "dir:$(printf 'a\033b\302\233c')" -o case.cpio &&
	grep -q 'a?b??c' err.txt
ok 'no control character gets into a message'

# --- command lines ---------------------------------------------------------------------------
fails 2 ROOTFS-SOURCE "$ROOTFS" pack oci-x:tree -o case.cpio && grep -q 'dir:, tar:' err.txt
ok 'an unknown source lists the known ones'
fails 2 USAGE "$ROOTFS" pack dir:tree
ok 'no output'
fails 2 USAGE "$ROOTFS" pack -o case.cpio
ok 'no source'
fails 2 USAGE "$ROOTFS" pack --prefix p --add a=run.txt -o case.cpio
ok 'a prefix without a source'
fails 2 USAGE "$ROOTFS" list dir.cpio dir.cpio
ok 'two operands'
fails 2 USAGE "$ROOTFS" pack dir:tree -o case.cpio --forbid x
ok 'an unknown option'
fails 2 USAGE "$ROOTFS" list dir.cpio --manifest x
ok 'an option of another command'
fails 2 USAGE "$ROOTFS" frobnicate
ok 'an unknown command'
fails 2 USAGE "$ROOTFS" pack --add run.txt -o case.cpio
ok '--add without a file'
fails 2 ROOTFS-COLLISION "$ROOTFS" pack dir:tree --add m=run.txt -o case.cpio
ok '--add on a name of the tree'
fails 2 ROOTFS-COLLISION "$ROOTFS" pack dir:tree --prefix rootfs --add rootfs=run.txt -o case.cpio
ok '--add on the prefix'
fails 2 ROOTFS-COLLISION "$ROOTFS" pack --add a=run.txt --add a=run.txt -o case.cpio
ok '--add twice'
fails 2 ROOTFS-PATH "$ROOTFS" pack --add a/b=run.txt -o case.cpio
ok '--add below the top level'
fails 2 ROOTFS-PATH "$ROOTFS" pack dir:tree --prefix a/b -o case.cpio
ok 'a prefix of two components'
fails 4 ROOTFS-READ "$ROOTFS" pack --add a=missing -o case.cpio
ok '--add of a missing file'
fails 4 FILE-CREATE "$ROOTFS" pack dir:tree -o missing/case.cpio
ok 'output into a missing folder'
mkfifo out.fifo && fails 4 FILE-CREATE "$ROOTFS" pack dir:tree -o out.fifo && [ -p out.fifo ]
ok 'output never replaces what is no regular file'
echo kept >kept && ln -s kept out.link
fails 4 FILE-CREATE "$ROOTFS" pack dir:tree -o out.link && [ -L out.link ] &&
	[ "$(cat kept)" = kept ]
ok 'output never replaces a symbolic link'
rm -f case.cpio && mkdir out.d
fails 4 FILE-CREATE "$ROOTFS" pack dir:tree -o case.cpio --manifest out.d && [ ! -e case.cpio ]
ok 'no archive when there can be no manifest'
fails 2 USAGE "$ROOTFS" pack dir:tree -o case.cpio --manifest case.cpio && [ ! -e case.cpio ]
ok 'archive and manifest in one file'
fails 2 USAGE "$ROOTFS" pack dir:tree -o case.cpio -o case2.cpio && [ ! -e case.cpio ]
ok 'two outputs'
for command in '' pack list verify describe; do
	# shellcheck disable=SC2086 # no command at all is one of the cases
	"$ROOTFS" $command --help | grep -q '^usage: rootfs'
	ok "help of rootfs $command"
done
"$ROOTFS" --version | grep -q '^rootfs '
ok 'version'

# --- what the kernel would unpack ------------------------------------------------------------
newc() { # NAME MODE(octal) [BODY] [INO] [NLINK] [RDEVMAJOR:RDEVMINOR]: one entry on standard output
	name=$1 mode=$2 body=${3-} ino=${4:-0} links=${5:-1} rdev=${6:-0:0}
	printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' "$ino" "0$mode" 0 0 \
		"$links" 0 ${#body} 0 0 "${rdev%:*}" "${rdev#*:}" $((${#name} + 1)) 0
	printf '%s\0' "$name"
	pad $((110 + ${#name} + 1))
	printf %s "$body"
	pad ${#body}
}
pad() { head -c $((-$1 & 3)) /dev/zero; }
lists() { # DESCRIPTION EXPECTED: unpacks case.cpio
	printf '%s\n' "$2" >expected.txt
	"$ROOTFS" list case.cpio >out.txt 2>err.txt
	status=$?
	cat err.txt >>out.txt
	[ $status -eq 0 ] && same expected.txt out.txt
	ok "$1"
}
{
	newc a 100644 x
	newc 'TRAILER!!!' 0
	head -c 508 /dev/zero
	newc b 100644 yy
	newc 'TRAILER!!!' 0
	newc c 100644 zzz
} >case.cpio
lists 'concatenated archives, zeros between, entries after the trailer' 'file      0644 0 0 1 a
file      0644 0 0 2 b
file      0644 0 0 3 c'
cat dir.cpio dir.cpio >case.cpio
"$ROOTFS" list dir.cpio >expected.txt && "$ROOTFS" list case.cpio | grep -v '^!' >out.txt &&
	same expected.txt out.txt
ok 'an archive twice is the archive once'
newc a/b 100644 x >case.cpio
lists 'no parent' '! offset 0: a/b: skipped: its folder is missing, or it cannot be a file'
{
	newc a 100644 old
	newc a 100755 newer
} >case.cpio
lists 'a later file overwrites' 'file      0755 0 0 5 a
! offset 116: a: overwrites a file'
{
	newc d 40755
	newc l 120777 d
	newc l/x 100644 x
	newc l 40700
} >case.cpio
lists 'through a link, which a directory then replaces' 'directory 0755 0 0 0 d
file      0644 0 0 1 d/x
directory 0700 0 0 0 l
! offset 348: l: replaces an entry of another type'
{
	newc d 40755
	newc d/x 100644 x
	newc d 100644 y
} >case.cpio
lists 'a file does not replace a directory with something in it' 'directory 0755 0 0 0 d
file      0644 0 0 1 d/x
! offset 232: d: skipped: its folder is missing, or it cannot be a file'
{
	newc a 100644 '' 7 2
	newc b 100644 data 7 2
	newc 'TRAILER!!!' 0
	newc c 100644 '' 7 2
} >case.cpio
lists 'hard links, forgotten at the trailer' 'file      0644 0 0 4 a
file      0644 0 0 4 b == a
file      0644 0 0 0 c'
{
	newc init 100755 good
	newc init 0
} >case.cpio
lists 'an entry without a type removes' '! offset 120: init: replaces an entry of another type
! offset 120: init: skipped: not a type of file'
{
	newc d 40755 data
	newc ../../e 100644 x
	newc /f 100644 yy
} >case.cpio
lists 'a directory with data is skipped, and nothing leaves the root' 'file      0644 0 0 1 e
file      0644 0 0 2 f
! offset 0: d: skipped: it has data but is no file'
newc 'TRAILER!!!' 120777 target >case.cpio
lists 'a link may be named like the trailer' 'symlink   0777 0 0 6 TRAILER!!! -> target'
{
	newc null 20666 '' 0 1 1:3
	newc null 20600 '' 0 1 5:1
	newc sock 140755
} >case.cpio
lists 'a device keeps its first number' 'char      0600 0 0 1:3 null
socket    0755 0 0 0 sock
! offset 116: null: changes only mode and owner of what is there'
stops() { # NAME DESCRIPTION: the listing shows what came before
	fails 3 "$1" "$ROOTFS" list case.cpio && echo 'file      0644 0 0 1 a' | same - out.txt
	ok "$1: $2"
}
{ newc a 100644 x && echo junk; } >case.cpio
stops CPIO-JUNK 'junk behind an entry'
{ newc a 100644 x && printf '\0' && newc b 100644 x; } >case.cpio
stops CPIO-JUNK 'an entry that is not aligned'
{ newc a 100644 x && bzip2 -c dir.cpio; } >case.cpio
stops CPIO-JUNK 'a compression that our kernels do not have'
{ newc a 100644 x && newc b 100644 0123456789 | head -c 118; } >case.cpio
want=$(printf '012345\0\0\0\0' | sha256sum | cut -c1-64)
fails 3 CPIO-TRUNCATED "$ROOTFS" list case.cpio --json &&
	grep '"path":"b"' out.txt | grep -q "\"size\":10,\"sha256\":\"$want\""
ok 'CPIO-TRUNCATED: a file whose data is cut off ends in zeros'
{ newc a 100644 x && newc b 100644 x | head -c 50; } >case.cpio
stops CPIO-TRUNCATED 'header cut off'
{ newc a 100644 x && newc b 100644 x | sed 's/^070701/070707/'; } >case.cpio
stops CPIO-MAGIC 'another format'
{ newc a 100644 x && newc b 100644 x | tr '\0' z; } >case.cpio
stops CPIO-NAME 'a name without NUL'
{ newc a 100644 x && newc b 100644 x | sed 's/^070701/070702/'; } >case.cpio
fails 3 CPIO-CHECKSUM "$ROOTFS" list case.cpio
ok 'CPIO-CHECKSUM: wrong checksum'

# --- verify ----------------------------------------------------------------------------------
"$ROOTFS" verify dir.cpio --manifest dir.json && "$ROOTFS" pack dir:tree --prefix rootfs \
	--add run=run.txt -o beside.cpio --manifest beside.json &&
	"$ROOTFS" verify beside.cpio --manifest beside.json
ok 'an archive verifies against its manifest'
differs() { # DESCRIPTION TEXT: case.cpio against beside.json
	fails 1 ROOTFS-DIFFERENCE "$ROOTFS" verify case.cpio --manifest "${3:-beside.json}" &&
		{ grep -q -F "$2" err.txt || { sed 's/^/# /' err.txt && false; }; }
	ok "differs: $1"
}
change() { # OFFSET BYTE: one byte of beside.cpio
	cp beside.cpio case.cpio && printf %b "$2" |
		dd of=case.cpio bs=1 seek="$1" conv=notrunc 2>/dev/null
}
offset_of() { LC_ALL=C grep -a -b -o -F -- "$1" beside.cpio | head -n 1 | cut -d: -f1; }
change $(($(offset_of 'bytes') + 1)) Y
differs 'one byte of data' 'sha256'
change $(($(offset_of 'rootfs/four') - 110 + 21)) 5
differs 'one digit of a mode' 'rootfs/four: mode'
change $(($(offset_of 'rootfs/four') - 110 + 53)) 1
differs 'a time' 'rootfs/four: offset'
change $(($(offset_of 'rootfs/four') + 5)) S
differs 'a name' 'rootf'
change $(($(wc -c <beside.cpio) - 1)) 0
fails 3 CPIO-JUNK "$ROOTFS" verify case.cpio --manifest beside.json
ok 'malformed: a byte of the last padding'
cp beside.cpio case.cpio && printf '\0\0\0\0' >>case.cpio
differs 'more padding' 'the end expected'
{ cat beside.cpio && newc extra 100644 x; } >case.cpio
differs 'one more entry' 'extra'
{ cat beside.cpio && newc rootfs/four 100600 abcd; } >case.cpio
differs 'an entry overwritten later' 'rootfs/four: mode'
cp beside.cpio case.cpio
sed '/"path":"rootfs\/a-b"/d' beside.json >case.json
differs 'an entry that the manifest lacks' 'rootfs/a-b: no entry expected' case.json
sed 's/^{"TreeDigest":"./{"TreeDigest":"x/' beside.json >case.json
differs 'another tree digest' 'TreeDigest' case.json
head -c 200 beside.json >case.json
fails 3 MANIFEST-JSON "$ROOTFS" verify case.cpio --manifest case.json
ok 'a manifest cut off'
echo '{"TreeDigest":"","Entries":[],"More":1}' >case.json
fails 3 MANIFEST-KEYS "$ROOTFS" verify case.cpio --manifest case.json
ok 'a manifest with unknown keys'
echo '{"TreeDigest":"","TreeDigest":"","Entries":[]}' >case.json
fails 3 MANIFEST-JSON "$ROOTFS" verify case.cpio --manifest case.json
ok 'a manifest with a key twice'
malformed() { # NAME DESCRIPTION: case.json
	fails 3 "$1" "$ROOTFS" verify beside.cpio --manifest case.json
	ok "malformed: a manifest $2"
}
edit() { sed "$1" beside.json >case.json && ! cmp -s beside.json case.json; } # SCRIPT
cp beside.cpio case.cpio
edit '/"path":"rootfs\/a-b"/{p;p;}'
differs 'an entry of the manifest twice' 'rootfs/a-b: an entry expected' case.json
edit '/"path":"rootfs\/a-b"/{h;d;};/"path":"rootfs\/a\/b"/G'
differs 'entries of the manifest in another order' 'rootfs/a-b: no entry expected' case.json
sed '/^{"path":"run"/q' beside.json | sed '$s/$/,/' >case.json && sed -n '/^{"path":"run"/p' beside.json >>case.json && echo ']}' >>case.json
differs 'an entry more in the manifest' 'run: an entry expected' case.json
sed '/"path":"run"/d; $!{$!N;}; P; D' beside.json | tr '\n' ' ' | sed 's/},* *] *} *$/}]}/' >case.json
differs 'the last entry missing in the manifest' 'run: no entry expected' case.json
edit '/"path":"rootfs\/four"/s/"uid":[0-9]*/"uid":"0"/'
differs 'a number as a text' 'rootfs/four: uid "0" expected' case.json
edit '/"path":"rootfs\/four"/s/"uid"/"more":1,"uid"/'
differs 'a key more in an entry' 'rootfs/four: more keys expected' case.json
edit 's/"Prefix":"rootfs"/"Prefix":"roots"/'
differs 'another prefix' "roots: the tree's directory expected" case.json
sed 's/,"/ , "/g; s/":/" : /g; s/[]{}[]/ & /g' beside.json | tr '\n' '\r' >case.json && "$ROOTFS" verify beside.cpio --manifest case.json &&
	"$ROOTFS" verify beside.cpio --manifest /dev/stdin <beside.json
ok 'white space says nothing, and a manifest may come through a pipe'
edit 's/"Added":\[/&"rootfs",/'
differs 'a folder for an added file' 'rootfs: an added file expected' case.json
edit 's/"Added":\[\("[^"]*"\)/&,\1/'
differs 'an added file twice' 'an added file expected' case.json
edit '/"path":"rootfs\/four"/s/"uid"/"uid":0,"uid"/'
malformed MANIFEST-JSON 'with a key twice in an entry'
sed 's/"Prefix"/"TreeDigest":"",&/' beside.json >case.json
malformed MANIFEST-JSON 'with a member twice'
{ cat beside.json && printf '\n{}'; } >case.json
malformed MANIFEST-JSON 'with something behind it'
{ cat beside.json && printf '\0'; } >case.json
malformed MANIFEST-JSON 'with a NUL behind it'
head -c $(($(wc -c <beside.json) - 2)) beside.json >case.json
malformed MANIFEST-JSON 'without its last bracket'
: >case.json
malformed MANIFEST-JSON 'of no bytes'
echo 1 >case.json
malformed MANIFEST-JSON 'that is a number'
edit 's/"path":"rootfs\/four"/"path":"rootfs\/f\\u0000"/'
malformed MANIFEST-JSON 'with a NUL in a text'
LC_ALL=C sed "s/rootfs\/four/rootfs\/f$(printf '\351')r/" beside.json >case.json
malformed MANIFEST-JSON 'that is not UTF-8'
{ printf '\357\273\277' && cat beside.json; } >case.json
malformed MANIFEST-JSON 'with a byte order mark'
edit '/"path":"rootfs\/four"/s/,$/,,/'
malformed MANIFEST-JSON 'with a comma too many'
edit '/^\]/s/^/,/'
malformed MANIFEST-JSON 'with a comma at the end'
sed "/\"path\":\"rootfs\/four\"/s/\"uid\"/\"more\":\"$(printf '%070000d' 0)\",\"uid\"/" beside.json >case.json
malformed MANIFEST-JSON 'with an entry above 64 KiB'
{ printf '{"TreeDigest":"","Entries":[' && printf '%03000d]' 0 | tr 0 '['; } >case.json
malformed MANIFEST-JSON 'with deep nesting'
{ sed 's/"four"/"five"/' beside.json | head -n -1 && echo ']'; } >case.json
malformed MANIFEST-JSON 'that differs and then is cut off'
for text in '[1x]' '[true"]' '[1[]' '{"TreeDigest":1x}' '{"foo":nul}'; do
	printf %s "$text" >case.json
	malformed MANIFEST-JSON "that is $text"
done
printf '{"TreeDigest":"","Entries":[{"path":"nothing"},{}]}' >case.json
malformed MANIFEST-KEYS 'that differs and then has an entry without path'
for text in '[]' '{}' '{"TreeDigest":""}' '{"Entries":[]}' '{"TreeDigest":1,"Entries":[]}' '{"TreeDigest":"","Entries":{}}' \
	'{"TreeDigest":"","Added":null,"Entries":[]}' '{"TreeDigest":"","Added":[1],"Entries":[]}' \
	'{"TreeDigest":"","Prefix":["rootfs"],"Entries":[]}' '{"TreeDigest":"","Entries":[1]}' '{"TreeDigest":"","Entries":[{}]}' \
	'{"TreeDigest":"","Entries":[],"Prefix":"rootfs"}'; do
	printf %s "$text" >case.json
	malformed MANIFEST-KEYS "that is $text"
done

# --- running it: the run specification and what travels in it ----------------------------------
records() { printf '%s\0' "$@" >records; } # RECORD...
run_of() { # ARCHIVE: the records of its file run, one a line, a newline in them as ?
	rm -rf extracted && mkdir extracted &&
		(cd extracted && "$CPIO" --quiet -id run <"../$1") && tr '\0\n' '\n?' <extracted/run
}
hex=0100000200200000000000000000000000000000
printf '%s\n' 'entry 0 etc/passwd data=app:x:1000:1001::/home/app:/bin/sh\n' \
	'entry 0 etc/group data=app:x:1001:\nnet:x:7:root,app\n' \
	"pax LIBARCHIVE.xattr.security.capability=AQAAAgAgAAAAAAAAAAAAAAAAAAA SCHILY.xattr.security.capability=$cap2" \
	'entry 0 bin/ping\n:x mode=0755 data=x' 'entry 1 ping link=bin/ping\n:x' | ./mktar >run.tar
records name=n 'arg=/bin/ping
:x' arg= "$(printf 'arg=caf\351')" env=A=1 env=B=2 'env=A=3 =' user=app workdir=/srv/./x/ \
	stopsignal=sigquit volume=/data port=80/tcp
"$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o run.cpio --manifest run.json &&
	run_of run.cpio >found.txt &&
	printf '%s\n' name=n "digest=$(sed -n 's/^{"TreeDigest":"\(.*\)",/\1/p' run.json)" \
		'env=A=3 =' env=B=2 'arg=/bin/ping?:x' arg= "$(printf 'arg=caf\351')" uid=1000 \
		gid=1001 group=1001 group=7 workdir=/srv/x stopsignal=3 volume=/data \
		"xattr=security.capability:$hex:bin/ping?:x" | same - found.txt
ok 'users, folders, signals and capabilities reach the run specification'
"$ROOTFS" list run.cpio | grep -qx 'file      0644 0 0 [0-9]* run'
ok 'the run specification is a file of root beside the tree'
[ "$(grep -c "\"xattrs\":{\"security.capability\":\"$hex\"}" run.json)" -eq 2 ]
ok 'the manifest has the capabilities of every name'
"$ROOTFS" verify run.cpio --manifest run.json
ok 'an archive verifies with the capabilities that its run specification carries'
printf '%s\n' 'entry 0 etc/passwd data=app:x:1000:1001::/home/app:/bin/sh\n' \
	'entry 0 etc/group data=app:x:1001:\nnet:x:7:root,app\n' \
	"pax SCHILY.xattr.security.capability=$cap3" \
	'entry 0 bin/ping\n:x mode=0755 data=x' "pax SCHILY.xattr.security.capability=$cap3" \
	'entry 1 ping link=bin/ping\n:x' | ./mktar >case.tar
"$ROOTFS" pack tar:case.tar --prefix rootfs --run records -o case.cpio && cmp run.cpio case.cpio
ok 'version 3 without a root id is version 2'
sed 's/"xattrs":{[^}]*},*//; s/,}/}/' run.json >case.json
fails 1 ROOTFS-DIFFERENCE "$ROOTFS" verify run.cpio --manifest case.json
ok 'differs: capabilities that the manifest lacks'
sed "s/$hex/$(echo $hex | sed 's/2002/2006/')/" run.json >case.json
cmp -s run.json case.json || fails 1 ROOTFS-DIFFERENCE "$ROOTFS" verify run.cpio --manifest case.json
ok 'differs: other capabilities than the manifest has'
for at in 1 64; do
	LC_ALL=C sed "s/^\(.*digest=.\{$((at - 1))\}\)[0-9a-f]/\1-/" run.cpio >case.cpio
	cmp -s run.cpio case.cpio || fails 1 ROOTFS-DIFFERENCE "$ROOTFS" verify case.cpio --manifest run.json
	ok "differs: a run specification that names another tree digest in its digit $at"
done
LC_ALL=C sed "s/security\.capability:$hex:bin/security.capability:$hex:bim/" run.cpio >case.cpio
fails 3 RUN-XATTR "$ROOTFS" verify case.cpio --manifest run.json
ok 'RUN-XATTR: capabilities of a file that is not there'
records name=n arg=/x user=nobody
fails 3 RUN-USER "$ROOTFS" pack tar:run.tar --run records -o case.cpio
ok 'RUN-USER: a user whom the tree does not know'
records name=n arg=/x
n=0
while [ $((n += 1)) -le 1025 ]; do
	printf '%s\n' "pax SCHILY.xattr.security.capability=$cap2" "entry 0 $n"
done | ./mktar >case.tar
fails 3 RUN-SIZE "$ROOTFS" pack tar:case.tar --run records -o case.cpio && grep -q '1024 records xattr=' err.txt
ok 'RUN-SIZE: capabilities of more files than init takes'
printf 'name=n' >records
fails 3 RUN-RECORD "$ROOTFS" pack tar:run.tar --run records -o case.cpio
ok 'RUN-RECORD: no NUL at the end'
records name=n
fails 3 RUN-COMMAND "$ROOTFS" pack tar:run.tar --run records -o case.cpio
ok 'RUN-COMMAND: nothing to start'
fails 4 ROOTFS-READ "$ROOTFS" pack tar:run.tar --run nothing -o case.cpio
ok 'ROOTFS-READ: no records'
records name=n arg=/x
fails 2 ROOTFS-COLLISION "$ROOTFS" pack tar:run.tar --prefix run --run records -o case.cpio
ok 'ROOTFS-COLLISION: a tree that is called run'
fails 2 USAGE "$ROOTFS" pack --add init=init.txt --run records -o case.cpio
ok 'usage: --run without a source'
records name=n arg=/x umask=7 rlimit=nofile:10:1048576 rlimit=as:10:unlimited rlimit=core:0 'capabilities=none +KILL' seccomp=none new_privileges=no nsm=yes \
	hostname=h.x grace=60 readonly=yes allow_plain=yes attest=yes config=yes 'ports=vsock:5001 -> tcp:[::1]:80' \
	'ports=tcp:127.0.0.1:443 -> vsock:3:5000'
"$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o case.cpio && run_of case.cpio | sed '/^digest=/d; /^xattr=/d' >found.txt &&
	printf '%s\n' name=n arg=/x umask=0007 rlimit=nofile:10:1048576 rlimit=as:10:unlimited rlimit=core:0:0 caps=0000000000000020 seccomp=none newprivs=no nsm=yes \
		hostname=h.x grace=60 readonly=yes platform=plain attest=yes config=yes 'port=vsock:5001>tcp:[::1]:80' \
		'port=tcp:127.0.0.1:443>vsock:3:5000' | same - found.txt
ok 'what a recipe says of limits, filters and the machine, in the words of init'
for setting in umask=8 umask=01000 rlimit=nofile rlimit=nofile:2:1 rlimit=files:1 rlimit=nofile:-1 rlimit=nofile:unlimited rlimit=nofile:1:1048577 capabilities=kill capabilities=+fly seccomp=off \
	new_privileges=maybe nsm= hostname= hostname=a/b grace=3601 grace=-1 readonly=1 allow_plain=YES attest=on config=2 ports=vsock:1023-\>tcp:127.0.0.1:1 \
	ports=vsock:08080-\>tcp:127.0.0.1:1 ports=vsock:2000-\>tcp:localhost:1 ports=vsock:2000-\>tcp:127.0.0.1:65536 ports=vsock:2000-\>vsock:3:1 \
	ports=tcp:127.0.0.1:80-\>vsock:2000 ports=tcp:0.0.0.0:80-\>vsock:3:1 ports=tcp:10.1.2.3:80-\>vsock:3:1 ports=tcp:128.0.0.1:80-\>vsock:3:1 \
	'ports=tcp:[0::1]:80->vsock:3:1' 'ports=tcp:[fe80::1]:80->vsock:3:1' 'ports=tcp:[127.0.0.1]:80->vsock:3:2000' ports=vsock:2000; do
	records name=n arg=/x "$setting"
	fails 3 RUN-SETTING "$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o case.cpio
	ok "RUN-SETTING: $setting"
done
# refused_together SETTING...
refused_together()
{
	records name=n arg=/x "$@"
	fails 3 RUN-SETTING "$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o case.cpio
}
long=$(printf '%065d' 0)
for name in "$long" 'a
b' 'a b' -é; do
	records "name=$name" arg=/x
	fails 3 RUN-NAME "$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o case.cpio &&
		records "name=$name" arg=/x hostname=h && "$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o case.cpio
	ok "RUN-NAME: no machine can be called so: ${#name} bytes"
done
refused_together 'ports=vsock:2000->tcp:127.0.0.1:1' 'ports=vsock:2000 -> tcp:127.0.0.1:2'
ok 'RUN-SETTING: two rules that listen in one place'
refused_together attest=yes 'ports=vsock:5000->tcp:127.0.0.1:1'
ok "RUN-SETTING: a rule that listens where the image's responder does"
refused_together rlimit=core:0 rlimit=core:1
ok 'RUN-SETTING: a limit twice'
refused_together umask=0 umask=0
ok 'RUN-SETTING: a mask twice'
# modules USER NSM USER NSM: an application and a helper, each as that user and with nsm= so.
modules()
{
	records name=n arg=/x "user=$1" "nsm=$2" 'helper=h never' arg=/x "user=$3" "nsm=$4"
	"$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o case.cpio
}
fails 3 RUN-NSM modules 1 yes 2 yes && fails 3 RUN-NSM modules 1 yes 0 no && fails 3 RUN-NSM modules 1 yes 1 no &&
	fails 3 RUN-NSM modules 0 yes 0 no
ok 'RUN-NSM: the security module would be for two users, or open to another process'
modules 1 yes 2 no && modules 1 yes 1 yes && modules 0 yes 3 no && modules 0 no 0 no
ok 'the security module for one user'
{ printf 'name=n\0arg=/x\0' && seq -f 'ports=tcp:127.0.0.1:%g->vsock:3:1' 257 | tr '\n' '\0'; } >records
fails 3 RUN-SETTING "$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o case.cpio
ok 'RUN-SETTING: more rules than the forwarder takes'
records name=n arg=/x
"$ROOTFS" pack tar:run.tar --prefix sun --run records -o case.cpio --manifest case.json && ! run_of case.cpio | grep -q digest= &&
	"$ROOTFS" verify case.cpio --manifest case.json
ok 'a tree that is written after its run specification is not named there'
"$ROOTFS" pack tar:run.tar --prefix rootfs --run records --add rootfs-x=init.txt --add zebra=init.txt -o case.cpio --manifest case.json &&
	run_of case.cpio | grep -qx "digest=$(sed -n 's/^{"TreeDigest":"\(.*\)",/\1/p' run.json)" && "$ROOTFS" verify case.cpio --manifest case.json
ok 'added files before and behind are no part of the tree that is named'
"$ROOTFS" pack tar:run.tar --prefix rootfs --run records --compress gzip -o case.cpio.gz && "$ROOTFS" pack tar:run.tar --prefix rootfs --run records -o case.cpio &&
	gzip -dc case.cpio.gz | cmp - case.cpio
ok 'a compressed archive names the same digest'
records name=n arg=/x user=app port=1/udp
"$ROOTFS" describe tar:run.tar --json --run records | grep -q '"RunSpecification":{"name":"n","env":\[\],"args":\["/x"\],"user":{"uid":1000,"gid":1001,"groups":\[1001,7\]},"workdir":"/","stopsignal":15,"volumes":\[\],"ports":\["1/udp"\],"settings":\[\],"machine":\[\],"helpers":\[\]}'
ok 'describe shows the run specification'
mkdir capable && echo x >capable/a && ln capable/a capable/b && echo y >capable/c
if python3 -c 'import os, sys
os.setxattr("capable/a", "security.capability", bytes.fromhex(sys.argv[1]))' $hex 2>/dev/null; then
	records name=n arg=/a
	"$ROOTFS" pack dir:capable --run records -o case.cpio --manifest case.json && run_of case.cpio >found.txt &&
		[ "$(tail -n 1 found.txt)" = "xattr=security.capability:$hex:a" ] &&
		[ "$(sed -n 's/^{"TreeDigest":"\(.*\)",/\1/p' case.json)" = "$(sh "$here/treedigest.sh" capable)" ]
	ok 'a folder'\''s capabilities travel, and the tree digest is what stock tools compute'
else
	skip 'a folder'\''s capabilities' 'needs root and python3'
fi

# --- an archive as a source --------------------------------------------------------------------
"$ROOTFS" pack cpio:dir.cpio -o again.cpio --manifest again.json && cmp dir.cpio again.cpio && cmp dir.json again.json
ok 'an archive is a source: the same archive and manifest'
printf 'name=x\0arg=/bin/x\0' >records.bin
"$ROOTFS" pack dir:tree --prefix rootfs --run records.bin -o ramdisk.cpio --manifest ramdisk.json &&
	"$ROOTFS" pack cpio:ramdisk.cpio -o again.cpio --manifest again.json && cmp ramdisk.cpio again.cpio &&
	cmp ramdisk.json again.json
ok 'so is ramdisk 1 of an image, whose tree is what lies in rootfs/'
"$ROOTFS" pack tar:run.tar --prefix rootfs --run records.bin -o ramdisk.cpio --manifest ramdisk.json &&
	"$ROOTFS" pack cpio:ramdisk.cpio -o again.cpio --manifest again.json && cmp ramdisk.cpio again.cpio &&
	cmp ramdisk.json again.json && grep -q '"xattrs"' again.json
ok 'with the capabilities that its run specification carries'
run_of_description() { "$ROOTFS" describe "$@" --json | grep -o '"RunSpecification":.*'; }
run_of_description cpio:run.cpio >found.txt &&
	printf '%s\n' '"RunSpecification":{"name":"n","env":["A=3 =","B=2"],"args":["/bin/ping\n:x","",{"bytes_b64":"Y2Fm6Q=="}],"user":{"uid":1000,"gid":1001,"groups":[1001,7]},"workdir":"/srv/x","stopsignal":3,"volumes":["/data"],"ports":[],"settings":[],"machine":[],"helpers":[]}}' |
	same - found.txt
ok 'describe shows the run specification that it has'
run_of_description cpio:ramdisk.cpio >found.txt && run_of_description tar:run.tar --run records.bin | same - found.txt
ok 'which is that of its source'
fails 2 ROOTFS-COLLISION "$ROOTFS" describe cpio:ramdisk.cpio --run records.bin &&
	fails 2 ROOTFS-COLLISION "$ROOTFS" pack cpio:ramdisk.cpio --run records.bin -o x.cpio && [ ! -e x.cpio ]
ok 'ROOTFS-COLLISION: it takes no other'
printf 'name=x\0arg=/bin/x\0expose=80/tcp\0' >records.odd
"$ROOTFS" pack dir:tree --prefix rootfs --add run=records.odd -o case.cpio &&
	fails 3 RUN-RECORD "$ROOTFS" describe cpio:case.cpio && grep -q 'cpio:case.cpio: run: record at byte 18: key=value with a known key' err.txt
ok 'RUN-RECORD: what init would refuse'
"$ROOTFS" pack dir:tree --prefix rootfs -o ramdisk.cpio &&
	"$ROOTFS" describe cpio:ramdisk.cpio --json --run records.bin | grep -q '"RunSpecification":{"name":"x"'
ok 'without a run specification it is an archive like others'
printf 'name=x\0arg=/bin/x\0' >records.bin
"$ROOTFS" pack dir:tree --prefix rootfs --run records.bin -o ramdisk.cpio
digest_of() { "$ROOTFS" describe "$1" --json | grep -o '"TreeDigest":"[0-9a-f]*"'; }
found=$(digest_of cpio:ramdisk.cpio) && [ "$found" = "$(digest_of dir:tree)" ]
ok 'and it has the tree digest of its source'
fails 2 ROOTFS-SOURCE "$ROOTFS" pack cpio:dir.cpio dir:tree -o x.cpio && fails 2 ROOTFS-SOURCE "$ROOTFS" pack dir:tree cpio:dir.cpio -o x.cpio &&
	fails 2 ROOTFS-SOURCE "$ROOTFS" pack cpio:dir.cpio --prefix p -o x.cpio
ok 'ROOTFS-SOURCE: an archive stands alone'
{ newc a 100644 x && newc a 100644 y && newc 'TRAILER!!!' 0 ''; } >case.cpio
fails 3 CPIO-REMARK "$ROOTFS" pack cpio:case.cpio -o x.cpio && [ ! -e x.cpio ]
ok 'CPIO-REMARK: an entry that overwrites another'

echo "1..$count"
[ $failures -eq 0 ]
