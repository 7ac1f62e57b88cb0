#!/bin/sh
# The demonstration of README.md, its commands as they stand there: the relying party takes the document of the published hello
# and refuses that of a hello altered by one byte. In a copy of this checkout with what was built. Runs on the host.
# shellcheck disable=SC2016 # the inner shells expand
set -u
cd "${0%/*}/.." || exit 4
# shellcheck source=tests/tap.sh
. tests/tap.sh
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP"' EXIT

# The commands below the heading, of the two blocks one after the other.
awk -v folder="$TAP_TMP" '/^## / { on = $0 == "## What it is for"; block = 0; next }
	on && /^    / { if (!inside) block++; inside = 1; print substr($0, 5) >(folder "/commands." block); next }
	{ inside = 0 }' README.md
check "README.md has two blocks of commands" sh -c '[ "$(ls "$1"/commands.* | wc -l)" -eq 2 ]' sh "$TAP_TMP"
there=$TAP_TMP/checkout
mkdir "$there"
# In the order of their making, or make would see what is older than what it was made of.
tar -c -f - --exclude=./.git --exclude=./out/.work --exclude=./out/test --exclude=./out/log . | tar -x -p -f - -C "$there"
mkdir -p "$there/out/.work"
# run BLOCK
run()
(
	cd "$there" && exec env -i PATH="$PATH" HOME="$HOME" ${MINTMARK_CACHE:+MINTMARK_CACHE="$MINTMARK_CACHE"} sh -eu "$TAP_TMP/commands.$1"
)
check "the published hello boots and answers, and is verified" run 1
cp "$TAP_TMP/tap.log" "$TAP_TMP/one"
check "it says that it is ready" grep -q '^hello: ready' "$TAP_TMP/one"
check "the relying party says that it is verified" sh -c 'tail -n 1 "$1" | grep -qx Verified' sh "$TAP_TMP/one"
check "though nobody signed it" grep -q 'warning: nobody signed this document' "$TAP_TMP/one"
fails 1 '^attest: ATTEST-PCR: PCR0: [0-9a-f]{96} expected, found [0-9a-f]{96}' "an altered one is refused" run 2
cp "$TAP_TMP/tap.log" "$TAP_TMP/two"
check "though it runs: one byte of what it says is another" grep -q '^hello: reads' "$TAP_TMP/two"
check "and answered" grep -q 'run: the whole document has [1-9]' "$TAP_TMP/two"
check "one byte of its source was altered" sh -c '[ "$(cmp -l "$1" "$2" | wc -l)" -eq 1 ]' sh recipes/hello/hello.c \
	"$TAP_TMP/altered/hello/hello.c"
finish_tap
