#!/bin/sh
# One container with other people's owners, setuid programs, devices and file capabilities, packed by whoever runs this,
# by an ordinary user, and by that user as root of a namespace: the same bits from every kind of source. Prints TAP.
# Environment: ROOTFS the rootfs command, CC to build mktar.c. Never writes outside its own temporary folder.
# shellcheck disable=SC2016 # the inner shells expand
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
here=$(cd "$(dirname "$0")" && pwd)
TAP_TMP=$(mktemp -d)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
trap 'rm -rf "$TAP_TMP"' EXIT
chmod 0755 "$TAP_TMP"
cd "$TAP_TMP" || exit 99
umask 022
MKTAR=$TAP_TMP/mktar
export MKTAR
${CC:-cc} -O1 -o mktar -D_GNU_SOURCE "$here/mktar.c" || exit 99

# --- the container ---------------------------------------------------------------------------
cap='pax SCHILY.xattr.security.capability=\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
hex=0100000200200000000000000000000000000000
mkdir image out cache
echo 'oci oci-archive docker-archive' >image/as
echo gzip >image/layer1.how
echo zstd >image/layer2.how
cat >image/layer1.spec <<END
entry 5 bin mode=0755
entry 5 home mode=0755
entry 5 home/me mode=2750 uid=1000 gid=1001
entry 0 home/me/secret mode=0000 uid=1000 gid=1001 data=s
entry 0 bin/old mode=0755 data=x
$cap
entry 0 bin/ping mode=0755 uid=7 gid=8 data=x
END
cat >image/layer2.spec <<'END'
entry 0 bin/su mode=4755 data=su
entry 0 bin/wall mode=2755 gid=5 data=wall
entry 1 bin/pong link=bin/ping
entry 5 dev mode=0755
entry 3 dev/null mode=0666 major=1 minor=3
entry 3 dev/tty mode=0620 uid=3 gid=5 major=5 minor=0
entry 6 fifo mode=0600 uid=65534 gid=65534
entry 5 tmp mode=1777
entry 2 link link=bin/su uid=12 gid=~4294967294
entry 0 bin/.wh.old
END
"$here/cases/mkimage" "$TAP_TMP/image" || exit 99
sed '/\.wh\./d' image/layer2.spec | cat image/layer1.spec - | sed '/^entry 0 bin\/old /d' | ./mktar >root.tar
printf 'name=n\0arg=/bin/su\0' >records

# pin FILE: into the cache of packages, with a line in the lock file.
pin()
{
	sum=$(sha256sum <"$1")
	cp "$1" "cache/${sum%% *}"
	echo "${sum%% *} $(wc -c <"$1" | tr -d ' ') pool/main/$1" >>lock
}
printf 'entry 5 ./ mode=0755\n' >data.spec
sed 's,^\(entry . \),\1./,; s, link=bin/ping, link=./bin/ping,' image/layer1.spec >>data.spec
sed '/\.wh\./d; /^entry 3/d; /^entry 6/d; s,^\(entry . \),\1./,; s, link=bin/ping, link=./bin/ping,' image/layer2.spec >>data.spec
./mktar <data.spec >data.tar
printf '%s\n' 'Package: foreign' 'Version: 1' 'Architecture: all' 'Maintainer: A <a@b.example>' 'Description: d' >control
printf '%s\n' 'entry 5 ./ mode=0755' 'entry 0 ./control file=control' | ./mktar >control.tar
echo 2.0 >debian-binary
ar rcD foreign_1_all.deb debian-binary control.tar data.tar 2>/dev/null && pin foreign_1_all.deb
chmod -R a+rX .

# --- who packs -------------------------------------------------------------------------------
# as WHO COMMAND...: an ordinary user is another uid without any capability; where there is no other uid, in a namespace,
# one in a further namespace, where nobody is root; and where those are forbidden, in a chroot, a root without capabilities.
if setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all true 2>/dev/null; then
	ordinary='setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all'
elif unshare --user --map-user=1234 --map-group=1234 true 2>/dev/null; then
	ordinary='unshare --user --map-user=1234 --map-group=1234'
elif setpriv --securebits=+noroot --inh-caps=-all --bounding-set=-all true 2>/dev/null; then
	ordinary='setpriv --securebits=+noroot --inh-caps=-all --bounding-set=-all'
else
	ordinary=
fi
as()
{
	case $1 in
	me) become= ;;
	user) become=$ordinary ;;
	namespace) become="${ordinary%% --bounding-set*} unshare --user --map-root-user" ;;
	esac
	shift
	# shellcheck disable=SC2086 # words
	$become "$@"
}
# packed WHO SOURCE: archive, manifest, what describe says, both bills of materials and the lint, in out/WHO.
packed()
{
	rm -rf "out/$1"
	mkdir -m 0777 "out/$1"
	as "$1" sh -c '
		set -e
		cd "$1"
		"$2" pack "$3" --packages "$4" --prefix rootfs --run "$5" -o cpio --manifest json
		"$2" describe "$3" --packages "$4" --json >described
		"$2" list cpio >listed
		"$2" verify cpio --manifest json
		"$2" sbom cpio:cpio --format spdx >spdx
		"$2" sbom cpio:cpio --format cyclonedx >cdx
		"$2" lint cpio:cpio >linted
	' sh "$TAP_TMP/out/$1" "$ROOTFS" "$2" "$TAP_TMP/cache" "$TAP_TMP/records"
}
# What stands in the way, in a chroot and for some hosts.
unable="user namespaces expected"
able()
{
	[ "$1" = me ] || [ -n "$ordinary" ] && as "$1" true 2>/dev/null
}

if able user; then
	check "the ordinary user has no capability" as user grep -qx 'CapEff:.0*' /proc/self/status
	# shellcheck disable=SC2086 # words
	check "and cannot make somebody else's file" sh -c '
		: >mine && chmod 0666 mine && ! "$@" chown 5:6 mine 2>/dev/null' sh $ordinary
else
	skip "an ordinary user" "$unable"
fi
for source in "oci:$TAP_TMP/image/layout:latest" "oci-archive:$TAP_TMP/image/oci.tar:latest" \
	"docker-archive:$TAP_TMP/image/docker.tar:case:latest" "tar:$TAP_TMP/root.tar" "debs:$TAP_TMP/lock"; do
	kind=${source%%:*}
	check "$kind: packed" packed me "$source"
	for who in user namespace; do
		if able $who; then
			check "$kind: packed by $who" packed $who "$source"
			check "$kind: $who gets the same bits, manifest, description, bills and lint" diff -r out/me out/$who
		else
			skip "$kind: packed by $who" "$unable"
		fi
	done
	for line in 'directory 2750 1000 1001 0 rootfs/home/me' 'file      0000 1000 1001 1 rootfs/home/me/secret' \
		'file      0755 7 8 1 rootfs/bin/ping' 'file      0755 7 8 1 rootfs/bin/pong == rootfs/bin/ping' \
		'file      4755 0 0 2 rootfs/bin/su' 'file      2755 0 5 4 rootfs/bin/wall' \
		'symlink   0777 12 4294967294 6 rootfs/link -> bin/su' 'directory 1777 0 0 0 rootfs/tmp'; do
		check "$kind: $line" grep -qxF "$line" out/me/listed
	done
	[ "$kind" = debs ] || for line in 'char      0666 0 0 1:3 rootfs/dev/null' 'char      0620 3 5 5:0 rootfs/dev/tty' \
		'fifo      0600 65534 65534 0 rootfs/fifo'; do
		check "$kind: $line" grep -qxF "$line" out/me/listed
	done
	check "$kind: the capability travels" grep -qaF "xattr=security.capability:$hex:bin/ping" out/me/cpio
	cp out/me/cpio "$kind.cpio"
	cp out/me/json "$kind.json"
done
# So that who cannot compare with another user compares with what root made elsewhere.
for golden in "oci 3ee7bd6dedc69c58347ce9917613a423b5ba98535928c3d6330d3d4580d9d214" \
	"tar 8f5d96859b1fd020b0427af99ead17223184eaa3465dedef2ec3d596935668b4" "debs 998d40c61eda8aa381bbda1e48bc9934359565c7becbc5704a826b3e55923868"; do
	check "${golden%% *}: the archive is the same everywhere" sh -c 'sha256sum "$1.cpio" && [ "$(sha256sum <"$1.cpio")" = "$2  -" ]' \
		sh "${golden%% *}" "${golden#* }"
done
check "oci-archive: is oci:" cmp oci.cpio oci-archive.cpio
check "docker-archive: is oci:" cmp oci.cpio docker-archive.cpio
sed '/"path":"run"/d' tar.json >tar.tree
sed '/"path":"run"/d' oci.json >oci.tree
check "tar: is oci: but for the image's config" cmp tar.tree oci.tree

# A folder of which others own parts can be made by root alone; who may read it packs it.
if mkdir tree && echo x >tree/a && chown 7:8 tree/a 2>/dev/null && chmod 4755 tree/a && mknod tree/null c 1 3 2>/dev/null; then
	for who in me user; do
		if able $who; then
			check "dir: packed by $who" packed $who "dir:$TAP_TMP/tree"
		else
			skip "dir: packed by $who" "$unable"
		fi
	done
	[ -z "$ordinary" ] || check "dir: the same bits" diff -r out/me out/user
	check "dir: with owner and mode" grep -qx 'file      4755 7 8 2 rootfs/a' out/user/listed
	check "dir: with devices" grep -qx 'char      0644 0 0 1:3 rootfs/null' out/user/listed
else
	skip "dir: with others' files" "only root makes them"
fi
finish_tap
