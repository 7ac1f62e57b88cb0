#!/bin/sh
# Recomputes the tree digest of a folder with find, sort, stat and sha256sum, as docs/rootfs.md
# defines it; extended attributes are seen where there is a python3. Never uses anything of ours.
# usage: treedigest.sh DIRECTORY [--owner-root]
set -eu
LC_ALL=C
export LC_ALL
OWNER_ROOT=${2:-}
export OWNER_ROOT
cd -- "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/links" "$work/xattrs"
export work
# One file for each inode that has capabilities, called as stat shows it.
if command -v python3 >/dev/null; then
	python3 -c '
import os
for folder, folders, files in os.walk(b"."):
    for name in files:
        path = os.path.join(folder, name)
        st = os.lstat(path)
        if "security.capability" not in os.listxattr(path, follow_symlinks=False):
            continue
        value = os.getxattr(path, "security.capability", follow_symlinks=False).hex()
        with open("%s/xattrs/%d-%d" % (os.environ["work"], st.st_dev, st.st_ino), "w") as f:
            f.write("security.capability=" + value)
'
fi

# shellcheck disable=SC2016 # expanded by the inner shell
find . -mindepth 1 -printf '%P\0' | sort -z | xargs -0 -r -n1 sh -c '
set -eu
path=$1
# One call, so that no name can look like an option or lose its last newline.
set -- $(stat -c "%a %u %g %s %Hr:%Lr %h %d-%i %f" -- "./$path")
mode=$(printf %04o "0$1") uid=$2 gid=$3 size=$4 rdev=$5 names=$6 inode=$7
if [ -n "$OWNER_ROOT" ]; then uid=0 gid=0; fi
raw=$8
kind= content=-
case $raw in
8???) kind=file content=$(sha256sum <"./$path") content=${content%% *} rdev=- ;;
4???) kind=directory size=0 rdev=- ;;
a???) kind=symlink rdev=- ;;
2???) kind=char size=0 ;;
6???) kind=block size=0 ;;
1???) kind=fifo size=0 rdev=- ;;
esac
first=
if [ "$kind" != directory ] && [ "$kind" != symlink ] && [ "$names" -gt 1 ]; then
	if [ -e "$work/links/$inode" ]; then
		kind=hardlink
		first=$work/links/$inode
	else
		printf %s "$path" >"$work/links/$inode"
	fi
fi
printf "%s\0%s\0%s\0%s\0%s\0%s\0" "$kind" "$mode" "$uid" "$gid" "$size" "$rdev"
case $kind in
symlink) readlink -n -- "./$path" ;;
hardlink) cat "$first" ;;
*) printf %s "$content" ;;
esac
xattrs=-
if [ -e "$work/xattrs/$inode" ]; then xattrs=$(cat "$work/xattrs/$inode"); fi
printf "\0%s\0%s\0" "$xattrs" "$path"
' sh | sha256sum | cut -d' ' -f1
