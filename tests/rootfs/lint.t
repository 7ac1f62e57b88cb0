#!/bin/sh
# Tests of rootfs lint: every class on a file that is one and on a neighbour that is none; prints TAP.
# Environment: ROOTFS the command, CC a compiler for mktar.c. Never writes outside its own temporary folder.
# shellcheck disable=SC2016 # the inner shells expand, hashes have dollars
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
here=$(cd "$(dirname "$0")" && pwd)
TAP_TMP=$(mktemp -d)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
trap 'rm -rf "$TAP_TMP"' EXIT
cd "$TAP_TMP" || exit 99
umask 022

lint() { "$ROOTFS" lint dir:root; }
fresh() { rm -rf root && mkdir root; }
# put PATH TEXT: a file with that text, escapes of printf included.
put()
{
	mkdir -p "root/$(dirname "$1")"
	printf '%b' "$2" >"root/$1"
}
reported() { lint >found.txt && grep -q "^$1  *$2  *$3: ." found.txt; }
# finds SEVERITY CLASS PATH: one finding of that class, and no other.
finds()
{
	reported "$1" "$2" "$3" && [ "$(grep -c . found.txt)" -eq 2 ]
}
clean() { lint >found.txt && [ "$(cat found.txt)" = "0 high, 0 medium, 0 low" ]; }
# bad SEVERITY CLASS PATH TEXT [NAME]; good PATH TEXT NAME
bad()
{
	fresh && put "$3" "$4"
	check "$2: ${5:-$3}" finds "$1" "$2" "$3"
}
good()
{
	fresh && put "$1" "$2"
	check "nothing: $3" clean
}

fresh
check "an empty root is clean" clean

# --- by place and by name ------------------------------------------------------------------------
bad low log var/log/dpkg.log 'installed\n'
bad low log var/log/apt/history.log 'x'
good var/log/lastlog '' "an empty log"
bad medium cache var/cache/ldconfig/aux-cache 'glibc-ld.so.cache'
bad medium cache var/cache/debconf/config.dat x
bad medium cache var/cache/fontconfig/abc-le64.cache-9 x
good var/cache/nginx/x x "another cache"
bad low package-cache var/lib/apt/lists/archive.example_InRelease x
bad low package-cache var/cache/apk/APKINDEX.1.tar.gz x
bad low backup etc/passwd- 'root:x:0:0::/root:/bin/sh\n'
bad low backup var/lib/dpkg/status-old x
bad high random-seed var/lib/systemd/random-seed x
bad low temporary tmp/x x
bad low temporary var/tmp/deep/x x
bad low history root/.bash_history 'ls\n'
bad high credentials home/me/.netrc 'machine x login y password z\n'
bad high credentials root/.aws/credentials x
good root/aws/credentials x "a name that only ends like one"
bad medium authorized-keys root/.ssh/authorized_keys 'ssh-ed25519 AAAA\n'

# --- identities and accounts ---------------------------------------------------------------------
bad medium machine-id etc/machine-id '0123456789abcdef0123456789abcdef\n'
bad medium machine-id var/lib/dbus/machine-id '0123456789abcdef0123456789abcdef\n'
good etc/machine-id '' "an empty machine-id"
good etc/machine-id 'uninitialized\n' "a machine-id that says it is none"
bad high password etc/shadow 'root:$6$salt$hash::0:99999:7:::\n' "a hash in etc/shadow"
bad high password etc/shadow 'root:!$6$salt$hash::0:99999:7:::\n' "the hash of a locked account"
bad high password etc/shadow 'root:::0:99999:7:::\n' "no password in etc/shadow"
bad high password etc/passwd 'root:x:0:0::/:/bin/sh\nme::1:1::/:/bin/sh\n' "no password in etc/passwd"
bad low password-date etc/shadow 'root:*:19700:0:99999:7:::\n'
good etc/shadow 'root:*::0:99999:7:::\ndaemon:!:0:0:99999:7:::\nme:!!::0:99999:7:::\nyou:!*::0:99999:7:::\n' "locked accounts"
good etc/passwd 'root:x:0:0:root:/root:/bin/bash\nd:*:1:1::/:/bin/false\n' "an ordinary etc/passwd"
good etc/other 'root:$6$salt$hash::0:99999:7:::\n' "such a line in another file"

# --- contents ------------------------------------------------------------------------------------
body='MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v\n'
bad high private-key etc/ssl/private/key.pem "-----BEGIN PRIVATE KEY-----\n$body-----END PRIVATE KEY-----\n"
bad high private-key etc/ssh/ssh_host_ed25519_key "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"
bad high private-key app/server.conf "listen 1\n  x\n-----BEGIN RSA PRIVATE KEY-----\r\n$body" "in the middle of a file, with CR"
bad high private-key app/enc.pem "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n" "an encrypted one"
bad high private-key app/last.pem '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v' "without a last newline"
good etc/ssl/cert.pem "-----BEGIN CERTIFICATE-----\n$body-----END CERTIFICATE-----\n" "a certificate"
good etc/ssl/pub.pem "-----BEGIN PUBLIC KEY-----\n$body-----END PUBLIC KEY-----\n" "a public key"
good usr/lib/libcrypto.so '-----BEGIN RSA PRIVATE KEY-----\000-----BEGIN PRIVATE KEY-----\000\n' "the header in a library"
good usr/share/doc/x '-----BEGIN PRIVATE KEY-----\nyour key goes here\n' "the header in a text"
fresh && mkdir -p root/big && { head -c 65530 /dev/zero | tr '\0' 'a' && printf '\n%b' "-----BEGIN PRIVATE KEY-----\n$body"; } >root/big/x
check "private-key: over the border of two reads" finds high private-key big/x
fresh && mkdir -p root/big && { head -c 300000 /dev/zero && printf '\n%b' "-----BEGIN PRIVATE KEY-----\n$body"; } >root/big/x
check "private-key: behind a line of 300000 bytes" finds high private-key big/x
bad low gzip-time usr/share/man/man1/x.1.gz '\037\213\010\000\001\002\003\004\000\003abc'
good usr/share/man/man1/x.1.gz '\037\213\010\000\000\000\000\000\002\003abc' "gzip -n"
zeros='\000\000\000\000'
bad medium pyc usr/lib/python3/__pycache__/x.cpython-313.pyc "\0363\r\r\n$zeros\001\002\003\004\005\000\000\000code" "Python 3.13, by time"
good usr/lib/python3/__pycache__/x.cpython-313.pyc "\0363\r\r\n$zeros$zeros\005\000\000\000code" "a .pyc of a source with time 0"
good usr/lib/python3/__pycache__/x.cpython-313.pyc "\0363\r\r\n\001\000\000\000\001\002\003\004\005\000\000\000" "a .pyc by hash"
bad medium pyc opt/x.pyc "\003\363\r\n\001\002\003\004code code code" "Python 2.7"
good opt/x.pyc 'short' "a .pyc that is none"
bad high core-dump core '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\004\000\076\000' "an ELF core, little endian"
bad high core-dump var/core.1 '\177ELF\001\002\001\000\000\000\000\000\000\000\000\000\000\004\000\010' "an ELF core, big endian"
good usr/bin/x '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\003\000\076\000' "an ELF program"

# --- modes -----------------------------------------------------------------------------------------
fresh && put usr/bin/su x && chmod 4755 root/usr/bin/su
check "setuid" finds medium setuid usr/bin/su
fresh && put usr/bin/wall x && chmod 2755 root/usr/bin/wall
check "setgid" finds medium setgid usr/bin/wall
fresh && mkdir -p root/var/local && chmod 2775 root/var/local
check "nothing: a setgid folder" clean
fresh && put etc/x x && chmod 666 root/etc/x
check "world-writable: a file" finds high world-writable etc/x
fresh && mkdir -p root/srv && chmod 777 root/srv
check "world-writable: a folder" finds high world-writable srv
fresh && mkdir -p root/tmp && chmod 1777 root/tmp && ln -s tmp root/link && mkfifo root/fifo && chmod 666 root/fifo
check "nothing: a sticky folder, a link, a fifo" clean
fresh && put bin/a x && ln root/bin/a root/bin/b && chmod 4755 root/bin/a
check "hard links are one finding" finds medium setuid bin/a

cap2='\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
if ${CC:-cc} -o mktar -D_GNU_SOURCE "$here/mktar.c" 2>cc.log; then
	printf '%s\n' "pax SCHILY.xattr.security.capability=$cap2" 'entry 0 ping mode=755' 'entry 0 pong mode=755' | ./mktar >cap.tar
	check "capability" sh -c '"$1" lint tar:cap.tar | grep -q "^medium  *capability  *ping: ." && "$1" lint tar:cap.tar | grep -qx "0 high, 1 medium, 0 low"' sh "$ROOTFS"
else
	skip "capability" "there is no compiler: $(head -n 1 cc.log)"
fi

# --- what is printed -------------------------------------------------------------------------------
fresh && put etc/x x && chmod 666 root/etc/x && put var/log/z z && put var/log/a a && put usr/bin/su x && chmod 4755 root/usr/bin/su
check "a sum at the end" sh -c '"$1" lint dir:root | tail -n 1 | grep -qx "1 high, 1 medium, 2 low"' sh "$ROOTFS"
check "findings are sorted by path" sh -c '"$1" lint dir:root | grep : | cut -d: -f1 | while read -r s c p; do echo "$p"; done >p && LC_ALL=C sort -c p' sh "$ROOTFS"
check "JSON" sh -c '"$1" lint dir:root --json | jq -e "(.Findings | length) == 4 and .High == 1 and .Medium == 1 and .Low == 2 and
	.Findings[0] == {severity: \"high\", class: \"world-writable\", path: \"etc/x\", text: .Findings[0].text}"' sh "$ROOTFS"
fails 1 '^rootfs: LINT-HIGH: .*found 1$' "--fail: something high" "$ROOTFS" lint dir:root --fail
check "--fail prints the findings, too" sh -c '"$1" lint dir:root --fail 2>/dev/null | grep -q world-writable' sh "$ROOTFS"
rm root/etc/x
check "--fail: nothing high" "$ROOTFS" lint dir:root --fail
(cd root && tar --format=gnu --owner=0 --group=0 -cf ../root.tar .)
check "a tarball has the same findings" sh -c '"$1" lint dir:root >a && "$1" lint tar:root.tar >b && cmp a b' sh "$ROOTFS"
fresh && put "$(printf 'tmp/\033[31m')" x
check "names cannot act on a terminal" sh -c '"$1" lint dir:root | grep -qF "tmp/\\x1b[31m: "' sh "$ROOTFS"
fresh && put "$(printf 'tmp/\377')" x
check "a name that is no UTF-8, in JSON" sh -c '"$1" lint dir:root --json | jq -e ".Findings[0].path_b64 == \"dG1wL/8=\""' sh "$ROOTFS"
fails 2 'USAGE: ' "no source" "$ROOTFS" lint
fails 4 'ROOTFS-READ: ' "a source that is missing" "$ROOTFS" lint dir:none
finish_tap
