#!/bin/sh
# Sources of an image's Debian packages: env/sources.awk finds them in made-up indexes, or says what is missing; sources.lock of
# each recipe here covers its pins.lock and is what the archive's index says; env/sources collects them from a made-up
# archive. Runs on the host, from the top of the checkout; works in a temporary folder, without network.
# shellcheck disable=SC2016 # the inner shells and awk expand
set -u
. tests/tap.sh
. env/say.sh
unset MINTMARK_RUN MAKEFLAGS MFLAGS MAKELEVEL BUNDLE SNAPSHOT
export LC_ALL=C
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP"' EXIT
trap 'exit 130' INT TERM HUP
cd "$TAP_TMP" || exit 4
top=$OLDPWD

# Indexes of made-up packages: one built from a source of its name, one rebuilt from another's, one with something built in.
mkdir archive archive/pool indexes
# file NAME: a file of the archive; its line as a lock has it.
file()
{
	echo "this is $1" >"archive/pool/$1"
	sum=$(sha256sum <"archive/pool/$1")
	printf '%s %s pool/%s\n' "${sum%% *}" "$(wc -c <"archive/pool/$1")" "$1"
}
# stanza NAME VERSION FILE...: of a source package.
stanza()
{
	printf 'Package: %s\nVersion: %s\nFiles:\n 0123 9 no-sha256\nChecksums-Sha256:\n' "$1" "$2"
	shift 2
	for f; do
		file "$f" | awk '{ sub(/.*\//, "", $3); print " " $1, $2, $3 }'
	done
	printf 'Directory: pool\n\n'
}
{
	stanza alone 1.0-1 alone_1.0-1.dsc alone_1.0.tar.xz
	stanza other 1:2.0-3 other_2.0-3.dsc other_2.0.orig.tar.gz other_2.0.orig.tar.gz.asc
	stanza other 1:2.0-4 other_2.0-4.dsc
	stanza inside 5 inside_5.dsc
} >indexes/made.Sources
cat >indexes/made.Packages <<'END'
Package: alone
Version: 1.0-1
Filename: pool/alone_1.0-1_amd64.deb

Package: libother
Source: other (1:2.0-3)
Version: 1:2.0-3+b2
Filename: pool/libother_2.0-3+b2_amd64.deb

Package: stranger
Version: 9
Filename: pool/stranger_9_all.deb

Package: holder
Source: alone
Version: 1.0-1
Static-Built-Using: inside (= 5), other (= 1:2.0-4)
Filename: pool/holder_1.0-1_amd64.deb
END
# pins PACKAGE...: a lock of these.
pins()
{
	echo "# pins"
	for f; do
		file "$f"
	done
}
found()
{
	awk -v dir=indexes -v suites=made -f "$top/env/sources.awk" "$1" >found && sort found
}
pins libother_2.0-3+b2_amd64.deb alone_1.0-1_amd64.deb >two.lock
{
	echo '# of pool/alone_1.0-1_amd64.deb: alone 1.0-1'
	echo '# of pool/libother_2.0-3+b2_amd64.deb: other 1:2.0-3'
	for f in alone_1.0-1.dsc alone_1.0.tar.xz other_2.0-3.dsc other_2.0.orig.tar.gz other_2.0.orig.tar.gz.asc; do
		file $f
	done
} | sort >wanted
found two.lock >sorted
check "a package's source is found, of exactly its version" cmp wanted sorted
pins holder_1.0-1_amd64.deb >holder.lock
found holder.lock >sorted
check "what was built into it, too" sh -c \
	'grep -qx "# of pool/holder_1.0-1_amd64.deb: inside 5" sorted && grep -q " pool/inside_5.dsc$" sorted && grep -q " pool/other_2.0-4.dsc$" sorted'
check "and no other version" sh -c '! grep other_2.0-3 sorted'
pins stranger_9_all.deb >stranger.lock
fails 3 'LOCK-SOURCE: .*the source "stranger 9" of pool/stranger_9_all.deb expected' "a package without source in the index" found stranger.lock
sed '/^Package: alone/,/^$/s/^Checksums-Sha256:/Checksums-Sha1:/' indexes/made.Sources >kept
mv indexes/made.Sources made.Sources
mv kept indexes/made.Sources
fails 3 'LOCK-SOURCE: .*sums and Directory of the source "alone 1.0-1" expected' "a source without sha256 in the index" found two.lock
mv made.Sources indexes/made.Sources
pins nobody_1_all.deb >nobody.lock
fails 3 'LOCK-SOURCE: .*expected, found pool/nobody_1_all.deb' "a package that no index has" found nobody.lock

# The recipes of this repository.
cd "$top" || exit 4
awk '$3 ~ /^dists/ { print $1, $3 }' recipes/archive/trixie.lock >"$TAP_TMP/evidence"
packages=$(awk '/binary-amd64/ { print $1 }' "$TAP_TMP/evidence")
sources=$(awk '/source/ { print $1 }' "$TAP_TMP/evidence")
cached=no
[ ! -f "$MINTMARK_CACHE/sha256/$packages" ] || [ ! -f "$MINTMARK_CACHE/sha256/$sources" ] || {
	mkdir "$TAP_TMP/real"
	gzip -dc <"$MINTMARK_CACHE/sha256/$packages" >"$TAP_TMP/real/trixie.Packages" &&
		gzip -dc <"$MINTMARK_CACHE/sha256/$sources" >"$TAP_TMP/real/trixie.Sources" && cached=yes
}
for conf in recipes/*/image.conf; do
	recipe=${conf%/image.conf}
	[ -f "$recipe/pins.lock" ] || continue
	sed -n 's/^# of \([^ ]*\): .*/\1/p' "$recipe/sources.lock" | sort -u >"$TAP_TMP/covered"
	awk '!/^#/ { print $3 }' "$recipe/pins.lock" | sort >"$TAP_TMP/packages"
	check "$recipe: each package has its source, and no other" cmp "$TAP_TMP/packages" "$TAP_TMP/covered"
	check "$recipe: both locks are of one day" sh -c \
		'a=$(sed -n "s/^# snapshot //p" "$1/pins.lock") && [ -n "$a" ] && grep -qx "# snapshot $a" "$1/sources.lock"' sh "$recipe"
	if [ $cached = yes ]; then
		awk -v dir="$TAP_TMP/real" -v suites=trixie -f env/sources.awk "$recipe/pins.lock" | sort >"$TAP_TMP/named"
		grep -v '^# \(Sources\|hashes\|snapshot\) ' "$recipe/sources.lock" | sort >"$TAP_TMP/locked"
		check "$recipe: sources.lock is what the signed index says" cmp "$TAP_TMP/named" "$TAP_TMP/locked"
	else
		skip "$recipe: sources.lock is what the signed index says" "recipes/archive/trixie.lock is not in the cache"
	fi
done

# Collecting: a recipe whose packages are the made-up ones.
cd "$TAP_TMP" || exit 4
export MINTMARK_CACHE="$TAP_TMP/cache" MIRROR="file:$TAP_TMP/archive" APT_CONFIG_DIR="$TAP_TMP/none"
mkdir app app/files part
echo content >app/files/page
cp two.lock app/pins.lock
found two.lock >app/sources.lock
{ echo '# pins'; file tarball.tar.gz; } >part/pins.lock
collect()
{
	"$top/env/sources" collected part -- "$@" >printed 2>&1 || { status=$?; cat printed >&2; return $status; }
}
check "sources of packages and parts are collected" collect debs:app/pins.lock files:app/files
check "all that the locks name" sh -c \
	'(cd collected && sha256sum -c SHA256SUMS) && [ "$(wc -l <collected/SHA256SUMS)" -eq 6 ] && [ -f collected/tarball.tar.gz ]'
check "no package itself" sh -c '! ls collected/*.deb'
check "the recipe's own files" cmp app/files/page collected/recipe/files/page
check "and the build" [ -f collected/mintmark/kernel/kernel.mk ]
check "which works from there" sh -c 'cd collected/mintmark && make -s help'
check "nothing is said to be missing" [ ! -e collected/NOT-INCLUDED ]
check "with a container among the sources" collect docker://example/app@sha256:00 debs:app/pins.lock
check "that is said" grep -q 'not included: the sources of what is in docker://example/app@sha256:00,' printed
check "and written down" [ "$(cat collected/NOT-INCLUDED)" = docker://example/app@sha256:00 ]
cp app/pins.lock kept
pins holder_1.0-1_amd64.deb >>app/pins.lock
fails 1 'SOURCES-STALE: app/sources.lock: .*none of pool/holder_1.0-1_amd64.deb; make lock' "a package whose source is not pinned" collect debs:app/pins.lock
cp kept app/pins.lock
cp app/sources.lock kept
: >app/sources.lock
fails 1 'SOURCES-STALE: app/sources.lock: .*none of pool/' "an empty sources.lock" collect debs:app/pins.lock
grep '^#' kept >app/sources.lock
fails 1 'SOURCES-STALE: app/sources.lock: a pin of each source.* none of ' "sources that are named and not pinned" collect debs:app/pins.lock
cp kept app/sources.lock
mkdir -p archive/pool/other part2
echo other >archive/pool/other/tarball.tar.gz
echo "$(sha256sum <archive/pool/other/tarball.tar.gz | cut -c1-64) 6 pool/other/tarball.tar.gz" >part2/pins.lock
rm -rf again
fails 3 'SOURCES-NAME: pool/other/tarball.tar.gz' "two files of one name" "$top/env/sources" again part part2
check "leave nothing behind" sh -c '[ -z "$(ls -d again* 2>/dev/null)" ]'
mv app/sources.lock kept
fails 2 'SOURCES-MISSING: app/sources.lock: .*make lock RECIPE=app writes it' "no sources.lock" collect debs:app/pins.lock
mv kept app/sources.lock
rm -rf cache
echo evil >archive/pool/alone_1.0.tar.xz
fails 4 'FETCH-FAILED' "a source with other bytes" collect debs:app/pins.lock
check "what was collected before is whole" sh -c 'cd collected && sha256sum -c SHA256SUMS && [ -z "$(ls -d ../collected.tmp* 2>/dev/null)" ]'
finish_tap
