#!/bin/sh
# What a rebuilder does with what an audit says: a release that came out the same, or not, gets a signed statement, once; one that could
# not be judged gets none and is tried again; what a log does not have, or has withdrawn, is left alone. The audit is a stand-in that
# looks into the release what to say (real ones take minutes: .ci/run has one); the statements and the log are real. What appends to
# the log is ci/extend-log. Runs on the host, since it needs make, in a copy of the few files that it takes.
# shellcheck disable=SC2016 # the inner shells expand
set -u
. tests/tap.sh
unset MINTMARK_RUN MINTMARK_OUT MAKEFLAGS MFLAGS MAKELEVEL RECIPE ROOTFS VARY
for program in git openssl; do
	command -v $program >/dev/null && continue
	skip "what a rebuilder does with what an audit says" "no $program on this host, as in a bare container"
	finish_tap
	exit
done
export TARGETS=nitro-x86_64 # hello has one more, whose kernel these tests do not wait for
TAP_TMP=$(mktemp -d)
trap 'chmod -R u+w "$TAP_TMP"; rm -rf "$TAP_TMP"' EXIT
trap 'exit 130' INT TERM HUP
export TMPDIR="$TAP_TMP/tmp" HOME="$TAP_TMP/home"
mkdir "$TMPDIR" "$HOME" "$TAP_TMP/releases"
make -s out/bin/attest out/bin/eif >"$TAP_TMP/log" 2>&1
ok $? "attest is there" "$TAP_TMP/log"
attest=$PWD/out/bin/attest

tree=$TAP_TMP/checkout
mkdir -p "$tree/ci" "$tree/env" "$tree/out/bin"
cp ci/rebuild ci/extend-log "$tree/ci/"
cp env/say.sh "$tree/env/"
printf '#!/bin/sh\nexec %s "$@"\n' "$attest" >"$tree/out/bin/attest"
chmod +x "$tree/out/bin/attest"
printf '.PHONY: audit out/bin/attest\nout/bin/attest:\naudit:\n\t@echo audited >>%s; sh stand-in "$$RELEASE"\n' "$TAP_TMP/audits" >"$tree/Makefile"
cat >"$tree/stand-in" <<'EOF'
echo "  PCR0   a   b"
case $(cat "$1/verdict") in
previous) sed -n 's/^ *"PCR0": *"\([0-9a-f]*\)".*/PREVIOUS has \1/p' "$PREVIOUS/nitro-x86_64/measurements.json" ;;
same) echo "audit: it is what was published" ;;
different) echo "compare-release: AUDIT-DIFFERENT: PCR0: what was published is not what comes out" >&2; exit 1 ;;
measures) echo "audit: AUDIT-MEASUREMENTS: measurements.json is not what image.eif measures" >&2; exit 1 ;;
elsewhere) echo "audit: AUDIT-TREE: the release was made from another state of this repository" >&2; exit 1 ;;
offline) echo "fetch: FETCH-FAILED: 0 of 3 files fetched" >&2; exit 4 ;;
esac
EOF
release()
{
	mkdir -p "$TAP_TMP/releases/$1/nitro-x86_64"
	echo "$2" >"$TAP_TMP/releases/$1/verdict"
	cp out/hello/nitro-x86_64/measurements.json "$TAP_TMP/releases/$1/nitro-x86_64/"
	(cd "$TAP_TMP/releases/$1" && echo "$1" >number && sha256sum number verdict nitro-x86_64/measurements.json >SHA256SUMS)
}
statement()
{
	sum=$(sha256sum <"$TAP_TMP/releases/$1/SHA256SUMS")
	echo "$TAP_TMP/statements/${sum%% *}.intoto.jsonl"
}
rebuild()
{
	(cd "$tree" && ci/rebuild --releases "$TAP_TMP/releases" --statements "$TAP_TMP/statements" --key "$TAP_TMP/key.pem" \
		--builder 'a machine in a test' "$@")
}
quorum()
{
	"$attest" quorum --need 1 --release "$TAP_TMP/releases/$1" --known "$TAP_TMP/key.pub" "$(statement "$1")"
}
audits()
{
	wc -l <"$TAP_TMP/audits" | tr -d ' '
}
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$TAP_TMP/key.pem" 2>/dev/null
openssl pkey -in "$TAP_TMP/key.pem" -pubout -out "$TAP_TMP/key.pub"

fails 2 'USAGE: rebuild --releases' "a rebuild of nothing" "$tree/ci/rebuild"
fails 2 'REBUILD-RELEASES: .*nowhere' "releases that are not there" sh -c 'cd "$1" && ci/rebuild --releases nowhere --statements s --key k --builder b' sh "$tree"
check "without a release there is nothing to do" rebuild
release v1 same
check "a release that comes out the same" rebuild
check "gets a statement that a quorum counts" quorum v1
check "the audit's table is kept beside it" grep -q 'PCR0   a   b' "$(statement v1 | sed 's/intoto.jsonl/log/')"
rebuild >"$TAP_TMP/log" 2>&1
check "once" [ "$(audits)" -eq 1 ]
release v2 different
fails 1 'v2: different; ' "a release that comes out otherwise" rebuild
fails 1 'ATTEST-QUORUM-DISAGREES' "gets a statement that refuses it" quorum v2
fails 1 'v2: different, as ' "and is not forgotten the next time" rebuild
check "nor rebuilt again" [ "$(audits)" -eq 2 ]
rm -r "$TAP_TMP/releases/v2"
release v3 measures
fails 1 'v3: different; ' "so does one whose image is not what it says" rebuild
rm -r "$TAP_TMP/releases/v3"
for verdict in elsewhere offline; do
	release v4 $verdict
	fails 4 'REBUILD-UNJUDGED: v4: [a-z]+: (AUDIT-TREE|FETCH-FAILED): ' "a release that cannot be judged ($verdict)" rebuild
	check "gets no statement" [ ! -e "$(statement v4)" ]
	before=$(audits)
	rebuild >"$TAP_TMP/log" 2>&1
	check "and is tried again" [ "$(audits)" -eq $((before + 1)) ]
	rm -r "$TAP_TMP/releases/v4"
done
release v5 different
release v6 offline
fails 1 'REBUILD-UNJUDGED: v6' "a difference weighs more than what could not be judged" rebuild
rm -r "$TAP_TMP/releases/v5" "$TAP_TMP/releases/v6"
release 'v$(shell touch ran)' same
check "a release whose name make could run" rebuild
check "is a name" [ -e "$(statement 'v$(shell touch ran)')" ]
check "and is not run" sh -c '! find "$1" -name ran | grep -q .' sh "$TAP_TMP"
rm -r "$TAP_TMP/releases/v\$(shell touch ran)"
: >"$TAP_TMP/statements/.lock"
flock "$TAP_TMP/statements/.lock" sh -c 'while [ ! -e "$1" ]; do sleep 0.1; done' sh "$TAP_TMP/go" &
holder=$!
ticks=100
until ! flock -n "$TAP_TMP/statements/.lock" true || [ $ticks -eq 0 ]; do
	ticks=$((ticks - 1))
	sleep 0.1
done
fails 4 'REBUILD-BUSY' "two at a time" rebuild
touch "$TAP_TMP/go"
wait $holder

# What takes the release before is compared with it, or not judged.
follower()
{
	rm -rf "$TAP_TMP/releases/$1"
	release "$1" "$2"
	printf '{\n  "AnyOf": [\n    {\n      "Measurements": {\n        "PCR0": "%s"\n' "$3" >"$TAP_TMP/releases/$1/nitro-x86_64/previous.json"
}
pcr0=$(sed -n 's/^ *"PCR0": *"\([0-9a-f]*\)".*/\1/p' out/hello/nitro-x86_64/measurements.json)
before=$(audits)
follower v6 same "$(echo "$pcr0" | tr 0-9a-f 1-9a-f0)"
fails 4 'REBUILD-UNJUDGED: v6: rebuild: REBUILD-PREVIOUS: ' "a release whose release before is not at hand" rebuild
check "is not built" [ "$(audits)" -eq "$before" ]
check "and gets no statement" [ ! -e "$(statement v6)" ]
follower v6 previous "$pcr0"
check "one whose release before was found the same" rebuild
check "is compared with that" grep -q "PREVIOUS has $pcr0" "$(statement v6 | sed 's/intoto.jsonl/log/')"
mv "$TAP_TMP/statements" "$TAP_TMP/kept"
sed -i 's/same/offline/' "$TAP_TMP/releases/v1/verdict"
fails 4 'REBUILD-UNJUDGED: v6: rebuild: REBUILD-PREVIOUS: ' "not with one that was not judged" rebuild
with_previous()
{
	(export PREVIOUS="$TAP_TMP/releases/v1" && rebuild 2>&1) | grep 'v6: same; '
}
check "unless it is PREVIOUS" with_previous
sed -i 's/offline/same/' "$TAP_TMP/releases/v1/verdict"
rm -r "$TAP_TMP/statements" "$TAP_TMP/releases/v6"
mv "$TAP_TMP/kept" "$TAP_TMP/statements"

# Of a tag that is called after the release its own tree is taken.
git_() { git -C "$tree" -c user.name=t -c user.email=t@invalid -c init.defaultBranch=main -c commit.gpgsign=false "$@"; }
cp "$tree/stand-in" "$TAP_TMP/stand-in"
echo 'echo "audit: of the tag"; exit 0' >"$tree/stand-in"
{ git_ init -q && git_ add -A && git_ commit -q -m tag && git_ tag v7; } >"$TAP_TMP/log" 2>&1
ok $? "a tag v7" "$TAP_TMP/log"
cp "$TAP_TMP/stand-in" "$tree/stand-in"
release v7 different
check "the release v7 is rebuilt from its tag" rebuild
check "and not from what is checked out" grep -q 'of the tag' "$(statement v7 | sed 's/intoto.jsonl/log/')"
rm -r "$TAP_TMP/releases/v7"

# With a log, which ci/extend-log keeps.
openssl genpkey -algorithm ed25519 -out "$TAP_TMP/log.pem" 2>/dev/null
origin=test.example/log
public=$("$attest" log key --key "$TAP_TMP/log.pem" --origin $origin)
keep()
{
	(cd "$tree" && LOG_KEY=$(cat "$TAP_TMP/log.pem") LOG_ORIGIN=$origin ci/extend-log "$TAP_TMP/l" "$@")
}
extend()
{
	keep "$TAP_TMP/releases/$1" "$1"
}
entries()
{
	"$attest" log check --log "$TAP_TMP/l" --log-key "$public"
}
logged()
{
	rebuild --log "$TAP_TMP/l" --log-key "$public"
}
release v8 same
release v9 same
release v10 same
fails 2 'LOG-KEY: ' "a log without a key" sh -c 'cd "$1" && LOG_ORIGIN=x ci/extend-log "$2" "$3" v8' sh "$tree" "$TAP_TMP/l" "$TAP_TMP/releases/v8"
check "a release gets into a new log" extend v8
check "another after it" extend v9
cp "$TAP_TMP/l/checkpoint" "$TAP_TMP/checkpoint"
check "one that is there already" extend v9
check "changes nothing" cmp "$TAP_TMP/l/checkpoint" "$TAP_TMP/checkpoint"
"$attest" log append --log "$TAP_TMP/l" --key "$TAP_TMP/log.pem" --origin $origin --at 2020-01-01
fails 1 'ATTEST-LOG-STALE' "a log whose time nobody signed for long" entries
check "gets a new time" keep
check "which readers take" entries
check "without another entry" [ "$(entries | tail -n 1)" = '2 entries, all as signed' ]
fails 2 'LOG-NONE: ' "a time for no log" sh -c 'cd "$1" && LOG_KEY=x LOG_ORIGIN=x ci/extend-log "$2"' sh "$tree" "$TAP_TMP/nowhere"
fails 2 'USAGE: ' "a withdrawal without a reason" keep --withdraw 1
check "v9 is withdrawn" keep --withdraw 1 'it was wrong'
cp -R "$TAP_TMP/releases/v10" "$TAP_TMP/v10"
echo different >"$TAP_TMP/releases/v10/verdict"
fails 1 'LOG-SUMS: .*verdict' "what its sums do not vouch for is not logged" extend v10
rm -r "$TAP_TMP/releases/v10"
mv "$TAP_TMP/v10" "$TAP_TMP/releases/v10"
check "releases in a log are rebuilt" logged
check "v8, which is in it" quorum v8
check "not v9, which was withdrawn" [ ! -e "$(statement v9)" ]
check "nor v10, which is not in it" [ ! -e "$(statement v10)" ]
mv "$TAP_TMP/releases/v8" "$TAP_TMP/v8"
logged >"$TAP_TMP/log" 2>&1
check "what is in the log and not at hand is named" grep -q 'v8: in the log, and not in ' "$TAP_TMP/log"
check "what was withdrawn is not missed" sh -c '! grep -q "v9: in the log" "$1"' sh "$TAP_TMP/log"
check "what was seen of the log is remembered" cmp "$TAP_TMP/l/checkpoint" "$TAP_TMP/statements/.log.seen"
cp -R "$TAP_TMP/l" "$TAP_TMP/longer"
mv "$TAP_TMP/v8" "$TAP_TMP/releases/v8"
check "a log that grew" extend v10
check "is taken" logged
mv "$TAP_TMP/l" "$TAP_TMP/seen"
mv "$TAP_TMP/longer" "$TAP_TMP/l"
fails 1 'ATTEST-LOG-OLDER: ' "one from before is not" logged
check "a fork of as many entries" keep --withdraw 0 'another history'
fails 1 'ATTEST-LOG-FORK: ' "neither" logged
check "what was seen stays" cmp "$TAP_TMP/seen/checkpoint" "$TAP_TMP/statements/.log.seen"
rm -r "$TAP_TMP/l"
mv "$TAP_TMP/seen" "$TAP_TMP/l"
find "$TAP_TMP/l/tile/entries" -type f | while read -r file; do printf x | dd of="$file" bs=1 seek=20 conv=notrunc 2>/dev/null; done
fails 1 'REBUILD-LOG: ' "a log that was changed" logged
# As rebuilderd-worker calls it: one argument, and a folder for what comes out.
backend=$TAP_TMP/backend
mkdir -p "$backend/ci" "$backend/env" "$TAP_TMP/outdir"
cp ci/rebuilderd "$backend/ci/"
cp env/say.sh "$backend/env/"
printf 'image:\n\tmkdir -p out/$(RECIPE)/$(TARGETS) && for f in image.eif image.igvm measurements.json; do echo $(RECIPE) >out/$(RECIPE)/$(TARGETS)/$$f; done\n' \
	>"$backend/Makefile"
cp out/hello/nitro-x86_64/measurements.json "$TAP_TMP/measurements.json"
fails 2 'REBUILDERD-OUTDIR: ' "a backend without a folder" "$backend/ci/rebuilderd" "$TAP_TMP/measurements.json"
check "the backend builds the recipe and target of the measurements" env REBUILDERD_OUTDIR="$TAP_TMP/outdir" "$backend/ci/rebuilderd" \
	"$TAP_TMP/measurements.json"
check "and leaves what is compared" sh -c 'cd "$1" && grep -qx hello image.eif && grep -qx hello measurements.json' sh "$TAP_TMP/outdir"
sed 's/"Target": "nitro-x86_64"/"Target": "cca-aarch64"/' "$TAP_TMP/measurements.json" >"$TAP_TMP/realm.json"
check "of a realm, too" env REBUILDERD_OUTDIR="$TAP_TMP/outdir" "$backend/ci/rebuilderd" "$TAP_TMP/realm.json"
check "whose image has another name" grep -qx hello "$TAP_TMP/outdir/image.igvm"
sed 's/"Target": "nitro-x86_64"/"Target": "moon"/' "$TAP_TMP/measurements.json" >"$TAP_TMP/odd.json"
fails 3 'REBUILDERD-MEASUREMENTS: .*found "moon"' "a target that there is not" env REBUILDERD_OUTDIR="$TAP_TMP/outdir" "$backend/ci/rebuilderd" "$TAP_TMP/odd.json"
sed 's/"Recipe": "hello"/"Recipe": "..\/x"/' "$TAP_TMP/measurements.json" >"$TAP_TMP/odd.json"
fails 3 'REBUILDERD-MEASUREMENTS: .*found "../x"' "a recipe that is no name" env REBUILDERD_OUTDIR="$TAP_TMP/outdir" "$backend/ci/rebuilderd" "$TAP_TMP/odd.json"
check "nothing is left behind" [ -z "$(ls -A "$TMPDIR")" ]
finish_tap
