#!/bin/sh
# Recomputes the tree digest of a folder with find, sort, stat and sha256sum only, as
# docs/rootfs.md defines it. Never uses anything of ours.
# usage: treedigest.sh DIRECTORY [--owner-root]
set -eu
LC_ALL=C
export LC_ALL
OWNER_ROOT=${2:-}
export OWNER_ROOT
cd -- "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/links"
export work

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
printf "\0-\0%s\0" "$path"
' sh | sha256sum | cut -d' ' -f1
