#!/bin/sh
# The same few bytes in every form, and in forms behind each other.
set -eu

text='mintmark mintmark mintmark mintmark'
printf '%s' "$text" >plain
: >empty
gzip -nc <plain >text.gz
gzip -nc1 <plain >fast.gz
gzip -nc </dev/null >nothing.gz
cat text.gz nothing.gz fast.gz >members.gz
# Blocks that are stored, and a header with every optional field.
printf '\037\213\010\0\0\0\0\0\0\377\001\002\0\375\377ab\155\110\203\236\002\0\0\0' >stored.gz
# A set of codes for distances that zlib finds incomplete, and ISA-L does not.
printf '\037\213\010\0\0\0\0\0\0\377\0\002\0\375\377ab\005\300\201\0\0\0\0\200\240\374\251\073\155\110\203\236\002\0\0\0' >codes.gz
printf '\037\213\010\036\0\0\0\0\0\377\002\0xyname\0comment\0' >fields.gz
cat text.gz plain >trailing.gz
zstd -qc <plain >text.zst
zstd -qc --no-check <plain >nocheck.zst
xz -c <plain >text.xz
xz -c --check=none <plain >nocheck.xz
bzip2 -c <plain >text.bz2
gzip -nc <text.xz >twice.gz
cat text.zst text.zst >twice.zst
head -c 100000 /dev/zero | gzip -nc >zeros.gz
head -c 100000 /dev/zero | zstd -qc >zeros.zst
