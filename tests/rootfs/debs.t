#!/bin/sh
# Tests of roots made of Debian packages (debs:), with packages made here by tar and ar; prints TAP.
# Environment: ROOTFS the command; PACKAGES, when run by hand, a folder of real packages by sha256, and LOCK
# a lock file of some. Never writes outside its own temporary folder; an ordinary user can run it.
# shellcheck disable=SC2016 # the inner shells expand
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
here=$(cd "$(dirname "$0")" && pwd)
TAP_TMP=$(mktemp -d)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
trap 'rm -rf "$TAP_TMP"' EXIT
cd "$TAP_TMP" || exit 99
umask 022
unset LC_ALL TZ

# pin FILE: puts it into the cache, prints its line of a lock file.
pin()
{
	pin_sha=$(sha256sum <"$1")
	cp "$1" "cache/${pin_sha%% *}"
	echo "${pin_sha%% *} $(wc -c <"$1" | tr -d ' ') pool/main/${1##*/}"
}
tar_of() { tar --format=gnu --owner=0 --group=0 --sort=name --mtime=@1000000000 -C "$1" -c .; }
squeeze()
{
	case $1 in
	'') cat ;;
	.gz) gzip -n ;;
	.xz) xz ;;
	.zst) zstd -q -c ;;
	esac
}
# deb NAME VERSION ARCHITECTURE [ENDING]: NAME.deb out of the folder NAME, and its line in the lock file lock.
# The folder NAME.control, if there is one, goes into control.tar, too.
deb()
{
	mkdir -p "$1.control" "$1"
	printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: A B <a@b.example>\nDescription: %s\n more\n' \
		"$1" "$2" "$3" "$1" >"$1.control/control"
	echo 2.0 >debian-binary
	tar_of "$1.control" | squeeze "${4:-}" >"control.tar${4:-}"
	tar_of "$1" | squeeze "${4:-}" >"data.tar${4:-}"
	rm -f "$1_$2_$3.deb"
	ar rcD "$1_$2_$3.deb" debian-binary "control.tar${4:-}" "data.tar${4:-}" 2>/dev/null
	pin "$1_$2_$3.deb" >>lock
}
fresh() { rm -rf ./*; mkdir cache; : >lock; }
rootfs() { "$ROOTFS" "$@"; }
pack() { rootfs pack "debs:${1:-lock}" --packages cache -o out.cpio; }
listed() { pack "${2:-lock}" && rootfs list out.cpio | tee list | grep -qxE -- "$1"; }
digest() { rootfs describe "debs:${1:-lock}" --packages cache --json | jq -r .TreeDigest; }

# --- what becomes of packages ----------------------------------------------------------------
fresh
mkdir -p base-files/usr/bin base-files/usr/lib base-files/etc base-files/usr/share/libc-bin
ln -s usr/bin base-files/bin
ln -s usr/lib base-files/lib
printf 'passwd: files\n' >base-files/usr/share/libc-bin/nsswitch.conf
mkdir -p tool/lib tool/bin tool/usr/share/doc tool.control one/usr/share/doc other/etc
echo program >tool/bin/tool && chmod 4755 tool/bin/tool
echo library >tool/lib/libtool.so
mkdir -p tool/usr/lib && echo linked >tool/usr/lib/liblink.so
ln tool/usr/lib/liblink.so tool/usr/lib/liblink.so.1
printf '#!/bin/sh\ntouch /scripts-ran\n' >tool.control/postinst
echo 'd41d8cd98f00b204e9800998ecf8427e  bin/tool' >tool.control/md5sums
echo 1 >one/usr/share/doc/one && echo x >other/etc/other.conf
deb tool 1:1.0-1+b2 amd64 .xz
deb one 1 all .zst
deb other 2 amd64 .gz
deb base-files 13 amd64
check "base-files comes first: a directory over its link to a directory keeps the link" \
	listed 'symlink   0777 0 0 7 bin -> usr/bin'
check "files behind a link lie where it leads" grep -qx 'file      4755 0 0 8 usr/bin/tool' list
check "hard links of a package stay together" grep -qE 'usr/lib/liblink.so.1 == usr/lib/liblink.so$' list
check "no script of a package runs, and none is in the tree" sh -c '! grep -E "scripts-ran|postinst" list'
check "each package leaves its control file" grep -qE ' var/lib/dpkg/status.d/tool$' list
check "and md5sums when it has some" sh -c '
	grep -qE " var/lib/dpkg/status.d/tool.md5sums$" list && ! grep -q status.d/one.md5sums list'
check "the default for nsswitch.conf is copied" grep -qE ' 14 etc/nsswitch.conf$' list
check "plain, gzip, xz and zstd packages are read" sh -c '
	grep -q " etc/other.conf$" list && grep -q usr/share/doc/one list'

sort lock >sorted
first=$(digest)
check "the tree digest does not depend on the order of packages that share nothing" [ "${first:-none}" = "$(digest sorted)" ]
{ echo '# a comment'; echo; cat lock; } >commented
check "comments and empty lines of a lock file say nothing" [ "${first:-none}" = "$(digest commented)" ]
check "packages agree with a platform" rootfs describe debs:lock --packages cache --platform linux/amd64
fails 3 'DEBS-ARCHITECTURE: .*arm64 or all expected, found amd64' "packages for another platform are refused" \
	rootfs describe debs:lock --packages cache --platform linux/arm64
fails 2 'DEBS-ARCHITECTURE: ' "a platform that Debian does not have is refused" \
	rootfs describe debs:lock --packages cache --platform windows/amd64

fresh
mkdir -p base-passwd/usr/share/base-passwd
echo 'root:*:0:0:root:/root:/bin/bash' >base-passwd/usr/share/base-passwd/passwd.master
echo 'root:*:0:' >base-passwd/usr/share/base-passwd/group.master
deb base-passwd 3 amd64
check "base-passwd's masters become etc/passwd" listed 'file      0644 0 0 32 etc/passwd'
check "and etc/group" grep -qx 'file      0644 0 0 10 etc/group' list
mkdir -p users/etc && echo 'me:x:1:1::/:/bin/sh' >users/etc/passwd
deb users 1 all
check "a package's own etc/passwd stays" listed 'file      0644 0 0 20 etc/passwd'

# --- conflicts -------------------------------------------------------------------------------
fresh
mkdir -p a/usr b/usr && echo a >a/usr/x && echo b >b/usr/x
deb a1 1 all && rm lock && cp -r a a2 && cp -r b b2 && deb a2 1 all && deb b2 1 all
fails 3 'LAYER-CONFLICT: debs:lock: b2_1_all.deb: entry ./usr/x: .*a2_1_all.deb' \
	"two packages with one file are refused; both are named" pack
fresh
mkdir -p aa/usr/x bb/usr && echo f >bb/usr/x
deb aa 1 all && deb bb 1 all
fails 3 'LAYER-CONFLICT: .*bb_1_all.deb.*aa_1_all.deb' "a file over a directory is refused" pack
fresh
mkdir -p aa/usr bb/usr/x && echo f >aa/usr/x
deb aa 1 all && deb bb 1 all
fails 3 'LAYER-CONFLICT: .*bb_1_all.deb.*aa_1_all.deb' "a directory over a file is refused" pack
fresh
mkdir -p aa/usr bb/usr/x && ln -s nowhere aa/usr/x
deb aa 1 all && deb bb 1 all
fails 3 'LAYER-CONFLICT: ' "a directory over a dangling link is refused" pack
fresh
mkdir -p aa/usr/lib bb && ln -s usr/lib bb/lib && ln -s usr/lib aa/lib
deb aa 1 all && deb bb 1 all
fails 3 'LAYER-CONFLICT: ' "the same link twice is refused, too" pack
fresh
mkdir -p aa/usr bb/usr && echo same >aa/usr/x && cp aa/usr/x bb/usr/x
deb aa 1 all && cp lock aa.lock && deb bb 1 all
fails 3 'LAYER-CONFLICT: ' "equal files are refused like others" pack
cat aa.lock aa.lock >lock
fails 3 'LAYER-CONFLICT: ' "one package twice is refused" pack
fresh
mkdir -p aa bb && deb aa 1 amd64 && deb bb 1 arm64
fails 3 'DEBS-ARCHITECTURE: .*bb_1_arm64.deb: .*amd64 or all expected, found arm64' \
	"packages for two architectures are refused" pack
fresh
mkdir -p aa/var/lib/dpkg/status.d && echo 'Package: fake' >aa/var/lib/dpkg/status.d/aa
deb aa 1 all
fails 3 'LAYER-CONFLICT: .*status.d/aa' "a package cannot bring its own record" pack
fresh
mkdir -p aa/etc bb/var/lib/dpkg/status.d && echo x >aa/etc/x && echo 'Package: fake' >bb/var/lib/dpkg/status.d/aa
deb aa 1 all && deb bb 1 all
fails 3 'LAYER-CONFLICT: .*bb_1_all.deb.*aa_1_all.deb' "nor can it change another's" pack
fresh
mkdir -p aa/var/lib && ln -s /tmp aa/var/lib/dpkg && deb aa 1 all
fails 3 'LAYER-CONFLICT: .*a directory expected' "records do not go through links" pack
fresh
mkdir -p aa/etc over/etc && echo x >aa/etc/x && echo yy >over/etc/x && deb aa 1 all
check "another source over packages is laid over them as over anything" sh -c '
	"$1" pack debs:lock dir:over --packages cache --prefix rootfs -o out.cpio && "$1" list out.cpio >list && grep -q " 3 rootfs/etc/x$" list' sh "$ROOTFS"
over() { rootfs pack dir:over debs:lock --packages cache --owner-root -o out.cpio && rootfs list out.cpio >laid; }
rm -rf over && mkdir -p over/etc/y over/opt/x over/usr/share/base-passwd over/var/lib/dpkg/status.d over/srv
echo yy >over/etc/x && echo f >over/etc/y/f && ln -s opt over/links && echo 'Package: old' >over/var/lib/dpkg/status.d/aa
echo 'root:*:0:0::/:' >over/usr/share/base-passwd/passwd.master && echo s >over/srv/kept
echo folder >aa/etc/y && mkdir aa/links && echo l >aa/links/l && rm -f lock && : >lock && deb aa 1 all
check "packages are laid over another source" over
check "a file replaces the other source's" grep -qx 'file      0644 0 0 2 etc/x' laid
check "and its folder" sh -c 'grep -qx "file      0644 0 0 7 etc/y" laid && ! grep -q etc/y/ laid'
check "a folder replaces its link" grep -qx 'file      0644 0 0 2 links/l' laid
check "a record replaces its record" sh -c 'grep " var/lib/dpkg/status.d/aa$" laid | grep -vq " 13 "'
check "what no package has stays" grep -qx 'file      0644 0 0 2 srv/kept' laid
check "its passwd.master is copied like a package's" grep -qx 'file      0644 0 0 15 etc/passwd' laid
mkdir -p bb/etc && echo z >bb/etc/x && deb bb 1 all
fails 3 'LAYER-CONFLICT: .*bb_1_all.deb: entry ./etc/x: .*aa_1_all.deb' "two packages over another source are in conflict all the same" over
fresh
mkdir -p aa/opt bb && echo x >aa/opt/x && echo f >bb/opt && deb aa 1 all
tar --owner=0 --group=0 -C aa -cf data.tar ./opt/x && ar rcD implied.deb debian-binary control.tar data.tar 2>/dev/null
pin implied.deb >lock && deb bb 1 all
fails 3 "LAYER-CONFLICT: .*bb_1_all.deb: entry ./opt: .*another package's files" \
	"a file over a folder that a package only implies is refused" pack
fresh
mkdir -p aa/etc bb/var/lib/dpkg && echo x >aa/etc/x && echo x >bb/var/lib/dpkg/status.d && deb aa 1 all && deb bb 1 all
fails 3 "LAYER-CONFLICT: .*bb_1_all.deb: entry ./var/lib/dpkg/status.d: .*another package's files" \
	"a file over the records of other packages is refused" pack

# --- lock files ------------------------------------------------------------------------------
fresh
mkdir -p aa/etc && echo x >aa/etc/x && deb aa 1 all
read -r sha size path <lock
locks() { # LINE NAME: a lock file of that line
	printf '%s\n' "$1" >bad
	fails 3 "$2" "a lock file: $3" pack bad
}
locks "$sha $size" 'DEBS-LOCK: .*line 1' "two fields"
locks "$sha $size $path x" 'DEBS-LOCK' "four fields"
locks "${sha%?} $size $path" 'DEBS-LOCK' "a digest that is too short"
locks "$(echo "$sha" | tr a-f A-F)A $size $path" 'DEBS-LOCK' "upper case"
locks "../../../../../../../../../../../../../../../../../../../../../../x $size $path" 'DEBS-LOCK' "a path as digest"
locks "$sha -$size $path" 'DEBS-LOCK' "a negative size"
locks "$sha 99999999999999999999999 $path" 'DEBS-LOCK' "a size beyond 64 bits"
locks "$sha $size pool/../x.deb" 'DEBS-LOCK' "a path that climbs"
locks "$sha $size pool/x.tar.gz" 'DEBS-LOCK' "no package"
locks "# nothing" 'DEBS-LOCK: .*found none' "no line at all"
locks "$sha $((size + 1)) $path" "DEBS-SIZE: .*aa_1_all.deb: a file of $((size + 1)) bytes expected, found $size" "another size"
printf 'x' | dd of="cache/$sha" bs=1 seek=$((size - 600)) conv=notrunc 2>/dev/null
fails 3 'DEBS-DIGEST: .*aa_1_all.deb: sha256 [0-9a-f]{64} expected, found' "a package that was changed is refused" pack
rm "cache/$sha"
fails 4 "DEBS-MISSING: .*aa_1_all.deb: cache/$sha" "a package that is missing is named" pack
ln -s /dev/zero "cache/$sha"
fails 4 'ROOTFS-READ: .*a regular file expected' "a device as package is refused" pack
fails 2 'DEBS-PACKAGES: ' "a folder of packages must be named" rootfs pack debs:lock -o out.cpio
fails 4 'FILE-OPEN: ' "a lock file that is missing" pack none
printf 'a\000b\n' >bad
fails 3 'DEBS-LOCK: .*NUL' "a lock file with a NUL byte" pack bad

# --- the archive of a package ------------------------------------------------------------------
fresh
mkdir -p aa/etc && echo x >aa/etc/x && deb aa 1 all .xz
mv aa_1_all.deb good.deb
size=$(wc -c <good.deb | tr -d ' ')
broken() { # NAME REGEX: bad.deb must be refused like that
	pin bad.deb >lock
	fails 3 "$2" "a package: $1" pack
}
patch() { # OFFSET TEXT: bad.deb is good.deb with TEXT at OFFSET
	cp good.deb bad.deb
	printf '%b' "$2" | dd of=bad.deb bs=1 seek="$1" conv=notrunc 2>/dev/null
}
assemble() { rm -f bad.deb; ar rcD bad.deb "$@" 2>/dev/null; }
cp good.deb bad.deb && pin bad.deb >lock
check "the package that is broken below is sound" pack
: >bad.deb && broken "empty" 'DEBS-FORMAT: .*ar archive'
printf '!<arch>\n' >bad.deb && broken "no member" 'DEBS-FORMAT: '
patch 0 '!<arcX>\n' && broken "another magic number" 'DEBS-FORMAT: .*offset 0: an ar archive'
patch 8 'x' && broken "another first member" 'DEBS-FORMAT: .*offset 8: the member debian-binary'
patch 66 'xx' && broken "a header without its end" 'DEBS-FORMAT: .*offset 8: the header'
patch 68 '2.1\n' && broken "version 2.1" 'DEBS-FORMAT: .*version 2.0'
patch 56 '-4' && broken "a negative size of a member" 'DEBS-FORMAT: .*header'
patch 120 '99999999  ' && broken "a member that is longer than the file" 'DEBS-FORMAT: .*offset 72: .*inside the file'
patch 56 '    ' && broken "a size of spaces" 'DEBS-FORMAT: .*header'
dd if=good.deb of=bad.deb bs=1 count=$((size - 1)) 2>/dev/null && broken "cut off" 'DEBS-FORMAT: |TAR-'
dd if=good.deb of=bad.deb bs=1 count=100 2>/dev/null && broken "cut off in a header" 'DEBS-FORMAT: '
{ cat good.deb && printf x; } >bad.deb && broken "a byte behind the end" 'DEBS-FORMAT: .*(the end|inside|header|padding)'
assemble debian-binary data.tar.xz control.tar.xz && broken "members in another order" 'DEBS-FORMAT: .*control.tar'
assemble debian-binary control.tar.xz && broken "no data" 'DEBS-FORMAT: '
echo x >_extra && assemble debian-binary control.tar.xz data.tar.xz _extra && broken "a member too many" 'DEBS-FORMAT: .*the end'
assemble debian-binary control.tar.xz _extra data.tar.xz && broken "a member between" 'DEBS-FORMAT: .*data.tar'
cp data.tar.xz data.tar.gz && assemble debian-binary control.tar.xz data.tar.gz && broken "another compression than it says" 'DEBS-FORMAT: .*as its bytes are'
cp data.tar.xz data.tar && assemble debian-binary control.tar.xz data.tar && broken "compressed, but called plain" 'DEBS-FORMAT: '
tar_of aa | bzip2 >data.tar.bz2 2>/dev/null || printf 'BZh9' >data.tar.bz2
assemble debian-binary control.tar.xz data.tar.bz2 && broken "bzip2, which dpkg has given up" 'DEBS-FORMAT: '
tar_of aa >data.tar && dd if=data.tar of=short bs=512 count=2 2>/dev/null && mv short data.tar
assemble debian-binary control.tar.xz data.tar && broken "files that end early" 'TAR-'
control() { # TEXT: bad.deb with that control file
	rm -rf c && mkdir c && printf '%b' "$1" >c/control
	tar_of c >control.tar
	assemble debian-binary control.tar data.tar.xz
}
tar_of aa | xz >data.tar.xz
control 'Package: aa\nVersion: 1\n' && broken "no architecture" 'DEBS-CONTROL: .*bad.deb'
control 'Package: ../../etc/x\nVersion: 1\nArchitecture: all\n' && broken "a name that is a path" 'DEBS-CONTROL: '
control 'Package: A\nVersion: 1\nArchitecture: all\n' && broken "a name in upper case" 'DEBS-CONTROL: '
control 'Package: aa.md5sums\nVersion: 1\nArchitecture: all\n' && broken "the name of another's md5sums" 'DEBS-CONTROL: '
control 'nothing at all\n' && broken "no field in control" 'PACKAGES-FORMAT: '
control 'Package: aa\nPackage: bb\nVersion: 1\nArchitecture: all\n' && broken "a field twice" 'PACKAGES-FORMAT: '
control 'Package: aa\nVersion: 1\nArchitecture: all\n\nPackage: bb\nVersion: 1\nArchitecture: all\n' &&
	broken "two records" 'DEBS-CONTROL: '
control '' && broken "an empty control file" 'DEBS-CONTROL: '
rm -rf c && mkdir c && tar_of c >control.tar && assemble debian-binary control.tar data.tar.xz &&
	broken "no control file" 'DEBS-CONTROL: .*found none'
rm -rf evil && mkdir evil && echo x >evil/x
tar --format=gnu --transform 's,^\./x$,../x,' -P -C evil -cf data.tar ./x
tar_of aa.control >control.tar
assemble debian-binary control.tar data.tar && broken "a path that climbs" 'ROOTFS-PATH: .*bad.deb: entry'

# --- real packages, when there are some at hand --------------------------------------------------
if [ -n "${LOCK:-}" ] && [ -n "${PACKAGES:-}" ]; then
	check "real packages" rootfs pack "debs:$LOCK" --packages "$PACKAGES" -o real.cpio
	rootfs list real.cpio >real.list
	grep -c '\.deb$' "$LOCK" >want
	grep ' var/lib/dpkg/status.d/' real.list | grep -vc '\.md5sums$' >got
	check "each of them left a record" cmp want got
else
	skip "real packages" "LOCK and PACKAGES are not set"
fi
finish_tap
