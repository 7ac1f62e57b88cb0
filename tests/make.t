#!/bin/sh
# What a person who types make sees: nothing rebuilt the second time, only what depends on a change, no
# network after fetch, clear errors and a next run that succeeds after an interruption or a full disk. Runs
# on the host, from the top of the checkout, after `make image`; its own recipes live in a temporary folder.
# shellcheck disable=SC2016,SC2086 # the inner shells expand; $isolate is a list of words
set -u
. tests/tap.sh
unset MINTMARK_RUN MAKEFLAGS MFLAGS MAKELEVEL RECIPE ROOTFS
export TARGETS=nitro-x86_64 # hello has one more, whose kernel these tests do not wait for
out=$PWD/out
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP" "$out/mine" "$out/full"' EXIT

state()
{
	find out/parts out/hello out/bin out/libexec -type f -printf '%p %T@ %s\n' | sort
}

# The default image.
make -s image >"$TAP_TMP/table" 2>&1
ok $? "make image" "$TAP_TMP/table"
m=out/hello/nitro-x86_64/measurements.json
value()
{
	sed -n "s/^ *\"$1\": *\"\\([^\"]*\\)\".*/\\1/p" "$2" | head -n 1
}
for name in PCR0 PCR1 PCR2 TreeDigest; do
	check "the table shows $name of measurements.json" grep -q "$name *$(value $name $m)" "$TAP_TMP/table"
done
sum=$(sha256sum <out/hello/nitro-x86_64/image.eif)
check "the table shows the sha256 of the file" grep -q "image .*${sum%% *}" "$TAP_TMP/table"
check "measurements.json has the sha256 of the file" [ "$(value FileSha256 $m)" = "${sum%% *}" ]
check "image.eif has at most 4.5 MB" [ "$(wc -c <out/hello/nitro-x86_64/image.eif)" -le 4500000 ]
check "bzImage has at most 4 MB" [ "$(wc -c <out/parts/nitro-x86_64/kernel/bzImage)" -le 4000000 ]
state >"$TAP_TMP/before"
make -s image >/dev/null 2>&1
state >"$TAP_TMP/after"
check "a second make image rebuilds nothing" cmp "$TAP_TMP/before" "$TAP_TMP/after"
check "the image is what recipes/hello/expected says" ci/expected hello
for file in initrd.cpio image.eif measurements.json buildinfo.json; do
	rm out/hello/nitro-x86_64/$file
	[ $file != measurements.json ] || rm out/hello/nitro-x86_64/image.eif
	check "without $file, make image brings it back" sh -c 'make -s image && ci/expected hello'
done
state >"$TAP_TMP/before"
check "make -q agrees for every file" make -s -q out/parts/nitro-x86_64/ramdisk0.cpio out/bin/eif out/bin/rootfs
check "make help lists the targets" sh -c 'make -s help | grep -q "make image  "'
check "the commands run on this host" sh -c 'out/bin/eif --version && out/bin/rootfs --version'

# A recipe elsewhere; changing its source changes what depends on it, and nothing else.
mine=$TAP_TMP/mine
mkdir "$mine"
cp recipes/hello/hello.c recipes/hello/image.conf "$mine/"
check "a recipe in a folder elsewhere" make -s image RECIPE="$mine"
check "it shares PCR1 with hello: same kernel, same init" \
	[ "$(value PCR1 out/mine/nitro-x86_64/measurements.json)" = "$(value PCR1 $m)" ]
check "it has hello's tree digest: same files" \
	[ "$(value TreeDigest out/mine/nitro-x86_64/measurements.json)" = "$(value TreeDigest $m)" ]
check "but not its PCR2: another name" \
	[ "$(value PCR2 out/mine/nitro-x86_64/measurements.json)" != "$(value PCR2 $m)" ]
cp out/mine/nitro-x86_64/image.eif "$TAP_TMP/first.eif"
sed 's/hello: ready/hello: READY/' "$mine/hello.c" >"$mine/new.c"
mv "$mine/new.c" "$mine/hello.c"
if [ "$(id -u)" -eq 0 ]; then isolate="unshare --net"; else isolate="unshare --user --map-root-user --net"; fi
check "without network, after a change of the source" $isolate make -s image RECIPE="$mine"
check "the changed source is in the image" sh -c '! cmp -s out/mine/nitro-x86_64/image.eif "$1"' sh "$TAP_TMP/first.eif"
state >"$TAP_TMP/after"
check "nothing that others share was rebuilt" cmp "$TAP_TMP/before" "$TAP_TMP/after"

# Roots of the user's own: folder and tarball are the same image.
mkdir -p "$TAP_TMP/tree/bin" "$TAP_TMP/tree/etc"
echo '#!/bin/sh' >"$TAP_TMP/tree/bin/app"
chmod 0755 "$TAP_TMP/tree/bin/app" "$TAP_TMP/tree" "$TAP_TMP/tree/bin" "$TAP_TMP/tree/etc"
echo conf >"$TAP_TMP/tree/etc/conf"
chmod 0644 "$TAP_TMP/tree/etc/conf"
tar -c -f "$TAP_TMP/tree.tar" -C "$TAP_TMP/tree" --owner=0 --group=0 .
check "ROOTFS=dir:" make -s image RECIPE="$mine" ROOTFS="dir:$TAP_TMP/tree"
cp out/mine/nitro-x86_64/image.eif "$TAP_TMP/dir.eif"
check "ROOTFS=tar:" make -s image RECIPE="$mine" ROOTFS="tar:$TAP_TMP/tree.tar"
check "the same image from a folder and from a tarball" cmp "$TAP_TMP/dir.eif" out/mine/nitro-x86_64/image.eif
echo other >"$TAP_TMP/tree/etc/conf"
check "a change in the folder" make -s image RECIPE="$mine" ROOTFS="dir:$TAP_TMP/tree"
check "gives another image" sh -c '! cmp -s out/mine/nitro-x86_64/image.eif "$1"' sh "$TAP_TMP/dir.eif"

# What changes by content alone, and what does not touch the ramdisk.
check "the recipe's own root again" make -s image RECIPE="$mine"
cp out/mine/nitro-x86_64/image.eif "$TAP_TMP/first.eif"
sed 's/hello: READY/hello: Ready/' "$mine/hello.c" >"$mine/new.c"
touch -d '2001-01-01' "$mine/new.c"
mv "$mine/new.c" "$mine/hello.c"
check "a source replaced by an older file" make -s image RECIPE="$mine"
check "is in the image" sh -c '! cmp -s out/mine/nitro-x86_64/image.eif "$1"' sh "$TAP_TMP/first.eif"
# packs: one of several at once into the same folder.
packs()
{
	MINTMARK_OUT=$out rootfs/pack-recipe "$mine" nitro-x86_64 none out/mine/inputs "$TAP_TMP/packed" out/mine/nitro-x86_64/root program:hello.c
}
several()
{
	packs & one=$!
	packs & two=$!
	packs && wait $one && wait $two && cmp "$TAP_TMP/packed/initrd.cpio" out/mine/nitro-x86_64/initrd.cpio
}
check "several pack a recipe at once" several
# A layout with a tree that stays, under another digest.
layout()
{
	rm -rf "$TAP_TMP/oci"
	mkdir -p "$TAP_TMP/oci/blobs/sha256"
	put()
	{
		sum=$(sha256sum <"$1")
		mv "$1" "$TAP_TMP/oci/blobs/sha256/${sum%% *}"
		size=$(wc -c <"$TAP_TMP/oci/blobs/sha256/${sum%% *}")
		printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s}' "$2" "${sum%% *}" "$size"
	}
	cp "$TAP_TMP/tree.tar" "$TAP_TMP/blob"
	sum=$(sha256sum <"$TAP_TMP/blob")
	layer=$(put "$TAP_TMP/blob" layer.v1.tar)
	printf '{"architecture":"amd64","os":"linux","author":"%s","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$1" "${sum%% *}" >"$TAP_TMP/blob"
	config=$(put "$TAP_TMP/blob" config.v1+json)
	printf '{"schemaVersion":2,"config":%s,"layers":[%s]}' "$config" "$layer" >"$TAP_TMP/blob"
	manifest=$(put "$TAP_TMP/blob" manifest.v1+json)
	printf '{"schemaVersion":2,"manifests":[%s]}' "$manifest" >"$TAP_TMP/oci/index.json"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$TAP_TMP/oci/oci-layout"
	digest=$(printf '%s' "$manifest" | sed 's/.*"digest":"\([^"]*\)".*/\1/')
	make -s image RECIPE="$mine" ROOTFS="oci:$TAP_TMP/oci" &&
		grep -qxF "{\"kind\":\"oci\",\"digest\":\"$digest\"}" out/mine/nitro-x86_64/buildinfo.json
}
check "an image in a layout, by its digest in buildinfo.json" layout one
cp -p out/mine/nitro-x86_64/initrd.cpio "$TAP_TMP/first.cpio"
check "another with the same tree, by its own" layout two
check "with the same ramdisk, which is not written again" sh -c '[ -z "$(find "$1" -newer "$2")" ] && cmp "$1" "$2"' sh \
	out/mine/nitro-x86_64/initrd.cpio "$TAP_TMP/first.cpio"

# Several sources: nothing of a folder is lost, and of files the owner's bit counts.
printf 'SOURCE = dir:tree\nSOURCE = files:more\nARG = /bin/app\n' >"$mine/image.conf"
cp -Rp "$TAP_TMP/tree" "$mine/tree"
mkdir "$mine/more"
: >"$mine/more/group"
: >"$mine/more/owner"
chmod 0654 "$mine/more/group"
chmod 0744 "$mine/more/owner"
manifest=out/mine/nitro-x86_64/manifest.json
check "a folder and files over it" make -s image RECIPE="$mine"
check "a file that only its group executes is 0644" grep -q '"path":"rootfs/group",.*"mode":"0644"' $manifest
check "one that its owner executes is 0755" grep -q '"path":"rootfs/owner",.*"mode":"0755"' $manifest
# A user may in a namespace, and sees it only in one, as a build does; the program is in root's folders.
PATH=$PATH:/usr/sbin:/sbin
if { setcap cap_net_raw+ep "$mine/tree/bin/app" || unshare --user --map-root-user setcap cap_net_raw+ep "$mine/tree/bin/app"; } 2>/dev/null; then
	check "with a file capability" make -s image RECIPE="$mine"
	check "which is kept" grep -q 'security.capability' $manifest
else
	skip "a file capability" "setcap expected"
fi
if perl -MIO::Socket::UNIX -e 'chdir shift; IO::Socket::UNIX->new(Listen => 1, Local => "s") or exit 1' "$mine/tree" 2>/dev/null; then
	fails 2 'DIR-SOCKET: .*s: ' "a socket in it is refused" make -s image RECIPE="$mine"
	rm "$mine/tree/s"
else
	skip "a socket" "perl expected"
fi
rm -rf "$mine/tree" "$mine/more"

# Mistakes.
fails 2 'RECIPE-MISSING: .*recipes here are: .*hello' "a recipe that is not there" make -s image RECIPE=nowhere
mistake()
{
	printf '%s\n' "$1" >"$mine/image.conf"
	fails 2 "$2" "$3" make -s image RECIPE="$mine"
}
mistake 'ARG /bin/x' 'RECIPE-SYNTAX: .*/mine/image.conf line 1: KEY = value expected' "a recipe with a line that is none"
mistake 'AGR = /bin/x' 'RECIPE-SYNTAX: .* a known key expected, found "AGR"' "a recipe with an unknown key"
mistake 'SOURCE = docker:x' 'KIND:PLACE expected .program, files, dir, tar, oci,' "a recipe with an unknown source"
mistake 'SOURCE = tar:x.tar' 'at least one ARG expected' "a recipe without a command"
mistake 'SOURCE = docker://mint/app:1' 'RECIPE-TAG: .*make lock IMAGE=docker://mint/app:1 RECIPE=.*/mine pins it' "an image by its tag"
mistake 'SOURCE = files:../x' 'KIND:PLACE expected' "files of another folder"
fails 2 'RECIPE-TAG: ROOTFS: .*make lock IMAGE=docker://mint/app:1 pins it' "ROOTFS= with a tag" \
	make -s image ROOTFS=docker://mint/app:1
# Nothing that a word says is run.
for word in "RECIPE=/x;touch $TAP_TMP/ran" "RECIPE=\$(shell touch $TAP_TMP/ran)" "ROOTFS=dir:x';touch $TAP_TMP/ran;'" \
	"IMAGE=x\`touch $TAP_TMP/ran\`" 'RECIPE=a b' "VARY=x;touch $TAP_TMP/ran"; do
	fails 2 "${word%%=*}: (one word|words) of .* expected, found" "$(printf %s "$word" | sed "s,$TAP_TMP/,,") is refused" make -n image "$word"
done
check "without being run" [ ! -e "$TAP_TMP/ran" ]
for word in RELEASE LEG MIRROR KEY RELEASES; do
	make -s audit RELEASE=/nowhere "$word=/nowhere/\$(shell touch $TAP_TMP/ran)" >"$TAP_TMP/log" 2>&1
	check "what $word says is not run" [ ! -e "$TAP_TMP/ran" ]
done
fails 2 'AUDIT-RELEASE: /nowhere/\$\(shell x\) \$HOME: ' "but stays what it is" make -s audit 'RELEASE=/nowhere/$(shell x) $HOME'
for word in RECIPE= RECIPE=/ RECIPE=./; do
	fails 2 'RECIPE: the name or folder of a recipe expected' "$word is refused" make -n image "$word"
done
printf 'SOURCE = tar:x.tar\nARG = a\000user=root\n' >"$mine/image.conf"
fails 3 'RECIPE-SYNTAX: .*text without control characters expected' "a NUL in a recipe" env/recipe "$mine" runspec
printf 'SOURCE = tar:x.tar\nARG = \303\244\n' >"$mine/image.conf"
check "UTF-8 is text" env/recipe "$mine" runspec
fails 3 "RECIPE-SYNTAX: $TAP_TMP/fresh/image.conf line 2: .*\"dir:/a&b\"" "make new with a place of other characters names the user's folder" \
	env/new "$TAP_TMP/fresh" 'dir:/a&b'
check "and writes nothing" [ ! -e "$TAP_TMP/fresh" ]
printf '{"config.digest":"x","config":{"digest":"y"}}' >"$TAP_TMP/json"
check "a name with a dot in it is no path" sh -c '[ "$(awk -f env/json.awk "$1" | grep "^\.config\.digest")" = "$(printf ".config.digest\ty")" ]' sh "$TAP_TMP/json"
printf 'SOURCE = tar:nowhere.tar\nARG = /x\n' >"$mine/image.conf"
fails 2 'RECIPE-ARCH: .*packages of arm64 for nitro-aarch64 expected, found .*_amd64.deb' "packages of another processor" \
	env MINTMARK_OUT="$out" rootfs/pack-recipe recipes/nginx nitro-aarch64 none out/mine/inputs "$TAP_TMP/packed" none \
	debs:recipes/nginx/pins.lock
check "x86_64 needs nothing of aarch64" sh -c 'make -n -B image >"$1" && grep -q -e "--out image.eif=" "$1" && ! grep aarch64 "$1"' \
	sh "$TAP_TMP/planned"
check "make image alone builds hello for enclaves and for realms" sh -c '
	unset TARGETS && make -n -B image >"$1" && grep -q -e "--out image.eif=out/hello/nitro-x86_64/" "$1" &&
		grep -q -e "--out image.igvm=out/hello/cca-aarch64/" "$1"' sh "$TAP_TMP/both"
check "and make run boots the enclave" sh -c 'env -u TARGETS make -n -B run >"$1" && grep -q run-image "$1" && ! grep aarch64 "$1"' \
	sh "$TAP_TMP/planned"
check "aarch64 needs neither kernel nor libc of x86_64" sh -c 'make -n -B image TARGETS=nitro-aarch64 >"$1" &&
	grep -q -e "--out image.eif=out/hello/nitro-aarch64/" "$1" && ! grep -E "parts/(nitro-)?x86_64" "$1"' sh "$TAP_TMP/planned"
check "a realm alone: no image of an enclave, nothing of Nitro's kernel or of x86_64" sh -c 'make -n -B image TARGETS=cca-aarch64 >"$1" &&
	grep -q -e "--out image.igvm=out/hello/cca-aarch64/" "$1" && ! grep -E "image\.eif|parts/(nitro-|x86_64)|recipes/linux/" "$1"' \
	sh "$TAP_TMP/planned"
check "and enclaves do not need its kernel" sh -c 'make -n -B image TARGETS="nitro-x86_64 nitro-aarch64" >"$1" &&
	grep -q -e "--out image.eif=out/hello/nitro-aarch64/" "$1" && ! grep -E "cca|realm|recipes/linux-cca" "$1"' sh "$TAP_TMP/planned"
fails 2 'REALM=1: TARGET=cca-aarch64 expected' "an enclave cannot run in a realm" make -s run REALM=1 RMM_STACK=.
fails 2 'REALM=1: RMM_STACK=FOLDER expected' "a realm without a stack" make -s run TARGET=cca-aarch64 REALM=1
fails 2 'ENV-INPUT: .*nowhere.tar: a file or folder expected' "a root that is not there" make -s image RECIPE="$mine"
echo junk >"$mine/nowhere.tar"
fails 2 'rootfs: [A-Z-]+: ' "a root that is no tarball" make -s image RECIPE="$mine"
fails 2 'JOBS: a number' "a senseless JOBS" make -s image RECIPE="$mine" JOBS=x

# Interrupted, then once more.
cp recipes/hello/image.conf "$mine/"
rm -rf out/mine
setsid make -s image RECIPE="$mine" >"$TAP_TMP/log" 2>&1 &
pid=$!
ticks=200
while [ -z "$(ls out/.work)" ] && [ $ticks -gt 0 ]; do
	ticks=$((ticks - 1))
	sleep 0.05
done
kill -TERM "-$pid"
wait $pid
check "an interrupted make leaves no image" [ ! -e out/mine/nitro-x86_64/image.eif ]
check "no work folder is left" sh -c 'sleep 1; [ -z "$(ls out/.work)" ]'
check "the next run succeeds" make -s image RECIPE="$mine"

# A full disk under out/.
if [ "$(id -u)" -ne 0 ]; then
	skip "a full disk" "needs root to mount a small file system"
else
	mkdir -p out/full
	full()
	{
		unshare --mount sh -c '
			mount --make-rprivate / && mount -t tmpfs -o size=64k tmpfs "$1/full" &&
			MINTMARK_OUT=$1/full env/run --name step --out r="$1/full/r" -- \
				dd if=/dev/zero of=/mint/out/r bs=1000 count=1000' sh "$out"
	}
	fails 4 'STEP-DISK: step failed .* found it full' "a full disk: status 4, and the reason" full
fi
finish_tap
