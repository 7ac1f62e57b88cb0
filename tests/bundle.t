#!/bin/sh
# make bundle: the same tar from two copies of this checkout, whoever makes it; what is in it, read without
# the tools that wrote it; filling a cache from it without network; and the chain from the archive's key to
# every pin. Runs on the host, from the top of the checkout, after `make image`; works in a temporary folder.
# shellcheck disable=SC2016,SC2086 # the inner shells expand; $isolate, $locks and others are lists of words
set -u
. tests/tap.sh
. env/say.sh
unset MINTMARK_RUN MINTMARK_OUT MAKEFLAGS MFLAGS MAKELEVEL RECIPE ROOTFS TESTS BUNDLE
export TARGETS=nitro-x86_64 # hello has one more, whose kernel these tests do not wait for
export LC_ALL=C
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP"' EXIT
chmod 0755 "$TAP_TMP"

locks=$(for name in toolchain linux musl busybox libtomcrypt; do echo "recipes/$name/pins.lock"; done)
index_lock=recipes/archive/trixie.lock
if ! env/fetch $locks $index_lock >"$TAP_TMP/log" 2>&1; then
	sed 's/^/# /' "$TAP_TMP/log"
	skip "make bundle" "a pin is not in the cache, and at no place that can be reached"
	finish_tap
	exit
fi

isolate="unshare --user --map-root-user --net"
nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
if [ "$(id -u)" -eq 0 ]; then
	isolate="unshare --net"
	$nobody unshare --user --map-root-user true 2>/dev/null || nobody=
else
	nobody=
fi

# Two copies of the checkout, and everything around them different.
a=$TAP_TMP/a
b=$TAP_TMP/some/Other-place
for copy in "$a" "$b"; do
	mkdir -p "$copy"
	tar -c -f - --exclude=./out --exclude=./.git . | tar -x -f - -C "$copy"
done
chmod -R go-rwx "$a"
(cd "$a" && umask 077 && TZ=Pacific/Kiritimati make -s bundle) >"$TAP_TMP/printed" 2>"$TAP_TMP/log"
ok $? "make bundle" "$TAP_TMP/log"
file=$a/out/hello/bundle.tar
other="env -i TARGETS=$TARGETS PATH=$PATH HOME=$TAP_TMP MINTMARK_CACHE=$TAP_TMP/cache TZ=America/St_Johns LANG=de_DE.UTF-8
	LC_ALL=tr_TR.UTF-8 USER=mallory JOBS=3 SOURCE_DATE_EPOCH=1234567890 TAR_OPTIONS=--format=v7
	make -s -C $b bundle"
as_nobody()
{
	umask 002
	chown -R 65534:65534 "$b" && mkdir "$TAP_TMP/cache" && unshare --mount sh -c '
		mount --make-rprivate / && mount --bind "$1" "$2" && shift 2 && exec "$@"' \
		sh "$MINTMARK_CACHE" "$TAP_TMP/cache" $nobody $other
}
as_myself()
{
	umask 002
	ln -s "$MINTMARK_CACHE" "$TAP_TMP/cache" && $other
}
if [ -n "$nobody" ]; then
	check "elsewhere, with other settings, as another user" as_nobody
else
	skip "as another user" "needs root, and a user namespace for nobody"
	check "elsewhere, with other settings" as_myself
fi
umask 022
check "it is the same file" cmp "$file" "$b/out/hello/bundle.tar"
rm -rf "$b"
sum=$(sha256sum <"$file")
check "its size and sha256 are printed" \
	grep -qE "^ *bundle *$(wc -c <"$file") *${sum%% *} *out/hello/bundle.tar$" "$TAP_TMP/printed"

# header N: the 512 bytes of block N in hexadecimal.
header()
{
	dd if="$file" bs=512 skip="$1" count=1 2>/dev/null | od -A n -v -t x1 | tr -d ' \n'
}
# Every header as it stands: name, size and checksum differ, the rest is constant.
block=0
while h=$(header $block) && [ "$(printf '%.2s' "$h")" != 00 ] && [ ${#h} -eq 1024 ]; do
	size=$(printf '%s' "$h" | cut -c 249-270 | sed 's/3\(.\)/\1/g')
	printf '%s\n' "$h" | sed 's/^.\{200\}\(.\{48\}\).\{24\}\(.\{24\}\).\{16\}/\1 \2 /' >>"$TAP_TMP/constant"
	block=$((block + 1 + (0$size + 511) / 512))
done
zeros()
{
	printf "%0$1d" 0
}
field()
{
	printf '%s' "$1" | od -A n -v -t x1 | tr -d ' \n'
}
# Mode, owner, group; time; a regular file, no link; ustar; no names of owners, no device, no prefix.
expected="$(field 0000644)00$(field 0000000)00$(field 0000000)00 $(field 00000000000)00 30$(zeros 200)$(
	field ustar)00$(field 00)$(zeros 494)"
check "every header is constant but for name and size" [ "$(sort -u "$TAP_TMP/constant")" = "$expected" ]
check "after the last member there are only zeros" sh -c \
	'[ "$(tail -c "+$(($1 * 512 + 1))" "$2" | tr -d "\\000" | wc -c)" -eq 0 ]' sh $block "$file"

# What is in it: all of the pins, and nothing that nobody asked for.
tar -t -f "$file" >"$TAP_TMP/members"
{
	echo README
	printf 'archive/%s\n' keys trixie.InRelease trixie.lock
	printf 'pins/%s\n' busybox.lock libtomcrypt.lock linux.lock musl.lock toolchain.lock toolchain.root.sha256
	awk '!/^#/ { print "sha256/" $1 }' $locks $index_lock | sort -u
} >"$TAP_TMP/expected"
check "its members are the pins of all locks and the evidence, sorted" cmp "$TAP_TMP/expected" "$TAP_TMP/members"
check "the walk along the headers saw as many" \
	[ "$(wc -l <"$TAP_TMP/constant")" -eq "$(wc -l <"$TAP_TMP/members")" ]
mkdir "$TAP_TMP/x"
tar -x -f "$file" -C "$TAP_TMP/x"
check "each sha256/HASH has that hash" sh -c \
	'cd "$1/sha256" && sha256sum -- * | awk "\$1 != \$2 { print; n = 1 } END { exit n }"' \
	sh "$TAP_TMP/x"
same()
{
	for lock in $locks; do
		name=${lock#recipes/}
		cmp "$lock" "$TAP_TMP/x/pins/${name%%/*}.lock" || return 1
	done
	cmp recipes/toolchain/root.sha256 "$TAP_TMP/x/pins/toolchain.root.sha256" || return 1
	for evidence in keys trixie.InRelease trixie.lock; do
		cmp "recipes/archive/$evidence" "$TAP_TMP/x/archive/$evidence" || return 1
	done
}
check "locks and evidence are those of the checkout" same

# The chain inside of it: key, InRelease, indexes, pins.
keyring=${KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
if have gpgv && [ -r "$keyring" ]; then
	gpgv --keyring "$keyring" --status-fd 1 "$TAP_TMP/x/archive/trixie.InRelease" >"$TAP_TMP/status" 2>/dev/null
	ok $? "the signature on its InRelease is good"
	check "by a key of its archive/keys" awk 'NR == FNR { if (!/^#/) known[$1]; next }
		$2 == "VALIDSIG" && $NF in known { found = 1 } END { exit !found }' "$TAP_TMP/x/archive/keys" "$TAP_TMP/status"
else
	skip "the signature on its InRelease is good" "needs gpgv and debian-archive-keyring on the host"
fi
cd "$TAP_TMP/x" || exit 4
packages=$(awk '$3 ~ /binary-amd64/ { print $1 }' archive/trixie.lock)
sources=$(awk '$3 ~ /source/ { print $1 }' archive/trixie.lock)
check "InRelease names its Packages" \
	grep -qxE " $packages +[0-9]+ main/binary-amd64/Packages.gz" archive/trixie.InRelease
check "InRelease names its Sources" \
	grep -qxE " $sources +[0-9]+ main/source/Sources.gz" archive/trixie.InRelease
{
	gzip -dc "sha256/$packages" | awk '/^Filename: / { f = $2 } /^Size: / { s = $2 } /^SHA256: / { print $2, s, f }'
	gzip -dc "sha256/$sources" | awk '/^Directory: / { d = $2 } /^[^ ]/ { on = /^Checksums-Sha256:/ }
		on && NF == 3 { sum[++n] = $1 " " $2; name[n] = $3 }
		/^$/ { for (i = 1; i <= n; i++) print sum[i], d "/" name[i]; n = 0 }'
} >"$TAP_TMP/named"
cat pins/*.lock >"$TAP_TMP/pinned"
check "the indexes name every pin: sha256, size and path" awk '
	NR == FNR { if (!/^#/) pins[$0]; next } $0 in pins { delete pins[$0] }
	END { for (p in pins) { print p; n = 1 } exit n }' "$TAP_TMP/pinned" "$TAP_TMP/named"
cd "$OLDPWD" || exit 4

# A cache from it alone: empty, no network, no apt configuration; by a relative path.
cp "$file" "$TAP_TMP/bundle.tar"
offline="$isolate env APT_CONFIG_DIR=$TAP_TMP/none MINTMARK_CACHE=$TAP_TMP/empty"
from=$(echo "$PWD" | sed 's,[^/]*,..,g; s,^/,,')$TAP_TMP/bundle.tar
check "make fetch from it, without network" $offline make -s fetch TESTS=no BUNDLE="$from"
check "brings every pin of the image" \
	[ "$(find "$TAP_TMP/empty/sha256" -type f | wc -l)" -eq "$(cat $locks | grep -vc '^#')" ]
check "the same with the indexes" $offline BUNDLE="$from" env/fetch $locks $index_lock
check "everything in the bundle is in the cache" diff -r "$TAP_TMP/x/sha256" "$TAP_TMP/empty/sha256"

# What goes wrong leaves what was there.
rm -rf "$TAP_TMP/empty" "$TAP_TMP/x"
fails 2 'FETCH-NOWHERE' "a pin that is nowhere" $offline make -s -C "$a" bundle
check "the last bundle is still whole" cmp "$file" "$TAP_TMP/bundle.tar"
rm "$file"
(cd "$a" && exec setsid make -s bundle) >"$TAP_TMP/log" 2>&1 &
pid=$!
ticks=400
while [ -z "$(find "$a/out/.work" -name bundle.tar -size +1)" ] && [ $ticks -gt 0 ]; do
	ticks=$((ticks - 1))
	sleep 0.05
done
kill -TERM "-$pid"
wait $pid 2>/dev/null
check "interrupted while it is written: no half of a bundle" [ ! -e "$file" ]
check "and no work folder" sh -c 'sleep 1; [ -z "$(ls "$1/out/.work")" ]' sh "$a"
fails 2 'TESTS: yes or no expected, found maybe' "a senseless TESTS" make -s -n bundle TESTS=maybe
finish_tap
