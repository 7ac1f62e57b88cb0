#!/bin/sh
# What verify and audit do around their builds: which variations there are and what they change, that the
# test-only hook works and is refused elsewhere, how a difference is shown, what an audit refuses before and
# after it rebuilds, and that interrupting either leaves nothing. Runs on the host, from the top of the
# checkout, after `make image`. The builds themselves are in .ci/run: verify, audit and selftest.
# shellcheck disable=SC2016,SC2013 # the inner shells expand; file names are words here
set -u
. tests/tap.sh
unset MAKEFLAGS MFLAGS MAKELEVEL RECIPE ROOTFS VARY
export TARGETS=nitro-x86_64 # hello has one more, whose kernel these tests do not wait for
# Environments are checked once, but for what make checks of its own.
export MINTMARK_RUN="verify.$$"
TAP_TMP=$(mktemp -d)
trap 'chmod -R u+w "$TAP_TMP"; rm -rf "$TAP_TMP"' EXIT
export TMPDIR="$TAP_TMP/tmp"
mkdir "$TMPDIR"
out=$PWD/out

# The variations.
make -s out/parts/test/vary/clock.so out/parts/test/vary/dirorder.so out/bin/eif >"$TAP_TMP/log" 2>&1
ok $? "the preload libraries build" "$TAP_TMP/log"
check "verify --help lists every variation" sh -c '
	for v in ci/vary/*; do [ ! -x "$v" ] || ci/verify --help | grep -q "^  ${v##*/} *[a-zA-Z/]" || exit 1; done'
check "selftest --help lists every fault" sh -c '
	for f in ci/faults/*; do ci/selftest --help | grep -q "^  ${f##*/} *[a-z]" || exit 1; done'
check "there are at least twelve quick faults" [ "$(grep -l '^when=quick' ci/faults/* | wc -l)" -ge 12 ]
check "every variation but net has its fault" sh -c '
	for v in ci/vary/*; do
		case ${v##*/} in net) continue ;; esac
		[ ! -x "$v" ] || grep -qx "vary=${v##*/}" ci/faults/* || { echo "$v"; exit 1; }
	done'
fails 2 'VARY-UNKNOWN: .* expected, found "moon"' "an unknown variation" make -s verify VARY=moon
export VARY_WORK="$TAP_TMP/varied" VARY_MEMORY='' VARY_ROOT=no VARY_PHASE=''
mkdir -p "$VARY_WORK/home"
varied()
{
	name=$1
	want=$2
	shift 2
	if reason=$("ci/vary/$name" --can); then
		got=$("ci/vary/$name" "$@" 2>&1)
		check "$name: $want" [ "$got" = "$want" ]
	else
		skip "$name" "$reason"
	fi
}
varied umask 0077 sh -c umask
varied tz "+1400" date +%z
varied names "elsewhere mallory" sh -c 'echo "$(hostname) $USER"'
varied uname 2.6 sh -c 'uname -r | cut -d . -f 1,2'
varied limits 512 sh -c 'ulimit -n'
varied cpus 1 nproc
varied net 1 sh -c 'tail -n +3 /proc/net/dev | wc -l'
varied path checkout sh -c 'basename "$PWD"'
varied home "$VARY_WORK/home" sh -c 'echo "$HOME"'
varied env hostile sh -c 'echo "$MINTMARK_HOSTILE"'
varied aslr same sh -c '
	one=$(grep stack /proc/self/maps); other=$(grep stack /proc/self/maps); [ "$one" = "$other" ] && echo same'

# What make must not take from outside.
fails 2 'only .* can be set, found CBASE' "a variable of ours, given from outside" make -s image CBASE=-O0
fails 2 'only .* can be set, found CBASE' "the same, through the environment" env MAKEFLAGS=CBASE=-O0 make -s image
fails 2 'make -e is not supported' "make -e" make -s -e image
echo 'X = 1' >"$TAP_TMP/x.mk"
fails 2 'Makefile expected to be read first' "a makefile before ours" env MAKEFILES="$TAP_TMP/x.mk" make -s image
mkdir -p "$TAP_TMP/cd/recipes/hello" "$TAP_TMP/cd/env"
echo decoy >"$TAP_TMP/cd/recipes/hello/hello.c"
check "CDPATH does not disturb" env CDPATH="$TAP_TMP/cd" make -s image
decoy=$(sha256sum <"$TAP_TMP/cd/recipes/hello/hello.c")
check "nor lead elsewhere" sh -c '! grep -q "$1" out/hello/inputs' sh "${decoy%% *}"
mkdir "$TAP_TMP/unreadable"
echo secret >"$TAP_TMP/unreadable/file"
chmod 0 "$TAP_TMP/unreadable/file"
chmod a+x "$TAP_TMP"
nobody=
[ "$(id -u)" -ne 0 ] || nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
cp env/digest "$TAP_TMP/digest"
# shellcheck disable=SC2086 # a list of words
fails 4 'DIGEST-READ' "a digest of what cannot be read" $nobody sh "$TAP_TMP/digest" "$TAP_TMP/unreadable"

# The hook: clocks and folders as a step sees them, and only where nothing is published.
hooked="$TAP_TMP/hooked"
mkdir "$hooked"
step()
{
	MINTMARK_OUT=$hooked MINTMARK_TEST_PRELOAD="$out/parts/test/vary/$1.so" env/run --name hooked \
		--out r="$hooked/r" -- sh -c "mkdir /mint/work/d && cd /mint/work/d && touch a b c d e f g && ($2) >/mint/out/r"
}
fails 2 'STEP-HOOK: MINTMARK_TEST_PRELOAD: only where .*/.test-only exists' "the hook where results are published" \
	step clock true
: >"$hooked/.test-only"
step clock 'date +%Y' >"$TAP_TMP/log" 2>&1
check "the clock of a step is a year ahead" [ "$(cat "$hooked/r")" = $(($(date -u -d '+1 day +1 hour +2 minutes' +%Y) + 1)) ]
env/run --name plain --out r="$hooked/plain" -- sh -c \
	'mkdir /mint/work/d && cd /mint/work/d && touch a b c d e f g && ls -U >/mint/out/r' >/dev/null 2>&1
step dirorder 'ls -U' >"$TAP_TMP/log" 2>&1
check "a step sees its folders in another order" sh -c '! cmp -s "$1" "$2"' sh "$hooked/r" "$hooked/plain"
check "sorted, it is the same folder" [ "$(head -n 7 "$hooked/r" | sort | tr -d '\n')" = abcdefg ]

# A difference is shown where it is: two legs, one with another image.
for leg in one other; do
	mkdir -p "$TAP_TMP/$leg/checkout/out/libexec" "$TAP_TMP/$leg/checkout/out/hello/nitro-x86_64"
	cp out/libexec/eif "$TAP_TMP/$leg/checkout/out/libexec/"
	cp out/hello/nitro-x86_64/measurements.json "$TAP_TMP/$leg/checkout/out/hello/nitro-x86_64/"
done
cp out/hello/nitro-x86_64/image.eif "$TAP_TMP/one/checkout/out/hello/nitro-x86_64/"
out/bin/eif extract out/hello/nitro-x86_64/image.eif "$TAP_TMP/sections" >/dev/null
out/bin/eif build --kernel "$TAP_TMP/sections/kernel" --cmdline 'another line' \
	--ramdisk "$TAP_TMP/sections/ramdisk0" --ramdisk "$TAP_TMP/sections/ramdisk1" \
	-o "$TAP_TMP/other/checkout/out/hello/nitro-x86_64/image.eif" >/dev/null
check "a difference between images is shown" ci/difference image hello/nitro-x86_64/image.eif \
	"$TAP_TMP/one" "$TAP_TMP/other" "$TAP_TMP/shown"
check "by section" grep -q 'another line' "$TAP_TMP/shown/difference.txt"
check "naming the section" grep -q 'sections/cmdline' "$TAP_TMP/shown/difference.txt"
check "also as HTML" grep -q 'sections/cmdline' "$TAP_TMP/shown/difference.html"

# Audits: what is refused before anything is built.
make -s publish >"$TAP_TMP/log" 2>&1
ok $? "make publish" "$TAP_TMP/log"
release=$TAP_TMP/release
fresh()
{
	rm -rf "$release"
	cp -R out/hello/release "$release"
}
resum()
{
	(cd "$release" && find . -type f ! -name SHA256SUMS | sed 's,^\./,,' | LC_ALL=C sort | xargs sha256sum) >"$TAP_TMP/sums"
	cp "$TAP_TMP/sums" "$release/SHA256SUMS"
}
alter()
{
	printf X | dd of="$release/$1" bs=1 seek="${2:-100}" conv=notrunc 2>/dev/null
}
fails 2 'USAGE: make audit RELEASE=' "an audit of nothing" make -s audit
fails 2 'AUDIT-RELEASE: nowhere: a release folder' "an audit of what is not there" make -s audit RELEASE=nowhere
fails 2 'AUDIT-PREVIOUS: PREVIOUS: .*found "nowhere \$\(x\)"' "nor with such a release before" make -s audit RELEASE=. 'PREVIOUS=nowhere $(x)'
fresh
for file in $(cut -c 67- "$release/SHA256SUMS"); do
	fresh
	alter "$file" 3
	fails 2 "AUDIT-FILE: $file of the release: expected" "one altered byte: $file" make -s audit RELEASE="$release"
done
fresh
rm "$release/nitro-x86_64/manifest.json"
fails 2 'AUDIT-FILE: nitro-x86_64/manifest.json of the release: .*found none' "a missing file" \
	make -s audit RELEASE="$release"
fresh
rm "$release/SHA256SUMS"
fails 2 'AUDIT-FILE: .*/SHA256SUMS expected' "no SHA256SUMS" make -s audit RELEASE="$release"
for line in '../../etc/passwd' '/etc/passwd' '-rf' '.hidden' 'a/../../b'; do
	fresh
	printf '%064d  %s\n' 0 "$line" >>"$release/SHA256SUMS"
	fails 2 'AUDIT-SUMS: .*found \"' "a SHA256SUMS that names \"$line\"" make -s audit RELEASE="$release"
done
fresh
sed '$s/^[0-9a-f]*/0000000000000000000000000000000000000000000000000000000000000000/' \
	"$release/pins/musl.lock" >"$TAP_TMP/lock"
cp "$TAP_TMP/lock" "$release/pins/musl.lock"
resum
fails 2 'AUDIT-PINS: .*other pins than this checkout for: musl' "a release of other pins" make -s audit RELEASE="$release"
cp "$TAP_TMP/tap.log" "$TAP_TMP/seen"
check "the pins that differ are shown" grep -q '^  +a9a118bbe84d' "$TAP_TMP/seen"
fresh
sed 's/\("path":"init\/main.c","sha256":"\)[0-9a-f]/\1x/' "$release/nitro-x86_64/buildinfo.json" >"$TAP_TMP/info"
cp "$TAP_TMP/info" "$release/nitro-x86_64/buildinfo.json"
resum
fails 2 'AUDIT-TREE: .*these differ: init/main.c$' "a release of another revision" make -s audit RELEASE="$release"
fresh
sed 's/"PCR1": "./"PCR1": "x/' "$release/nitro-x86_64/measurements.json" >"$TAP_TMP/m"
cp "$TAP_TMP/m" "$release/nitro-x86_64/measurements.json"
resum
fails 2 'AUDIT-MEASUREMENTS: .*measurements.json is not what the image beside it measures' \
	"an altered measurement whose lists agree" make -s audit RELEASE="$release"

# What is left to the comparison with what was rebuilt: whoever alters a file can alter the lists.
compared()
{
	resum
	fails 1 "AUDIT-DIFFERENT: $1: what was published is not what comes out" "$2" \
		ci/compare-release "$release" out recipes/hello
}
fresh
check "a release agrees with the build it was made of" ci/compare-release "$release" out recipes/hello
check "and so does its measurements.json alone" \
	ci/compare-release "$release/nitro-x86_64/measurements.json" out recipes/hello
for file in $(cut -c 67- "$release/SHA256SUMS"); do
	case $file in
	*/measurements.json | */components.sha256) want='.*' ;;
	*) want=$file ;;
	esac
	fresh
	alter "$file" 3
	compared "$want" "altered, with lists to match: $file"
done
fresh
sed '1s/^./x/' "$release/nitro-x86_64/components.sha256" >"$TAP_TMP/c"
cp "$TAP_TMP/c" "$release/nitro-x86_64/components.sha256"
compared "$(sed -n '1s/^[^ ]*  //p' "$TAP_TMP/c")" "an altered component"
for line in 1 5; do
	fresh
	sed "$line,\$d" out/hello/release/nitro-x86_64/components.sha256 >"$release/nitro-x86_64/components.sha256"
	compared '.*' "a list of components cut short before line $line"
done
for file in nitro-x86_64/extra prod/image.eif pins/other.lock pins/linux.root.sha256 recipe/extra.c 'recipe/image.conf '; do
	fresh
	mkdir -p "$release/${file%/*}"
	echo evil >"$release/$file"
	fails 1 'AUDIT-DIFFERENT: ' "a file that nobody built: \"$file\"" ci/compare-release "$release" out recipes/hello
done
for file in recipe/hello.c recipe pins nitro-x86_64/components.sha256 nitro-x86_64/buildinfo.json; do
	fresh
	rm -r "${release:?}/$file"
	compared '.*' "without $file, with lists to match"
done
fresh
tail -n 1 out/hello/release/SHA256SUMS | tr -d '\n' | sed 's/^./x/' >"$TAP_TMP/last"
sed '$d' out/hello/release/SHA256SUMS | cat - "$TAP_TMP/last" >"$release/SHA256SUMS"
fails 1 'AUDIT-DIFFERENT: SHA256SUMS: ' "a list whose last line has no end" ci/compare-release "$release" out recipes/hello
for file in nitro-x86_64/image.eif recipe/image.conf SHA256SUMS; do
	fresh
	rm "$release/$file"
	ln -s "$PWD/out/hello/release/$file" "$release/$file"
	fails 2 'AUDIT-NAME: .* a file or a folder expected' "a link in place of $file" make -s audit RELEASE="$release"
done
fresh
rm "$release/pins/musl.lock"
mkfifo "$release/pins/musl.lock"
fails 2 'AUDIT-NAME: ' "a fifo" make -s audit RELEASE="$release"
fresh
for path in /dev/zero ../../etc/passwd; do
	sed "s,\"path\":\"init/main.c\",\"path\":\"$path\"," out/hello/release/nitro-x86_64/buildinfo.json \
		>"$release/nitro-x86_64/buildinfo.json"
	resum
	fails 2 'AUDIT-BUILDINFO: .*paths inside of the repository' "a buildinfo that names $path" make -s audit RELEASE="$release"
done
fresh
sed 's/"Recipe": "hello"/"Recipe": "evil"/' out/hello/release/nitro-x86_64/measurements.json \
	>"$release/nitro-x86_64/measurements.json"
printf "SOURCE = program:x.c';touch %s/PWNED;:'\nARG = /x\n" "$TAP_TMP" >"$release/recipe/image.conf"
resum
fails 2 'RECIPE-MISSING: recipes/evil expected' "a recipe that nobody has read is not built" make -s audit RELEASE="$release"
fails 2 'RECIPE-SYNTAX: .*KIND:PLACE expected' "nor does a shell see what it says" \
	make -s audit RELEASE="$release" RECIPE="$release/recipe"
check "nothing of it ran" [ ! -e "$TAP_TMP/PWNED" ]
echo '{}' >"$TAP_TMP/m.json"
fails 2 'AUDIT-MEASUREMENTS: .*members Recipe and Target expected' "a JSON of something else" make -s audit RELEASE="$TAP_TMP/m.json"
for key in PCR0 PCR1 PCR2 TreeDigest FileSha256; do
	sed "s/\"$key\": \"./\"$key\": \"x/" out/hello/nitro-x86_64/measurements.json >"$TAP_TMP/m.json"
	fails 1 "AUDIT-DIFFERENT: $key: " "an altered $key" ci/compare-release "$TAP_TMP/m.json" out recipes/hello
done

# Interrupted in the middle of its build.
# interrupted WORD STATUS COMMAND...: when it says that it is "unpacking toolchain", or has unpacked it.
interrupted()
{
	word=$1
	want=$2
	shift 2
	# What the one before said must not count for this one, which empties the file only when it runs.
	: >"$TAP_TMP/log"
	"$@" >"$TAP_TMP/log" 2>&1 &
	pid=$!
	# A busy machine takes its time for that; a build that ended is not waited for.
	ticks=6000
	until grep -q "$word toolchain" "$TAP_TMP/log" || [ $ticks -eq 0 ]; do
		kill -0 $pid 2>/dev/null || ticks=1
		ticks=$((ticks - 1))
		sleep 0.1
	done
	ok $((ticks == 0)) "$*: gets to its build" "$TAP_TMP/log"
	kill -TERM $pid
	wait $pid
	got=$?
	echo "status $got" >>"$TAP_TMP/log"
	ok $((got != want)) "$1, interrupted: ends with $want" "$TAP_TMP/log"
	# make does not wait for what it ended to clean up.
	ticks=600
	until [ -z "$(ls -A "$TMPDIR")" ] || [ $ticks -eq 0 ]; do
		ticks=$((ticks - 1))
		sleep 0.1
	done
	check "$1, interrupted: leaves nothing" [ -z "$(ls -A "$TMPDIR")" ]
}
fresh
find out/hello out/parts -type f | LC_ALL=C sort | xargs ls -ln >"$TAP_TMP/before"
interrupted unpacked 130 ci/audit "$release"
interrupted unpacking 143 make -s audit RELEASE="$release" VARY="umask tz"
interrupted unpacking 130 ci/verify
find out/hello out/parts -type f | LC_ALL=C sort | xargs ls -ln >"$TAP_TMP/after"
check "interrupted audits and verifications leave out/ as it was" cmp "$TAP_TMP/before" "$TAP_TMP/after"
check "and no build in memory" sh -c '! ls -d /dev/shm/mintmark-audit.* /dev/shm/mintmark-verify.* 2>/dev/null'
finish_tap
