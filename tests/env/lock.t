#!/bin/sh
# make lock under attack: the archive's real signed indexes, as the repository keeps them, served altered,
# outdated, under another name, or with other contents behind them. Runs in the test environment, without
# network; the archive's keys come from a pinned package. Call: lock.t [ENV_FOLDER]
set -u
. "${0%/*}/../tap.sh"
env=${1:-/mint/in/env}
evidence=/mint/in/tree/recipes/archive
TAP_TMP=$(mktemp -d)
cd "$TAP_TMP" || exit 4
export MIRROR="file:$TAP_TMP/archive" APT_CONFIG_DIR="$TAP_TMP/none" MINTMARK_ARCHIVE="$TAP_TMP/kept"
for KEYRING in /usr/share/keyrings/debian-archive-keyring.pgp /usr/share/keyrings/debian-archive-keyring.gpg; do
	[ ! -f "$KEYRING" ] || break
done
export KEYRING
mkdir -p archive/dists/trixie archive/dists/sid kept indexes
cp "$evidence/keys" kept/
served=archive/dists/trixie/InRelease

serve()
{
	cp "$evidence/trixie.InRelease" $served
	cp "$evidence/trixie.InRelease" "$evidence/keys" kept/
}
serve
fails 4 'LOCK-FETCH: dists file dists/trixie/main/binary-amd64/by-hash/SHA256/[0-9a-f]{64}: found at no mirror' \
	"the kept InRelease is good, and names its index by sha256" "$env/indexes" indexes trixie
hash=$(sed -n 's,.*by-hash/SHA256/\([0-9a-f]*\):.*,\1,p' tap.log)
mkdir -p archive/dists/trixie/main/binary-amd64/by-hash/SHA256
echo "Package: evil" | gzip >"archive/dists/trixie/main/binary-amd64/by-hash/SHA256/$hash"
fails 3 "LOCK-HASH: trixie main/binary-amd64/Packages.gz: expected sha256 $hash, found " \
	"an index with other contents" "$env/indexes" indexes trixie
sed -i 's/^Version: 13/Version: 14/' $served
fails 3 'LOCK-SIGNATURE: trixie: a good signature' "an altered InRelease" "$env/indexes" indexes trixie
sed '1,/^-----BEGIN PGP SIGNATURE/!d' "$evidence/trixie.InRelease" >$served
fails 3 'LOCK-SIGNATURE' "an InRelease without its signature" "$env/indexes" indexes trixie
echo "Origin: Debian" >$served
fails 3 'LOCK-SIGNATURE' "an InRelease that was never signed" "$env/indexes" indexes trixie
serve
sed -i '/^[0-9A-F]/d' kept/keys
fails 3 'LOCK-SIGNER: trixie: a signature by a key of recipes/archive/keys' "a good signature by a key that we did not name" \
	"$env/indexes" indexes trixie
serve
cp "$evidence/sid.InRelease" $served
fails 3 'LOCK-SUITE: trixie: its own InRelease expected, found one of sid' "another suite's InRelease" "$env/indexes" indexes trixie
serve
cp "$evidence/sid.InRelease" kept/trixie.InRelease
fails 3 'LOCK-ROLLBACK: trixie: an index of [0-9TZ]* or later expected' "an InRelease older than the one used last" \
	"$env/indexes" indexes trixie

# Which tarball a line of want means, of an index with three versions.
mkdir suites
for version in 7.2.8 7.2.13 6.12.107; do
	printf 'Package: linux\nDirectory: pool/main/l/linux\nChecksums-Sha256:\n %064d 7 linux_%s.orig.tar.xz\n\n' 1 $version
done >suites/sid.Sources
resolve()
{
	echo "$1" >want
	awk -v dir=suites -f "$env/resolve.awk" want
}
check "a source without a version is the newest" [ "$(resolve 'source sid linux orig')" = \
	"$(printf '%064d 7 pool/main/l/linux/linux_7.2.13.orig.tar.xz' 1)" ]
check "with a version it is that one" [ "$(resolve 'source sid linux orig 7.2.8')" = \
	"$(printf '%064d 7 pool/main/l/linux/linux_7.2.8.orig.tar.xz' 1)" ]
fails 3 'LOCK-WANT: want line 1: source "linux" with an orig tarball of 7.2 expected in sid, found none' \
	"half a version is none" resolve 'source sid linux orig 7.2'
finish_tap
