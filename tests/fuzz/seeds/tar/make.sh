#!/bin/sh
# Tarballs of each kind of entry, of each way to say something, and of entries that meet.
set -eu
: "${here:?the folder tests/fuzz}"

mktar >types.tar <<'EOF'
entry 5 ./ mode=755
entry 5 d/ mode=1777
entry 0 d/file data=hello uid=70000 gid=70001
entry - old data=x magic=old
entry 1 hard link=d/file
entry 2 soft link=d
entry 3 null major=1 minor=3
entry 4 disk major=8 minor=1
entry 6 fifo
EOF
mktar >pax.tar <<'EOF'
global comment=nothing
pax path=long/name mtime=1.5 size=4
entry 0 x size=4 data=data
pax linkpath=long/name uid=4000000000
entry 1 y link=z
pax SCHILY.xattr.security.selinux=label
entry 0 z
EOF
mktar >gnu.tar <<'EOF'
long L g/a*200
entry 0 g data=x magic=gnu
long K g
entry 2 l link=g magic=gnu
EOF
mktar >meet.tar <<'EOF'
entry 5 usr/lib
entry 2 lib link=usr/lib
entry 0 lib/x data=1
entry 0 usr/lib/x data=2
entry 0 a data=3
entry 5 a
entry 0 a/b/c data=4
entry 2 a/b link=..
entry 1 a/d link=usr/lib/x
entry 0 a
EOF
mktar >whiteouts.tar <<'EOF'
entry 0 a/x data=1
entry 0 a/.wh.x
entry 0 a/.wh..wh..opq
entry 0 .wh.a
EOF
mktar >attributes.tar <<'EOF'
pax SCHILY.xattr.security.capability=\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00
entry 0 ping data=x mode=755
EOF
mktar >sparse.tar <<'EOF'
pax GNU.sparse.major=1 GNU.sparse.minor=0 GNU.sparse.name=s GNU.sparse.realsize=1000000
entry 0 GNUSparseFile.0/s data=1\n
entry S old magic=gnu
EOF
gzip -n <types.tar >types.tar.gz

# The layers of the corpus of hostile and odd images, those that are small.
cases=$here/../rootfs/cases
[ -d "$cases" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v out="$work" -f "$cases/split.awk" "$cases"/*.cases >/dev/null
for spec in "$work"/*/layer*.spec; do
	name=$(basename "${spec%/*}").$(basename "$spec" .spec).tar
	if ! mktar <"$spec" >"$name" 2>/dev/null || [ "$(wc -c <"$name")" -gt 16384 ]; then
		rm "$name"
	fi
done
