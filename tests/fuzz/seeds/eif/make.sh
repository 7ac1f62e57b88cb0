#!/bin/sh
# Images of both architectures, with one and with several ramdisks, made by the shell writer of the golden tests.
set -eu
: "${here:?the folder tests/fuzz}"

# bytes.sh has a writer of the format; its scratch files are ours.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=$PWD
FILL=none
# shellcheck source=tests/eif/bytes.sh
. "$here/../eif/bytes.sh"
cd "$work"
printf 'kernel' >kernel
printf 'console=ttyS0' >cmdline
printf 'disk' >disk
cp "$here/seeds/eif/metadata.json" metadata
assemble least.eif 0 1 kernel 2 cmdline 5 metadata 3 disk
assemble most.eif 1 1 kernel 5 metadata 2 cmdline 3 disk 3 disk 3 cmdline
signature_of "$here/seeds/signature/certificate.pem" >signature
assemble signed.eif 0 1 kernel 2 cmdline 5 metadata 3 disk 4 signature
cp ./*.eif "$target"
