#!/bin/sh
# What two legs are compared by: the same build laid down twice agrees, as folders and as tar files; each byte that another
# machine's leg has otherwise is named, whether lists name its file or not, and leaves a report; damaged legs are refused. Legs are laid
# down from this checkout's out/, and where one is built, a stand-in for the Makefile does it at once: `make ci-legs`, in make verify-full,
# is the real thing. Runs on the host, from the top of the checkout, after `make image`.
# shellcheck disable=SC2016 # the inner shells expand
set -u
. tests/tap.sh
unset MAKEFLAGS MFLAGS MAKELEVEL RECIPE ROOTFS VARY LEG MIRROR BUNDLE
export TARGETS=nitro-x86_64 # hello has one more, whose kernel these tests do not wait for
TAP_TMP=$(mktemp -d)
trap 'chmod -R u+w "$TAP_TMP"; rm -rf "$TAP_TMP"' EXIT
trap 'exit 130' INT TERM HUP
export MINTMARK_RUN="legs.$$" MINTMARK_OUT="$PWD/out"
one=$TAP_TMP/one
other=$TAP_TMP/other
report=$TAP_TMP/report
image=out/hello/nitro-x86_64/image.eif

make -s image out/bin/attest out/bin/eif >"$TAP_TMP/log" 2>&1
ok $? "the image is there" "$TAP_TMP/log"
check "a leg is laid down" ci/lay-leg "$one" recipes/hello nitro-x86_64
check "twice, whatever PREVIOUS says" env PREVIOUS="$TAP_TMP/nowhere" ci/lay-leg "$TAP_TMP/kept" recipes/hello nitro-x86_64
check "the same" diff -r "$one" "$TAP_TMP/kept"
check "every component is in it, or its value" sh -c '
	ci/components hello nitro-x86_64 | while read -r name path rest; do
		[ "$path" = - ] || [ -e "$1/out/${path%#*}" ] || case $rest in *optional) ;; *) echo "$name"; exit 1 ;; esac
	done' sh "$one"
check "its release is the one of make publish" sh -c 'cd "$1/release" && sha256sum -c SHA256SUMS && [ -s nitro-x86_64/image.eif ]' sh "$one"
# For speed most of musl's files go from both; sums are made anew all the same.
find "$one/out/parts/x86_64/musl" "$TAP_TMP/kept/out/parts/x86_64/musl" -type f ! -name libc.a -exec rm -f {} +
printf 'recipe hello\nsystem Debian 12\n' >"$one/about"
fresh()
{
	rm -rf "$other"
	cp -R "$TAP_TMP/kept" "$other"
	printf 'recipe hello\nsystem Another <b>|`\n' >"$other/about"
}
compare()
{
	ci/compare-legs --brief "$one" "$other" "$report"
}

fresh
check "legs of two machines agree" compare
check "the report says so" grep -q '^bit-identical: [0-9]* files of hello' "$report/report.txt"
check "the summary has a row for each component" sh -c '[ "$(grep -c "| same |" "$1")" -ge 20 ]' sh "$report/summary.md"
check "and both machines, with nothing of theirs that a page could run" grep -qF '| system | | Debian 12 | Another b |' "$report/summary.md"
check "what both came to is the release" diff -r "$report/release" "$one/release"
tar -c -f "$TAP_TMP/one.tar" -C "$one" .
tar -c -f "$TAP_TMP/other.tar" -C "$other" .
check "so do they as tar files" ci/compare-legs --brief "$TAP_TMP/one.tar" "$TAP_TMP/other.tar" "$report"

# planted NAME FILE [BYTE]: one byte of a file of the other leg is another; NAME is what has to be named.
planted()
{
	fresh
	at=${3:-100}
	printf "\333" | dd of="$other/$2" bs=1 seek="$at" conv=notrunc 2>/dev/null
	fails 1 "LEGS-DIFFERENT: the first that differs is $1 .*$2: byte $((at + 1)): expected 0x[0-9a-f]{2}, found 0xdb; 1 differ" \
		"one byte of $2: $1 is named" compare
	check "and the report has it" grep -q "DIFFERENT: the first component that differs is $1" "$report/report.txt"
	check "and no release" [ ! -e "$report/release" ]
}
planted musl out/parts/x86_64/musl/lib/libc.a 5000
planted kernel out/parts/nitro-x86_64/kernel/bzImage
planted kernel-config out/parts/nitro-x86_64/kernel/kernel.config
planted init out/parts/nitro-x86_64/init/init
planted eif out/libexec/eif
planted runspec out/hello/nitro-x86_64/runspec 3
planted ramdisk0 out/parts/nitro-x86_64/ramdisk0.cpio
planted manifest out/hello/nitro-x86_64/manifest.json
planted image $image 4000
planted buildinfo out/hello/nitro-x86_64/buildinfo.json
planted release release/provenance.json
planted release release/recipe/hello.c
fresh
sed 's/"PCR2": "./"PCR2": "e/' "$other/out/hello/nitro-x86_64/measurements.json" >"$TAP_TMP/m"
cmp -s "$TAP_TMP/m" "$other/out/hello/nitro-x86_64/measurements.json" && sed 's/"PCR2": "./"PCR2": "d/' "$TAP_TMP/kept/out/hello/nitro-x86_64/measurements.json" >"$TAP_TMP/m"
cp "$TAP_TMP/m" "$other/out/hello/nitro-x86_64/measurements.json"
fails 1 'LEGS-DIFFERENT: the first that differs is PCR2 ' "another PCR2" compare
fresh
sed 's/^environment-toolchain ./environment-toolchain 0/; s/^environment-toolchain 0\(.\)/environment-toolchain 1\1/' \
	"$TAP_TMP/kept/components/nitro-x86_64" >"$other/components/nitro-x86_64"
fails 1 'LEGS-DIFFERENT: the first that differs is environment-toolchain' "another environment" compare
fresh
rm "$other/$image"
fails 1 'LEGS-DIFFERENT: the first that differs is image .*only in the first leg' "an image that is not there" compare
fresh
echo x >"$other/release/nitro-x86_64/extra"
fails 1 'LEGS-DIFFERENT: the first that differs is release .*extra: only in the other leg' "a file that no list names" compare
fresh
echo x >"$other/out/unlisted"
fails 1 'LEGS-DIFFERENT: .*out/unlisted: only in the other leg' "nor in out/" compare
fresh
printf X >>"$other/$image"
fails 1 'LEGS-DIFFERENT: the first that differs is image .*and [0-9]+ bytes are [0-9]+' "an image that goes on" compare
fresh
rm "$other/$image" && ln -s "$PWD/$image" "$other/$image"
fails 3 'LEGS-LEG: .*found ./out/hello/nitro-x86_64/image.eif' "a link in the place of the image" compare
fresh
mkdir -p "$other/out/x/y/root"
ln -s "$TAP_TMP/secret" "$other/out/x/y/root/link"
fails 1 'LEGS-DIFFERENT: .*out/x/y/root/link: only in the other leg' "a link in a root" compare
fresh
chmod a-x,a-w "$other/release/recipe/hello.c"
fails 1 'LEGS-DIFFERENT: the first that differs is release' "another mode in the release" compare
fresh
sed -i '/^kernel /d' "$other/components/nitro-x86_64"
printf '\000' | dd of="$other/out/parts/nitro-x86_64/kernel/bzImage" bs=1 seek=100 conv=notrunc 2>/dev/null
fails 1 'LEGS-DIFFERENT: the first that differs is kernel ' "a list without kernel hides none" compare
fresh
: >"$one/components/nitro-aarch64"
echo "PCR0 00 hello/nitro-aarch64/measurements.json#PCR0" >"$one/components/nitro-aarch64"
fails 1 'LEGS-DIFFERENT: the first that differs is PCR0' "a target that nobody built" compare
rm "$one/components/nitro-aarch64"

# A difference is shown where it is: in a section, or, of the checksum over all of them, in the file.
shown()
{
	[ "$1" -eq 4000 ] && echo 'one/sections/kernel' || echo 'one/image.eif'
}
fresh
out/bin/eif extract "$other/$image" "$TAP_TMP/sections" >/dev/null
out/bin/eif build --kernel "$TAP_TMP/sections/kernel" --cmdline 'another line' --ramdisk "$TAP_TMP/sections/ramdisk0" \
	--ramdisk "$TAP_TMP/sections/ramdisk1" -o "$TAP_TMP/other.eif" >/dev/null
cp "$TAP_TMP/other.eif" "$other/$image"
fails 1 'LEGS-DIFFERENT: the first that differs is image' "an image with another command line" ci/compare-legs "$one" "$other" "$report"
check "diffoscope's report names the section" grep -q 'sections/cmdline' "$report/difference.txt"
check "shows its lines" grep -q '+another line' "$report/difference.txt"
check "and not when files were written" sh -c '! grep -q "^[^A-Za-z]*[-+] *Modify" "$1"' sh "$report/difference.txt"
check "also as HTML" grep -q 'sections/cmdline' "$report/difference.html"
for at in 4000 545; do
	fresh
	byte=$(od -An -tu1 -j $at -N 1 "$other/$image")
	# shellcheck disable=SC2059 # an escape
	printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$other/$image" bs=1 seek=$at conv=notrunc 2>/dev/null
	fails 1 'LEGS-DIFFERENT: the first that differs is image' "an image with another byte $at" ci/compare-legs "$one" "$other" "$report"
	check "is shown: $(shown $at)" grep -qE "$(shown $at)" "$report/difference.txt"
done
mkdir -p "$TAP_TMP/x/checkout/out" "$TAP_TMP/y/checkout/out"
ln -s "$PWD/LICENSE" "$TAP_TMP/x/checkout/out/link"
echo >"$TAP_TMP/y/checkout/out/link"
fails 1 'DIFFERENCE-NONE' "what a link leads to is not shown" ci/difference x link "$TAP_TMP/x" "$TAP_TMP/y" "$TAP_TMP/shown"

# What is no leg.
fails 2 'LEGS-LEG: .*nowhere: a leg expected' "a leg that is not there" ci/compare-legs --brief "$one" "$TAP_TMP/nowhere" "$report"
head -c 100000 "$TAP_TMP/one.tar" >"$TAP_TMP/short.tar"
fails 3 'LEGS-LEG: .*a whole tar file' "a tar file cut short" ci/compare-legs --brief "$one" "$TAP_TMP/short.tar" "$report"
fresh
rm -r "$other/components"
fails 3 'LEGS-LEG: .*a folder components expected' "a leg without components" compare
fresh
mkfifo "$other/out/pipe"
fails 3 'LEGS-LEG: .*found ./out/pipe' "a leg with a pipe" compare
for path in ../../../etc/passwd hello/../../x x/y/root/link/secret; do
	fresh
	echo "image 00 $path" >>"$other/components/nitro-x86_64"
	fails 3 'LEGS-LEG: components/nitro-x86_64' "a list that names $path" compare
done
mkdir "$TAP_TMP/evil"
echo x >"$TAP_TMP/evil-file"
tar -c -P -f "$TAP_TMP/evil.tar" -C "$TAP_TMP/evil" ../evil-file
fails 3 'LEGS-LEG: .*names inside of the leg' "a tar file that leads out" ci/compare-legs --brief "$one" "$TAP_TMP/evil.tar" "$report"

# Legs, before they build.
fails 2 'USAGE: leg ' "a leg without a place" ci/leg
fails 2 'LEG-FOLDER: .*a new folder' "a leg where something is" ci/leg "$one"
mkdir "$TAP_TMP/none"
fails 4 'LEG-MIRROR: .*MIRROR= names one' "a leg where apt names no Debian mirror" env APT_CONFIG_DIR="$TAP_TMP/none" ci/leg "$TAP_TMP/leg"
fails 2 'VARY-UNKNOWN' "a variation that there is not" env VARY=moon ci/leg "$TAP_TMP/leg"

# Both legs, in a checkout whose steps are stand-ins: each component is its name, and the kernel what "kernel" says.
tree=$TAP_TMP/tree
mkdir -p "$tree/attest" "$tree/recipes/hello" "$TAP_TMP/tmp"
cp -R ci env "$tree/"
cp recipes/hello/hello.c recipes/hello/image.conf "$tree/recipes/hello/"
for pins in toolchain musl busybox libtomcrypt linux; do
	mkdir -p "$tree/recipes/$pins"
	: >"$tree/recipes/$pins/pins.lock"
done
echo 00 >"$tree/recipes/toolchain/root.sha256"
printf '#!/bin/sh\nexit 0\n' >"$tree/env/fetch"
cp "$tree/env/fetch" "$tree/env/root"
printf '#!/bin/sh\nexit 4\n' >"$tree/env/run"
printf '#!/bin/sh\nmkdir "$1" && echo "$2" >"$1/SHA256SUMS"\n' >"$tree/attest/lay-down"
chmod +x "$tree/env/fetch" "$tree/env/root" "$tree/env/run" "$tree/attest/lay-down"
cat >"$tree/Makefile" <<'EOF'
image out/libexec/attest out/parts/nitro-x86_64/kernel/bzImage:
	@sh ./stand-in $@
EOF
cat >"$tree/stand-in" <<'EOF'
set -e
[ "$1" = image ] || { mkdir -p "${1%/*}" && sh ./kernel >"$1"; exit; }
ci/components hello nitro-x86_64 | while read -r name path rest; do
	[ "$path" != - ] && [ ! -e "out/${path%#*}" ] || continue
	mkdir -p "out/${path%/*}" && echo "$name" >"out/${path%#*}"
done
for name in TreeDigest PCR0 PCR1 PCR2; do
	printf '"%s": "00"\n' $name
done >out/hello/nitro-x86_64/measurements.json
. ./lacking
EOF
echo 'echo always the same' >"$tree/kernel"
: >"$tree/lacking"
in_tree()
{
	(
		unset MINTMARK_RUN
		export MIRROR=http://mirror.invalid/debian TMPDIR="$TAP_TMP/tmp" MINTMARK_OUT="$tree/out"
		cd "$tree" && "$@"
	)
}
check "two legs that build the same" in_tree ci/legs none
check "agree" grep -q '^bit-identical: ' "$tree/out/legs/report/report.txt"
check "and say where each was built" grep -q '^| kernel | | Linux ' "$tree/out/legs/report/summary.md"
check "a leg as a tar file" in_tree ci/leg "$TAP_TMP/leg.tar"
check "is the same leg" in_tree ci/compare-legs --brief out/legs/first "$TAP_TMP/leg.tar" "$report"
echo 'pwd' >"$tree/kernel"
fails 1 'LEGS-DIFFERENT: the first that differs is kernel .*bzImage: byte' "a kernel that has its path in it" in_tree ci/legs none
check "makes a report" grep -q '^DIFFERENT: the first component that differs is kernel' "$tree/out/legs/report/report.txt"
check "and no release" [ ! -e "$tree/out/legs/report/release" ]
echo 'rm out/parts/nitro-x86_64/init/init' >"$tree/lacking"
fails 1 'LEG-COMPONENT: init ' "a build that lacks a component" in_tree ci/leg "$TAP_TMP/none.tar"
echo 'exit 1' >"$tree/lacking"
fails 1 'LEG-BUILD: hello for nitro-x86_64 does not build' "one that fails" in_tree ci/leg "$TAP_TMP/none.tar"
check "is no leg" [ ! -e "$TAP_TMP/none.tar" ]
check "nothing is left behind" [ -z "$(ls -A "$TAP_TMP/tmp")" ]
finish_tap
