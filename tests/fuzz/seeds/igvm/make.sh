#!/bin/sh
# IGVM images of few pages, made by the shell writer of the corpus.
set -eu
: "${here:?the folder tests/fuzz}"

target=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/cca/igvm.sh
. "$here/../cca/igvm.sh"
cd "$work"
make_parts
first_elements
assemble least.igvm
change page 24 02000000
damage elements 'platform policy memory page zero context'
assemble unmeasured.igvm
first_elements
damage change 'slot 12 @2______08000000'
damage more 8
assemble document.igvm
cp least.igvm unmeasured.igvm document.igvm "$target"
