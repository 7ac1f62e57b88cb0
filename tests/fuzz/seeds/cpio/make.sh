#!/bin/sh
# Archives of each kind of entry, and of entries that the kernel passes over or replaces.
set -eu
: "${here:?the folder tests/fuzz}"
# shellcheck source=tests/fuzz/newc.sh
. "$here/newc.sh"

{
	entry 40755 d
	entry 100644 d/file hello
	entry 120777 link d/file
	entry 20600 null
	entry 60600 disk
	entry 10600 fifo
	entry 140600 socket
	entry 0 TRAILER!!!
} >types.cpio
{
	entry 100644 a '' 7 2
	entry 100644 b data 7 2
	entry 100644 c more 7 2
	entry 20600 n '' 8 2
	entry 20600 m '' 8 2
	entry 0 TRAILER!!!
	entry 100644 e '' 7 2
	entry 0 TRAILER!!!
} >links.cpio
{
	entry 100644 a one
	entry 40755 a
	entry 100644 a two
	entry 120777 l .
	entry 100644 l/x three
	entry 100644 missing/x
	entry 40755 l/
	entry 120777 a/ d
	entry 170000 odd
	entry 0 TRAILER!!!
} >odd.cpio
{
	entry 100644 sum abc 0 1 070702 126
	entry 0 TRAILER!!!
} >crc.cpio
