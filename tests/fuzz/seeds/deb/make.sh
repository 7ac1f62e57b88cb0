#!/bin/sh
# A package with everything that is looked at, plain and compressed.
set -eu

target=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf '2.0\n' >debian-binary
mktar >control.tar <<'EOF'
entry 5 ./
entry 0 ./control data=Package:\sabc\nVersion:\s1-2\nArchitecture:\sall\nMaintainer:\sx\nDescription:\sy\n
entry 0 ./md5sums data=d41d8cd98f00b204e9800998ecf8427e\s\susr/bin/x\n
entry 0 ./postinst data=#!/bin/sh\n
EOF
mktar >data.tar <<'EOF'
entry 5 ./
entry 5 ./usr/
entry 5 ./usr/bin/
entry 0 ./usr/bin/x mode=755
entry 2 ./bin link=usr/bin
entry 1 ./usr/bin/y link=./usr/bin/x
EOF
ar rcD plain.deb debian-binary control.tar data.tar
gzip -nk control.tar
xz -k data.tar
ar rcD packed.deb debian-binary control.tar.gz data.tar.xz
cp plain.deb packed.deb "$target/"
