#!/bin/sh
# What is handed to others: buildinfo.json says the same wherever it is made and is true to the last hash, the
# release folder is complete and comes out the same, and expected/ notices every change. Runs on the host, from the
# top of the checkout, after `make image`; works in a copy of the checkout, which it breaks.
# shellcheck disable=SC2016,SC2086 # the inner shells expand; $other is a list of words
set -u
. tests/tap.sh
unset MAKEFLAGS MFLAGS MAKELEVEL RECIPE ROOTFS
export TARGETS=nitro-x86_64 # hello has one more, whose kernel these tests do not wait for
# Environments are checked once, but for what make checks of its own.
export MINTMARK_RUN="release.$$"
TAP_TMP=$(mktemp -d)
chmod 0755 "$TAP_TMP"
trap 'chmod -R u+w "$TAP_TMP"; rm -rf "$TAP_TMP"' EXIT
image=out/hello/nitro-x86_64
info=$image/buildinfo.json
make -s image >"$TAP_TMP/log" 2>&1
ok $? "make image" "$TAP_TMP/log"

# What buildinfo.json says. Its lines are taken apart with sed, as anybody may.
checks()
{
	env/run --name jq --root test --in schema.jq=tests/schema.jq --in "schema=$1" --in "document=$2" --out wrong="$TAP_TMP/wrong" -- \
		sh -c 'jq -r --slurpfile schema /mint/in/schema -f /mint/in/schema.jq /mint/in/document >/mint/out/wrong' || return 1
	cat "$TAP_TMP/wrong"
	[ ! -s "$TAP_TMP/wrong" ]
}
check "buildinfo.json is what its schema says" checks docs/buildinfo.schema.json $info
check "measurements.json is what its schema says" checks docs/measurements.schema.json $image/measurements.json
sed 's/"Uid":0/"Uid":0,"User":"me"/' $info >"$TAP_TMP/odd.json"
odd()
{
	checks docs/buildinfo.schema.json "$TAP_TMP/odd.json" | grep -q "User: not allowed"
}
check "the schema refuses a member more" odd
# list NAME: the lines of one list.
list()
{
	sed -n "/^\"$1\":/,/^]/p" $info | grep '^{'
}
list Inputs | sed 's/^{"path":"\([^"]*\)","sha256":"\([0-9a-f]*\)"}.*/\2  \1/; s,  recipe/,  recipes/hello/,' >"$TAP_TMP/inputs"
check "each input has its hash" sha256sum -c "$TAP_TMP/inputs"
check "there are more than a hundred" [ "$(wc -l <"$TAP_TMP/inputs")" -gt 100 ]
needs()
{
	sed -n 's/^include //p' Makefile
	find env kernel sysroot init lib rootfs eif cca-image recipes/hello -type f ! -path '*/expected/*' ! -name '*~' ! -name '.*'
}
needs | LC_ALL=C sort -u >"$TAP_TMP/needs"
sed 's/.*  //' "$TAP_TMP/inputs" | LC_ALL=C sort >"$TAP_TMP/has"
check "all makefiles, sources and scripts are inputs" sh -c '[ -z "$(LC_ALL=C comm -23 "$1/needs" "$1/has")" ]' sh "$TAP_TMP"
check "no documentation, test or expectation is" sh -c '! grep -E "^(docs|tests|ci|attest)/.*[^k]$|expected|\.md$" "$1"' sh "$TAP_TMP/has"
cat recipes/toolchain/pins.lock recipes/linux/pins.lock recipes/musl/pins.lock recipes/busybox/pins.lock \
	recipes/libtomcrypt/pins.lock |
	grep -v '^#' | sort >"$TAP_TMP/pins"
list Pins | sed 's/.*"path":"\([^"]*\)","size":\([0-9]*\),"sha256":"\([0-9a-f]*\)"}.*/\3 \2 \1/' | sort >"$TAP_TMP/found"
check "each pin is there" cmp "$TAP_TMP/pins" "$TAP_TMP/found"
root=$(env/root toolchain)
list Programs | sed 's/^{"path":"\([^"]*\)","sha256":"\([0-9a-f]*\)"}.*/\2  \1/' >"$TAP_TMP/programs"
check "each program has its hash" sh -c 'grep "  out/" "$1" | sha256sum -c && cd "$2" && sed -n "s,  /,  ./,p" "$1" | sha256sum -c' \
	sh "$TAP_TMP/programs" "$root"
for program in /usr/bin/gcc /usr/bin/ld /usr/bin/sh /usr/libexec/gcc/x86_64-linux-gnu/14/cc1 out/libexec/eif; do
	check "$program is among them" grep -q "  $program\$" "$TAP_TMP/programs"
done
list Outputs | sed 's/.*"path":"\([^"]*\)","size":\([0-9]*\),"sha256":"\([0-9a-f]*\)"}.*/\3 \2 \1/' >"$TAP_TMP/outputs"
outputs()
{
	while read -r sum size path; do
		[ "$(wc -c <"out/$path")" -eq "$size" ] && echo "$sum  out/$path" | sha256sum -c || return 1
	done <"$TAP_TMP/outputs"
}
check "each output has its hash and size" outputs
check "the image is among them" grep -q ' hello/nitro-x86_64/image.eif$' "$TAP_TMP/outputs"
check "a folder has its digest" grep -qF "\"component\":\"musl\",\"path\":\"parts/x86_64/musl\",\"value\":\"$(env/digest out/parts/x86_64/musl)\"" $info
pcr0=$(sed -n 's/^ *"PCR0": *"\([0-9a-f]*\)".*/\1/p' $image/measurements.json)
check "PCR0 is there" grep -qF "#PCR0\",\"value\":\"$pcr0\"" $info
check "the environment's digest is there" grep -qF "\"EnvironmentDigest\":\"$(cat recipes/toolchain/root.sha256)\"" $info
check "SHA256SUMS has it" sh -c 'cd out/hello && grep -q "  nitro-x86_64/buildinfo.json$" SHA256SUMS && sha256sum -c SHA256SUMS'

# Elsewhere: another path, user, umask, time zone, locale, home and number of jobs. Only cheap steps run again.
there=$TAP_TMP/some/Other-place
mkdir -p "$there" "$TAP_TMP/home" "$TAP_TMP/cache/env"
tar -c -f - --exclude=./.git --exclude=./out/.work --exclude=./out/test . | tar -x -p -f - -C "$there"
mkdir -p "$there/out/.work"
rm -rf "$there/out/hello" "$there/out/parts/toolchain"
cp -al "$root" "$TAP_TMP/cache/env/" 2>/dev/null || cp -a "$root" "$TAP_TMP/cache/env/"
other=
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user true 2>/dev/null; then
	other="setpriv --reuid=65534 --regid=65534 --clear-groups"
	chown -R 65534:65534 "$TAP_TMP/some" "$TAP_TMP/home"
	chown 65534:65534 "$TAP_TMP"
fi
elsewhere()
(
	cd "$there" && umask 077 && exec $other env -i PATH="$PATH" HOME="$TAP_TMP/home" MINTMARK_CACHE="$TAP_TMP/cache" \
		TARGETS="$TARGETS" USER=mallory LOGNAME=mallory TZ=Asia/Tokyo LC_ALL=tr_TR.UTF-8 JOBS=3 CFLAGS=-O0 "$@"
)
check "make publish elsewhere${other:+, as another user}" elsewhere make -s publish
check "buildinfo.json is the same" cmp $info "$there/$info"
check "nothing of the host is in it" sh -c '! grep -wF -e "$1" -e "$2" -e mallory -e Tokyo -e JOBS -e "$(uname -n)" -e "$(uname -r)" "$3"' sh \
	"$TAP_TMP" "$HOME/" "$there/$info"
# Signed, then not: make's own variables are publish's environment.
env/run --name key --root test --out key.pem="$TAP_TMP/key.pem" -- openssl genpkey -algorithm ed25519 -out /mint/out/key.pem
signed()
(
	export MINTMARK_OUT="$PWD/out" KEY="$TAP_TMP/key.pem" SIGNER='A Signer'
	attest/publish recipes/hello nitro-x86_64
)
check "a signed release" signed
cp "$TAP_TMP/tap.log" "$TAP_TMP/said"
check "says so" grep -q 'signed; signatures are in signatures/$' "$TAP_TMP/said"
check "has signatures of CoRIM and statement" [ "$(cd out/hello/release/signatures && echo *)" = 'nitro-x86_64.cose provenance.intoto.jsonl' ]
check "and is the same but for these" diff -r --exclude=signatures out/hello/release "$there/out/hello/release"
check "make publish here" make -s publish
cp "$TAP_TMP/tap.log" "$TAP_TMP/said"
check "without a key it says that it is unsigned" grep -q 'unsigned: KEY= names a key$' "$TAP_TMP/said"
check "the two releases are the same" diff -r out/hello/release "$there/out/hello/release"
modes()
{
	(cd "$1" && find . -printf '%m %y %p\n' | sort)
}
modes out/hello/release >"$TAP_TMP/one"
modes "$there/out/hello/release" >"$TAP_TMP/two"
check "names and modes, too" cmp "$TAP_TMP/one" "$TAP_TMP/two"
check "the modes are 644 and 755" sh -c '! grep -vE "^(644 f|755 d) " "$1"' sh "$TAP_TMP/one"
check "its SHA256SUMS holds" sh -c 'cd out/hello/release && sha256sum -c SHA256SUMS'
(cd out/hello/release && find . -type f ! -path ./SHA256SUMS | sed 's,^\./,,' | LC_ALL=C sort) >"$TAP_TMP/files"
check "and names every file" sh -c 'sed "s/.*  //" out/hello/release/SHA256SUMS | cmp - "$1"' sh "$TAP_TMP/files"
for file in nitro-x86_64/image.eif nitro-x86_64/measurements.json nitro-x86_64/manifest.json nitro-x86_64/buildinfo.json \
	nitro-x86_64/kernel.config nitro-x86_64/components.sha256 nitro-x86_64/sbom.spdx.json nitro-x86_64/sbom.cdx.json \
	nitro-x86_64/reference.cbor nitro-x86_64/values.json nitro-x86_64/policy.json nitro-x86_64/policy-aws.json provenance.json \
	pins/toolchain.lock pins/toolchain.root.sha256 pins/linux.lock pins/musl.lock \
	pins/busybox.lock recipe/image.conf recipe/hello.c; do
	grep -qx "$file" "$TAP_TMP/files" || echo "$file"
done >"$TAP_TMP/missing"
check "the release has what an auditor needs" [ ! -s "$TAP_TMP/missing" ]
for file in buildinfo.json manifest.json measurements.json sbom.cdx.json sbom.spdx.json; do
	sum=$(sha256sum <"out/hello/release/nitro-x86_64/$file")
	grep -q "{\"digest\":{\"sha256\":\"${sum%% *}\"},\"mediaType\":\"[^\"]*\",\"name\":\"nitro-x86_64/$file\"}" out/hello/release/provenance.json ||
		echo "$file"
done >"$TAP_TMP/missing"
check "the statement has what stands beside the image" [ ! -s "$TAP_TMP/missing" ]
# judged NAME COMMAND: by programs of the test environment, which see the release alone
judged()
{
	check "$1" env/run --name judged --root test --in release=out/hello/release --in tests=tests --in docs=docs \
		--in bin/attest=out/libexec/attest --in mkevidence=out/parts/test/mkevidence \
		--set ATTEST=/mint/in/bin/attest --set MKEVIDENCE=/mint/in/mkevidence --set DOCS=/mint/in/docs/attest.md -- sh -c "$2"
}
judged "its bills of materials are SPDX and CycloneDX, say those who made these" 'cd /mint/in/release/nitro-x86_64 &&
	/mint/in/tests/rootfs/valid-sbom spdx sbom.spdx.json && /mint/in/tests/rootfs/valid-sbom cyclonedx sbom.cdx.json'
judged "its CoRIM has the grammar of one" \
	'cddl --ci validate --cddl /mint/in/tests/attest/corim.cddl --cbor /mint/in/release/nitro-x86_64/reference.cbor'
judged "an outsider who has it alone comes to \"Verified\" in three commands" 'sh /mint/in/tests/attest/outsider /mint/in/release >said &&
	tail -n 1 said | grep -qx Verified'
check "no expectation is in it" sh -c '! grep expected "$1"' sh "$TAP_TMP/files"
check "cd out && sha256sum -c components.sha256" sh -c 'cd out && sha256sum -c hello/release/nitro-x86_64/components.sha256'

# The release before, an older one by its PCR0: policies that accept either.
older=$TAP_TMP/older
newer=$TAP_TMP/newer
cp -R out/hello/release "$older"
cp -R out/hello/release "$older.none"
sed '/"PCR0"/s/: "......../: "00000000/' out/hello/release/nitro-x86_64/measurements.json >"$older/nitro-x86_64/measurements.json"
sums()
{
	(cd "$1" && find . -type f ! -path ./SHA256SUMS | sed 's,^\./,,' | LC_ALL=C sort | xargs sha256sum) >"$TAP_TMP/sums"
	mv "$TAP_TMP/sums" "$1/SHA256SUMS"
}
sums "$older"
lay_down()
{
	env MINTMARK_OUT="$PWD/out" "$@" recipes/hello nitro-x86_64
}
check "make publish PREVIOUS=" make -s publish PREVIOUS="$older"
cp -R out/hello/release "$newer"
rollover="previous.json policy-rollover.json policy-rollover-aws.json policy-rollover-aws-cn.json policy-rollover-aws-us-gov.json"
for file in $rollover; do
	echo "nitro-x86_64/$file"
done | LC_ALL=C sort - "$TAP_TMP/files" >"$TAP_TMP/files.more"
check "lays down roll-over policies, and nothing else" sh -c 'sed "s/.*  //" "$1/SHA256SUMS" | cmp - "$2"' sh "$newer" "$TAP_TMP/files.more"
check "the same again" lay_down env PREVIOUS="$older" attest/lay-down "$TAP_TMP/newer-again"
check "to the last bit" diff -r "$newer" "$TAP_TMP/newer-again"
check "they take the old release or the new, as attest policy has it" env/run --name rollover --root test --in release="$newer" --in older="$older" \
	--in bin/attest=out/libexec/attest -- sh -c 'cd /mint/in
	policy()
	{
		bin/attest policy --reference older/nitro-x86_64/measurements.json --reference release/nitro-x86_64/measurements.json "$@"
	}
	same()
	{
		[ "$(jq -S . "$1")" = "$(jq -S .)" ]
	}
	policy --for generic | same release/nitro-x86_64/policy-rollover.json || exit
	for partition in aws aws-cn aws-us-gov; do
		policy --partition $partition | same release/nitro-x86_64/policy-rollover-$partition.json || exit
	done
	[ "$(jq -r ".Statement[].Condition.StringEqualsIgnoreCase[\"kms:RecipientAttestation:ImageSha384\"]" \
		release/nitro-x86_64/policy-rollover-aws.json | cut -c 1-8 | sort | uniq | wc -l)" -eq 2 ]'
compared()
{
	ci/compare-release "$1" out recipes/hello
}
check "ci/compare-release makes them again from the PCRs in previous.json" compared "$newer"
cp "$TAP_TMP/tap.log" "$TAP_TMP/said"
shown()
{
	grep -qE "^  previous $1 of nitro-x86_64  *$2\$" "$TAP_TMP/said"
}
older_pcr()
{
	sed -n "s/^ *\"$1\": *\"\([0-9a-f]*\)\".*/\1/p" "$older/nitro-x86_64/measurements.json"
}
for register in PCR0 PCR1 PCR2 PCR16; do
	check "of which it shows $register" shown $register "$(older_pcr $register | grep .)"
done
check "and that there is no PCR8" shown PCR8 none
check "and says at last that no release was compared" sh -c 'tail -n 1 "$1" | grep -qxF "roll-over policies: not compared with a release (PREVIOUS=)"' sh \
	"$TAP_TMP/said"
check "given the older release it compares these, too" env PREVIOUS="$older" ci/compare-release "$newer" out recipes/hello
cp "$TAP_TMP/tap.log" "$TAP_TMP/said"
check "and says nothing of it" sh -c '! grep -q "^roll-over policies: " "$1"' sh "$TAP_TMP/said"
check "a release without such policies, with PREVIOUS" env PREVIOUS="$older" ci/compare-release "$older.none" out recipes/hello
cp "$TAP_TMP/tap.log" "$TAP_TMP/said"
check "which is not looked at, as it says" sh -c 'tail -n 1 "$1" | grep -qx "roll-over policies: the release has none, PREVIOUS was not looked at"' sh \
	"$TAP_TMP/said"
fails 1 'AUDIT-DIFFERENT: nitro-x86_64/policy-rollover-aws-cn.json' "of another older release" env PREVIOUS="$TAP_TMP/newer-again" \
	ci/compare-release "$newer" out recipes/hello
# altered FILE EDIT REGEX NAME: a release with such a file, which its sums vouch for, is refused.
altered()
{
	rm -rf "$TAP_TMP/altered"
	cp -R "$newer" "$TAP_TMP/altered"
	sed -i "$2" "$TAP_TMP/altered/nitro-x86_64/$1"
	sums "$TAP_TMP/altered"
	fails "${5:-1}" "$3" "$4" compared "$TAP_TMP/altered"
}
for file in $rollover; do
	altered $file 's/00000000/00000001/' 'AUDIT-DIFFERENT: nitro-x86_64/policy-rollover' "another PCR0 in $file is not"
done
altered policy-rollover-aws.json '/PCR2/d' 'AUDIT-DIFFERENT: nitro-x86_64/policy-rollover-aws.json' "a policy with a condition less"
altered previous.json 's/"Version": 1/"Version": 1, "More": 1/' 'AUDIT-DIFFERENT: nitro-x86_64/previous.json' "previous.json of another form"
altered previous.json '/"PCR16"/d' 'ATTEST-RELEASE: .*PCR16 expected' "one without PCR16" 3
altered previous.json '$d' 'ATTEST-REFERENCE: ' "one that is no JSON" 3
sed -i '/"PCR0"/s/: "......../: "11111111/' "$older/nitro-x86_64/measurements.json"
fails 1 'PUBLISH-PREVIOUS: .*measurements.json: expected ' "an older release that its SHA256SUMS do not vouch for" \
	lay_down env PREVIOUS="$older" attest/lay-down "$TAP_TMP/never-1"
sed -i 's/"Recipe": "hello"/"Recipe": "redis"/' "$older/nitro-x86_64/measurements.json"
sums "$older"
fails 2 'PUBLISH-PREVIOUS: .*an older release of hello expected' "one of another recipe" \
	lay_down env PREVIOUS="$older" attest/lay-down "$TAP_TMP/never-2"
fails 2 'PUBLISH-PREVIOUS: PREVIOUS: ' "no release at all" make -s publish PREVIOUS="$TAP_TMP/nowhere"
rm -r "$older/nitro-x86_64"
check "one without this target" lay_down env PREVIOUS="$older" attest/lay-down "$TAP_TMP/newer-alone"
cp "$TAP_TMP/tap.log" "$TAP_TMP/said"
check "which is said, has no such policies" sh -c 'grep -q "nitro-x86_64 is not in " "$1" && [ ! -e "$2/nitro-x86_64/policy-rollover.json" ]' sh \
	"$TAP_TMP/said" "$TAP_TMP/newer-alone"
check "make publish without PREVIOUS" make -s publish

# What changes it, and what does not.
mtimes()
{
	find "$there/out/hello" "$there/out/parts/toolchain" -type f ! -path '*/release/*' -printf '%p %T@\n' | sort
}
mtimes >"$TAP_TMP/before"
check "a second make image" elsewhere make -s image
mtimes >"$TAP_TMP/after"
check "writes nothing" cmp "$TAP_TMP/before" "$TAP_TMP/after"
touch "$there/init/main.c~" "$there/init/.main.c.swp" "$there/recipes/hello/expected/x" "$there/docs/x" "$there/tests/x"
elsewhere make -s $info >/dev/null 2>&1
check "droppings of editors, docs, tests and expected/ do not show" cmp $info "$there/$info"
echo 'int x;' >"$there/init/additional.c"
check "with a file more in init/" elsewhere make -s $info
sum=$(sha256sum <"$there/init/additional.c")
check "it shows" grep -qF "{\"path\":\"init/additional.c\",\"sha256\":\"${sum%% *}\"}" "$there/$info"
check "and that is all that changed" sh -c '[ "$(diff "$1" "$2" | grep -c "^[<>]")" -eq 1 ]' sh $info "$there/$info"
rm "$there/init/additional.c"
mkdir "$TAP_TMP/tree"
echo 1 >"$TAP_TMP/tree/file"
chmod -R a+rX "$TAP_TMP/tree"
tar -c -f "$TAP_TMP/tree.tar" -C "$TAP_TMP/tree" --owner=0 --group=0 .
check "with ROOTFS=tar:" elsewhere make -s image ROOTFS="tar:$TAP_TMP/tree.tar"
sum=$(sha256sum <"$TAP_TMP/tree.tar")
check "the tarball shows by its hash" grep -qxF "{\"kind\":\"tar\",\"sha256\":\"${sum%% *}\"}" "$there/$info"
check "not by its path" sh -c '! grep -F tree.tar "$1"' sh "$there/$info"
check "with ROOTFS=dir:" elsewhere make -s image ROOTFS="dir:$TAP_TMP/tree"
tree=$(sed -n 's/^ *"TreeDigest": *"\([0-9a-f]*\)".*/\1/p' "$there/$image/measurements.json")
check "the folder shows by its TreeDigest" grep -qxF "{\"kind\":\"dir\",\"TreeDigest\":\"$tree\"}" "$there/$info"
check "buildinfo.json of it is what its schema says" checks docs/buildinfo.schema.json "$there/$info"
fails 2 'EXPECT-ROOTFS: ROOTFS: ' "make expect ROOTFS=" elsewhere make -s expect ROOTFS="dir:$TAP_TMP/tree"
check "with the recipe's own root" elsewhere make -s image
check "all is as before" cmp $info "$there/$info"

# expected/. Of the other recipes it has the image alone: neither list nor commands.
check "what is here is what is expected" ci/expected
check "there, too" elsewhere ci/expected
for recipe in redis nginx python; do
	check "make image RECIPE=$recipe" make -s image RECIPE=$recipe
	check "$recipe is what is expected" ci/expected $recipe
	mkdir "$TAP_TMP/sbom.$recipe"
	check "its bills of materials" env MINTMARK_OUT="$PWD/out" attest/sbom recipes/$recipe nitro-x86_64 "$TAP_TMP/sbom.$recipe"
	check "are valid ones of a Debian system" env/run --name judged --root test --in sbom="$TAP_TMP/sbom.$recipe" --in tests=tests -- sh -c '
		cd /mint/in/sbom && [ "$(jq "[.packages[].externalRefs[]?.referenceLocator | select(startswith(\"pkg:deb/\"))] | length" sbom.spdx.json)" -gt 5 ] &&
			/mint/in/tests/rootfs/valid-sbom spdx sbom.spdx.json && /mint/in/tests/rootfs/valid-sbom cyclonedx sbom.cdx.json'
done
there_too()
{
	mkdir -p "$there/out/nginx" && rm -rf "$there/out/nginx/nitro-x86_64" &&
		cp -R out/nginx/nitro-x86_64 "$there/out/nginx/" && chmod -R a+rX "$there/out/nginx" && elsewhere ci/expected nginx
}
check "so is a copy of nginx" there_too
# damaged FILE EDIT REGEX NAME: with FILE of the copy so changed, ci/expected $recipe ends with 1 and such a line.
recipe=hello
damaged()
{
	cp -p "$there/$1" "$TAP_TMP/kept"
	sh -c "$2" sh "$there/$1"
	fails 1 "EXPECTED-DIFFERENT: $3" "$4" elsewhere ci/expected $recipe
	cp -p "$TAP_TMP/kept" "$there/$1"
}
flip='printf X | dd of="$1" bs=1 seek=1000 conv=notrunc 2>/dev/null'
expected=recipes/hello/expected/nitro-x86_64
damaged out/parts/nitro-x86_64/kernel/bzImage "$flip" 'kernel of hello, nitro-x86_64: expected [0-9a-f]{64}, found' "a changed kernel is named"
damaged out/hello/nitro-x86_64/initrd.cpio "$flip" 'ramdisk1 of' "a changed ramdisk is named"
damaged out/libexec/eif 'rm "$1"' 'eif of hello, nitro-x86_64: expected [0-9a-f]{64}, found none' "a missing command is named"
damaged $expected.sha256 'echo "$(echo | sha256sum | cut -c 1-64)  parts/extra" >>"$1"' 'parts/extra of .*found none' "a component that nobody builds is named"
damaged $expected.sha256 'sed -i /runspec/d "$1"' 'runspec of .*expected none' "a component that nobody expects is named"
damaged $expected.measurements.json 'sed -i "/PCR1/s/: \"[0-9a-f]/: \"x/" "$1"' 'PCR1 of' "a changed PCR1 is named"
damaged $expected.measurements.json 'echo >>"$1"' 'measurements.json of' "a changed copy of the measurements is named"
recipe=nginx
alone=recipes/nginx/expected/nitro-x86_64.measurements.json
damaged out/nginx/nitro-x86_64/image.eif "$flip" 'image of nginx, nitro-x86_64: expected [0-9a-f]{64}, found' "a changed image without list is named"
damaged $alone 'sed -i "/FileSha256/s/: \"[0-9a-f]/: \"x/" "$1"' 'image of nginx' "an image whose sum was lost is named"
damaged $alone 'sed -i "/TreeDigest/s/: \"[0-9a-f]\{8\}/: \"00000000/" "$1"' 'tree of nginx' "another tree is named"
damaged $alone 'sed -i "/PCR0/s/: \"[0-9a-f]\{8\}/: \"00000000/" "$1"' 'PCR0 of nginx' "another PCR0 is named"
damaged $alone 'echo >>"$1"' 'measurements.json of nginx' "a changed copy of its measurements is named"
recipe=hello
cp -p "$there/out/libexec/eif" "$TAP_TMP/kept.eif"
echo >>"$there/out/libexec/eif"
check "another command is not, where only the image counts" elsewhere ci/expected nginx
cp -p "$TAP_TMP/kept.eif" "$there/out/libexec/eif"
mv "$there/recipes/hello/expected" "$TAP_TMP/kept.expected"
fails 2 'EXPECTED-MISSING: ' "nothing expected: status 2" elsewhere ci/expected
mv "$TAP_TMP/kept.expected" "$there/recipes/hello/expected"
mv "$there/$image/image.eif" "$TAP_TMP/kept.eif"
fails 2 'EXPECTED-FIRST: .*make image' "nothing built: status 2" elsewhere ci/expected
mv "$TAP_TMP/kept.eif" "$there/$image/image.eif"

# make expect.
elsewhere make -s expect >"$TAP_TMP/log" 2>&1
check "make expect without a change says so" grep -qx "nothing changed" "$TAP_TMP/log"
check "and writes the same" cmp $expected.sha256 "$there/$expected.sha256"
mv "$there/$expected.sha256" "$TAP_TMP/kept.sha256"
check "make expect without list" elsewhere make -s expect
check "writes the measurements alone" [ ! -e "$there/$expected.sha256" ]
mv "$TAP_TMP/kept.sha256" "$there/$expected.sha256"
echo 'ENV = MORE=1' >>"$there/recipes/hello/image.conf"
elsewhere make -s expect >"$TAP_TMP/log" 2>&1
ok $? "make expect after a change of the recipe" "$TAP_TMP/log"
check "shows the new runspec and PCR2" sh -c 'grep -q "^  runspec  *[0-9a-f]* → [0-9a-f]*$" "$1" && grep -q "^  PCR2  *[0-9a-f]* → " "$1"' sh "$TAP_TMP/log"
check "and neither kernel nor PCR1" sh -c '! grep -E "(kernel|PCR1) .*→" "$1"' sh "$TAP_TMP/log"
check "then it is expected" elsewhere ci/expected
check "and the changed recipe shows" sh -c '! cmp -s "$1" "$2" && grep -q "recipe/image.conf" "$2"' sh $info "$there/$info"

# What is not published.
echo secret >"$there/recipes/hello/.env"
fails 2 'PUBLISH-DOTFILE: recipes/hello/.env: ' "a dot file in the recipe's folder" elsewhere make -s publish
rm "$there/recipes/hello/.env"
check "without it" elsewhere make -s image
cp -p "$there/out/hello/inputs" "$TAP_TMP/inputs.kept"
echo 'input	x	y' >>"$there/out/hello/inputs"
fails 1 'PUBLISH-STALE: .*an image packed from' "other inputs than it was packed from" elsewhere env MINTMARK_OUT="$there/out" attest/publish recipes/hello nitro-x86_64
cp -p "$TAP_TMP/inputs.kept" "$there/out/hello/inputs"
printf X >>"$there/$image/image.eif"
fails 1 'PUBLISH-STALE: ' "an image that was changed afterwards" elsewhere env MINTMARK_OUT="$there/out" attest/publish recipes/hello nitro-x86_64
rm "$there/$image/image.eif" "$there/out/hello/SHA256SUMS"
check "make publish after that" elsewhere make -s publish
# Interrupted between its two renames, which a slow mv makes long.
mkdir "$TAP_TMP/slow"
cat >"$TAP_TMP/slow/mv" <<END
#!/bin/sh
case "\$*" in
*/out/hello/release) : >"$TAP_TMP/moving"; sleep 1 ;;
esac
exec $(command -v mv) "\$@"
END
chmod -R a+rX,u+x,g+x,o+x "$TAP_TMP/slow"
(cd "$there" && exec setsid $other env HOME="$TAP_TMP/home" MINTMARK_CACHE="$TAP_TMP/cache" PATH="$TAP_TMP/slow:$PATH" \
	make -s publish >/dev/null 2>&1) &
pid=$!
ticks=300
until [ -e "$TAP_TMP/moving" ] || [ $ticks -eq 0 ]; do
	ticks=$((ticks - 1))
	sleep 0.1
done
kill -TERM "-$pid"
wait $pid 2>/dev/null
sleep 2
check "interrupted between two renames, a whole release is there" sh -c '[ -e "$1" ] && cd "$2" && sha256sum -c SHA256SUMS' sh \
	"$TAP_TMP/moving" "$there/out/hello/release"
fails 2 'PUBLISH-TEST-ONLY: MINTMARK_TEST_PRELOAD: ' "make publish with the test-only hook" elsewhere env MINTMARK_TEST_PRELOAD=/x make -s publish
touch "$there/out/.test-only"
fails 2 'PUBLISH-TEST-ONLY: .*/out/.test-only: ' "make publish where the hook was allowed" elsewhere make -s publish
fails 2 'PUBLISH-TEST-ONLY: .*/out/.test-only: ' "make expect where the hook was allowed" elsewhere make -s expect
finish_tap
