#!/bin/sh
# Databases as Debian, Alpine and images without a shell have them.
set -eu

dpkg='Package: libc6
Status: install ok installed
Maintainer: GNU Libc <glibc@debian.org>
Architecture: amd64
Multi-Arch: same
Source: glibc (2.41-12)
Version: 2.41-12+deb13u1
Description: C library
 goes on
 .

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1:1.0~rc1-1
'
apk='C:Q1abcdefghijklmnopqrstuvwxyz=
P:musl
V:1.2.5-r9
A:x86_64
L:MIT
o:musl
m:A <a@b>
F:lib
R:ld-musl-x86_64.so.1

'
release='ID=debian
VERSION_ID="13"
PRETTY_NAME='"'Debian \"x\"'"'
'
printf '%s\0%s\0%s' "$dpkg" "$apk" "$release" >both
printf '%s\0\0%s' "$dpkg" "$release" >dpkg
printf '\0%s\0ID=alpine\n' "$apk" >apk
