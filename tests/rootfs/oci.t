#!/bin/sh
# Tests of images: layouts, archives, their documents, and layers over each other; prints TAP.
# Environment: ROOTFS the rootfs command, CC to build mktar.c. umoci, where there is one, gives a second opinion.
# Never writes outside its own temporary folder; an ordinary user can run it.
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 99
umask 022
export TMPDIR="$work"
${CC:-cc} -o mktar -D_GNU_SOURCE "$here/mktar.c" || exit 99

# shellcheck source=tests/rootfs/command.sh
. "$here/command.sh"

# --- making images -----------------------------------------------------------------------------
oci=application/vnd.oci.image
docker=application/vnd.docker
digest() { sha256sum "$1" | cut -d' ' -f1; }
put() { # LAYOUT FILE: stores a blob; prints its digest's digits
	hex=$(digest "$2")
	cp "$2" "$1/blobs/sha256/$hex"
	echo "$hex"
}
descriptor() { # TYPE FILE: a descriptor of the file
	printf '{"mediaType":"%s","digest":"sha256:%s","size":%d}' "$1" "$(digest "$2")" "$(($(wc -c <"$2")))"
}
edit() { # FILE FILTER
	[ -z "$2" ] || { jq -c "$2" "$1" >edited && mv edited "$1"; }
}
# image LAYOUT LAYER...: a layout with one image. A layer that ends in .gz is said to be gzip. What is in
# $config, $manifest, $entry and $index are filters for jq that change these documents; sha256 and size in
# the documents that name them follow.
image() {
	layout=$1
	shift
	mkdir -p "$layout/blobs/sha256"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	ids='' layers=''
	for file; do
		hex=$(put "$layout" "$file")
		case $file in
		*.gz) type=$oci.layer.v1.tar+gzip id=$(gzip -dc "$file" | sha256sum | cut -d' ' -f1) ;;
		*) type=$oci.layer.v1.tar id=$hex ;;
		esac
		ids="$ids${ids:+,}\"sha256:$id\""
		layers="$layers${layers:+,}$(descriptor "$type" "$file")"
	done
	printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
		"$ids" >config.json
	edit config.json "${config:-}"
	put "$layout" config.json >config.hex
	printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' $oci.manifest.v1+json \
		"$(descriptor $oci.config.v1+json config.json)" "$layers" >manifest.json
	edit manifest.json "${manifest:-}"
	put "$layout" manifest.json >manifest.hex
	descriptor $oci.manifest.v1+json manifest.json >entry.json
	edit entry.json "${entry:-}"
	printf '{"schemaVersion":2,"manifests":[%s]}' "$(cat entry.json)" >"$layout/index.json"
	edit "$layout/index.json" "${index:-}"
}
layers() { # PREFIX: reads specs on standard input, with a line "--" between them; prints the files
	rm -f "$1".*.spec "$1".*.tar
	awk -v prefix="$1" '/^--$/ { n++; next } { print > (prefix "." n ".spec") }' n=1
	for spec in "$1".*.spec; do
		./mktar <"$spec" >"${spec%.spec}.tar" && echo "${spec%.spec}.tar"
	done
}
listed() { # SOURCE...: packs and lists
	"$ROOTFS" pack "$@" -o listed.cpio && "$ROOTFS" list listed.cpio
}

# --- the same container in every form ------------------------------------------------------------
list=$(
	layers base <<-'END'
		entry 5 ./ mode=0755
		entry 5 usr mode=0755
		entry 5 usr/lib mode=0755
		entry 2 lib link=usr/lib
		entry 0 usr/lib/a data=one mode=04755 uid=70000
		entry 1 usr/lib/b link=usr/lib/a
		entry 5 etc mode=0750 gid=5
		entry 0 etc/x data=x
		entry 3 null major=1 minor=3
		--
		entry 0 etc/.wh.x
		entry 0 lib/c data=cc
		entry 1 hl link=usr/lib/b
	END
)
# shellcheck disable=SC2086 # a list of files, here and below
set -- $list
gzip -nkf "$1"
image l "$1.gz" "$2"
cat >expected.txt <<'END'
directory 0750 0 5 0 etc
file      4755 70000 0 3 hl
symlink   0777 0 0 7 lib -> usr/lib
char      0644 0 0 1:3 null
directory 0755 0 0 0 usr
directory 0755 0 0 0 usr/lib
file      4755 70000 0 3 usr/lib/a == hl
file      4755 70000 0 3 usr/lib/b == hl
file      0644 0 0 2 usr/lib/c
END
"$ROOTFS" pack oci:l -o l.cpio --manifest l.json && "$ROOTFS" list l.cpio >listed.txt &&
	same expected.txt listed.txt
ok 'an image in a layout'
"$ROOTFS" verify l.cpio --manifest l.json
ok 'its archive verifies'
packs_to() { # ARCHIVE SOURCE...
	expected=$1
	shift
	"$ROOTFS" pack "$@" -o again.cpio && cmp "$expected" again.cpio
}
(cd l && tar cf ../l.oci . && tar cf ../plain.oci oci-layout index.json blobs) && gzip -k l.oci
for archive in l.oci plain.oci l.oci.gz; do
	packs_to l.cpio "oci-archive:$archive"
	ok "the same bits from $archive"
done
for tool in xz zstd bzip2; do
	if command -v $tool >/dev/null; then
		$tool -c <l.oci >packed && packs_to l.cpio oci-archive:packed
		ok "the same bits from an archive through $tool"
	else
		skip "the same bits from an archive through $tool" "no $tool"
	fi
done
if command -v zstd >/dev/null; then
	{ printf '\120\052\115\030\003\0\0\0abc' && zstd -q -c <l.oci; } >packed && packs_to l.cpio oci-archive:packed
	ok 'the same bits from an archive behind a skippable zstd frame'
fi
# docker save, as it was: a folder for each layer, equal layers as symbolic links; and as it is now.
mkdir -p old/one old/two old/three
cp "$1" old/one/layer.tar && cp "$2" old/two/layer.tar && ln -s ../two/layer.tar old/three/layer.tar
hex=$(cat config.hex)
jq -c '.rootfs.diff_ids += [.rootfs.diff_ids[1]]' config.json >three.json
three=$(digest three.json)
cp three.json "old/$three.json" && cp config.json "old/$hex.json"
printf '[{"Config":"%s.json","RepoTags":["a/b:1"],"Layers":["one/layer.tar","two/layer.tar"]},
{"Config":"%s.json","RepoTags":["debian:latest"],"Layers":["one/layer.tar","two/layer.tar","three/layer.tar"]}]' \
	"$hex" "$three" >old/manifest.json
tar cf old.docker -C old . && gzip -k old.docker
packs_to l.cpio docker-archive:old.docker:a/b:1
ok 'the same bits from docker save as it was'
packs_to l.cpio docker-archive:old.docker.gz:docker.io/a/b:1
ok 'the same bits from it when it is compressed'
packs_to l.cpio docker-archive:old.docker:docker.io/library/debian
ok 'a layer that is a symbolic link to another'
fails 3 DOCKER-REFERENCE "$ROOTFS" pack docker-archive:old.docker -o case.cpio
ok 'DOCKER-REFERENCE: two images, none chosen'
fails 3 DOCKER-REFERENCE "$ROOTFS" pack docker-archive:old.docker:a/b:2 -o case.cpio
ok 'DOCKER-REFERENCE: another tag'
cp -r l new
printf '[{"Config":"blobs/sha256/%s","RepoTags":null,"Layers":["blobs/sha256/%s","blobs/sha256/%s"]}]' \
	"$hex" "$(digest "$1.gz")" "$(digest "$2")" >new/manifest.json
tar cf new.docker -C new .
packs_to l.cpio docker-archive:new.docker && packs_to l.cpio oci-archive:new.docker
ok 'the same bits from docker save as it is, read as either'
"$ROOTFS" describe oci:l --json >describe.json
jq -e --arg c "sha256:$hex" --arg m "sha256:$(cat manifest.hex)" --arg l "sha256:$(digest "$1.gz")" \
	--arg d "sha256:$(digest "$1")" '.Sources | length == 1 and .[0].Config == $c and .[0].Manifest == $m and
	.[0].Platform == "linux/amd64" and .[0].Layers[0] == {Digest: $l, DiffID: $d} and
	(.[0].Layers | length) == 2' describe.json >jq.txt
ok 'describe names the digests of manifest, config and layers'
mkdir cache && mv l/blobs/sha256/* cache/ && rmdir l/blobs/sha256 && ln -s "$work/cache" l/blobs/sha256
packs_to l.cpio oci:l
ok 'blobs in a shared folder behind a symbolic link'

# --- several sources -----------------------------------------------------------------------------
mkdir over && echo over >over/file && mkdir over/lib && echo new >over/lib/n && chmod 755 over over/lib
"$ROOTFS" pack oci:l dir:over --owner-root -o two.cpio && "$ROOTFS" list two.cpio >two.txt
printf '%s\n' 'directory 0755 0 0 0 lib' 'file      0644 0 0 4 lib/n' 'file      0644 0 0 5 file' >want.txt
grep -F -x -f want.txt two.txt | sort >found.txt && sort want.txt | same - found.txt &&
	grep -q 'usr/lib/a' two.txt
ok 'a folder over an image: its folder replaces a link'
printf '%s\n' 'entry 1 first link=file' 'entry 0 .wh.gone data=x' | ./mktar >hl.tar
"$ROOTFS" pack dir:over tar:hl.tar -o three.cpio && "$ROOTFS" list three.cpio >three.txt &&
	grep -q ' file$' three.txt && grep -q ' first == file$' three.txt && grep -q 'wh.gone' three.txt
ok 'a tarball over a folder: links to its files, and names that would be whiteouts elsewhere'
"$ROOTFS" describe dir:over tar:hl.tar --json | jq -e --arg d "sha256:$(digest hl.tar)" \
	'(.Sources | length) == 2 and .Sources[1].Digest == $d' >jq.txt
ok 'describe names every source'

# --- layers over each other ----------------------------------------------------------------------
gives() { # DESCRIPTION; on standard input specs of layers, "==" and the listing
	cat >case.txt
	sed '/^==$/,$d' case.txt >specs.txt
	sed '1,/^==$/d' case.txt >expected.txt
	list=$(layers case <specs.txt)
	rm -rf case.l
	# shellcheck disable=SC2086
	image case.l $list
	listed oci:case.l >listed.txt && same expected.txt listed.txt
	ok "$1"
}
gives 'a whiteout takes away what lies below, with all that is in it' <<'END'
entry 5 d
entry 0 d/x
entry 0 e
--
entry 0 .wh.d
==
file      0644 0 0 0 e
END
gives 'a whiteout never hits its own layer, before or after its siblings' <<'END'
entry 0 a data=1
entry 0 b data=1
--
entry 0 .wh.a
entry 0 a data=22
entry 0 b data=22
entry 0 .wh.b
==
file      0644 0 0 2 a
file      0644 0 0 2 b
END
gives 'an opaque folder keeps what its own layer has, before or after' <<'END'
entry 5 d mode=0700
entry 0 d/old
entry 5 d/sub mode=0700
entry 0 d/sub/old
--
entry 0 d/new1
entry 0 d/.wh..wh..opq
entry 0 d/sub/new2
entry 0 d/new3
==
directory 0700 0 0 0 d
file      0644 0 0 0 d/new1
file      0644 0 0 0 d/new3
directory 0755 0 0 0 d/sub
file      0644 0 0 0 d/sub/new2
END
gives 'an opaque folder after a sibling below it' <<'END'
entry 5 d mode=0700
entry 5 d/sub mode=0700
entry 0 d/sub/old
--
entry 0 d/sub/new
entry 0 d/.wh..wh..opq
==
directory 0700 0 0 0 d
directory 0755 0 0 0 d/sub
file      0644 0 0 0 d/sub/new
END
gives 'a whiteout of a folder that its own layer makes anew' <<'END'
entry 5 d mode=0700 uid=7
entry 0 d/old
--
entry 5 d mode=0711
entry 0 d/new
entry 0 .wh.d
==
directory 0711 0 0 0 d
file      0644 0 0 0 d/new
END
gives 'an opaque root' <<'END'
entry 0 a
--
entry 0 .wh..wh..opq
entry 0 b
==
file      0644 0 0 0 b
END
gives 'whiteouts of what is not there, also in folders that are not' <<'END'
entry 0 a
--
entry 0 .wh.x
entry 0 d/.wh.x
entry 0 e/.wh..wh..opq
==
file      0644 0 0 0 a
END
gives 'whiteouts below a file that takes the place of a folder, as umoci writes them' <<'END'
entry 5 d
entry 0 d/x
--
entry 0 d
entry 0 d/.wh.x
entry 0 d/.wh..wh..opq
==
file      0644 0 0 0 d
END
gives 'a whiteout takes the link and not what it leads to' <<'END'
entry 5 usr
entry 5 usr/lib
entry 2 lib link=usr/lib
--
entry 0 .wh.lib
==
directory 0644 0 0 0 usr
directory 0644 0 0 0 usr/lib
END
gives 'types change from layer to layer' <<'END'
entry 0 a
entry 5 b
entry 0 b/x
entry 2 c link=a
entry 5 e
entry 2 f link=e
--
entry 5 a
entry 0 a/x
entry 0 b
entry 0 c data=c
entry 5 f
entry 0 f/x
==
directory 0644 0 0 0 a
file      0644 0 0 0 a/x
file      0644 0 0 0 b
file      0644 0 0 1 c
directory 0644 0 0 0 e
directory 0644 0 0 0 f
file      0644 0 0 0 f/x
END
gives 'a hard link to a lower file outlives that file' <<'END'
entry 0 a data=same
--
entry 1 b link=a
entry 0 .wh.a
==
file      0644 0 0 4 b
END
gives 'a new file under one name leaves the other names alone' <<'END'
entry 0 a data=same
entry 1 b link=a
--
entry 0 a data=other
==
file      0644 0 0 5 a
file      0644 0 0 4 b
END
gives 'three layers: gone, back, and gone again in part' <<'END'
entry 0 d/a
--
entry 0 .wh.d
--
entry 0 d/b
entry 0 d/c
--
entry 0 d/.wh.b
==
directory 0755 0 0 0 d
file      0644 0 0 0 d/c
END
gives 'devices that every container has' <<'END'
entry 3 tty major=5 minor=0
entry 3 tty1 major=4 minor=1
==
char      0644 0 0 5:0 tty
char      0644 0 0 4:1 tty1
END
image empty.l && [ -z "$(listed oci:empty.l)" ]
ok 'an image without layers'
printf 'end 2\n' | ./mktar >none.tar
image none.l none.tar none.tar && [ -z "$(listed oci:none.l)" ]
ok 'empty layers, one twice'

refuses() { # NAME DESCRIPTION LINE...: of specs
	name=$1 what=$2
	shift 2
	rm -rf case.l
	list=$(printf '%s\n' "$@" | layers case)
	# shellcheck disable=SC2086
	image case.l $list
	fails 3 "$name" "$ROOTFS" pack oci:case.l -o case.cpio
	ok "$name: $what"
}
for path in .wh. .wh.. .wh... .wh..wh.x .wh..wh..opq2 .wh..wh.plnk d/.wh.; do
	refuses LAYER-WHITEOUT-NAME $path "entry 0 $path"
done
refuses LAYER-WHITEOUT-TYPE 'a folder' 'entry 5 .wh.d'
refuses LAYER-WHITEOUT-TYPE 'something in it' 'entry 0 .wh.d/x'
refuses LAYER-WHITEOUT-TYPE 'a symbolic link' 'entry 2 .wh.d link=x'
refuses LAYER-WHITEOUT-TYPE 'a hard link' 'entry 0 x' 'entry 1 .wh.d link=x'
refuses LAYER-WHITEOUT-TYPE 'a device' 'entry 3 .wh.d major=1 minor=3'
refuses LAYER-WHITEOUT-TYPE 'data' 'entry 0 .wh.d data=x'
refuses LAYER-WHITEOUT-TYPE 'data in an opaque one' 'entry 0 d/.wh..wh..opq data=x'
refuses LAYER-WHITEOUT-PARENT 'below a link' 'entry 5 d' 'entry 0 d/x' 'entry 2 l link=d' -- 'entry 0 l/.wh.x'
refuses LAYER-WHITEOUT-PARENT 'an opaque link' 'entry 5 d' 'entry 0 d/x' 'entry 2 l link=d' -- 'entry 0 l/.wh..wh..opq'
refuses ROOTFS-HARDLINK 'to what a whiteout took before' 'entry 0 a' -- 'entry 0 .wh.a' 'entry 1 b link=a'
refuses ROOTFS-HARDLINK 'through a link of a lower layer' 'entry 5 d' 'entry 0 d/f' 'entry 2 l link=d' -- 'entry 1 b link=l/f'
refuses ROOTFS-PARENT 'a lower link that leads out' 'entry 2 l link=../..' -- 'entry 0 l/x'
refuses ROOTFS-PARENT 'a loop over two layers' 'entry 2 l link=m' -- 'entry 2 m link=l' -- 'entry 0 l/x'
refuses ROOTFS-DEVICE 'a disk' 'entry 4 sda major=8 minor=0'
refuses ROOTFS-DEVICE 'memory' 'entry 3 mem major=1 minor=1'
refuses ROOTFS-DEVICE "an overlay's whiteout" 'entry 3 null major=0 minor=0'
refuses ROOTFS-XATTR 'an attribute' 'pax SCHILY.xattr.user.x=1' 'entry 0 a'
refuses ROOTFS-PATH 'absolute, in a layer' 'entry 0 /a'
refuses TAR-SPARSE 'a sparse file' 'entry S a'
grep -q 'layer 1 (sha256:[0-9a-f]*): ' err.txt
ok 'messages name the layer'
echo 'entry 4 sda major=8 minor=0' | ./mktar >disk.tar
image disk.l disk.tar && listed oci:disk.l --devices | grep -q '8:0 sda' && listed tar:disk.tar | grep -q '8:0 sda'
ok 'all devices with --devices, and from a tarball'

# --- documents -----------------------------------------------------------------------------------
echo 'entry 0 a data=a' | ./mktar >a.tar
gzip -nkf a.tar
x64=0000000000000000000000000000000000000000000000000000000000000000
case_image() { # FILTERS as assignments were made: the image a.tar in case.l
	rm -rf case.l
	image case.l "${layer:-a.tar}"
}
refused() { # STATUS NAME DESCRIPTION
	fails "$1" "$2" "$ROOTFS" pack oci:case.l -o case.cpio
	ok "$2: $3"
}
bad_config() { config=$3 && case_image && config='' && refused 3 "$1" "$2"; }
bad_manifest() { manifest=$3 && case_image && manifest='' && refused 3 "$1" "$2"; }
bad_entry() { entry=$3 && case_image && entry='' && refused 3 "$1" "$2"; }
bad_index() { index=$3 && case_image && index='' && refused 3 "$1" "$2"; }
config='' manifest='' entry='' index='' layer=''

case_image && rm case.l/oci-layout && refused 3 OCI-LAYOUT 'no oci-layout'
case_image && echo '{"imageLayoutVersion":"2.0.0"}' >case.l/oci-layout && refused 3 OCI-LAYOUT 'another version'
case_image && echo '[' >case.l/oci-layout && refused 3 OCI-LAYOUT 'no JSON'
case_image && rm case.l/index.json && refused 4 OCI-BLOB-MISSING 'no index.json'
case_image && echo '{' >case.l/index.json && refused 3 OCI-JSON 'the index ends early'
case_image && sed -i 's/{/{"schemaVersion":2,/' case.l/index.json && refused 3 OCI-JSON 'a key twice'
case_image && echo x >>case.l/index.json && refused 3 OCI-JSON 'something behind the index'
case_image && head -c 4194305 /dev/zero | tr '\0' ' ' >>case.l/index.json && refused 3 OCI-JSON 'more than 4 MiB'
case_image && echo '[]' >case.l/index.json && refused 3 OCI-JSON 'an array for an index'
bad_index OCI-JSON 'no manifests' 'del(.manifests)'
bad_index OCI-JSON 'manifests of another type' '.manifests = {}'
bad_index OCI-JSON 'a version that is text' '.schemaVersion = "2"'
bad_index OCI-MEDIA-TYPE 'version 1' '.schemaVersion = 1'
bad_index OCI-MEDIA-TYPE 'index and manifest in one' '.layers = []'
bad_index OCI-MEDIA-TYPE 'an index that says it is a manifest' '.mediaType = "application/vnd.oci.image.manifest.v1+json"'
bad_index OCI-REFERENCE 'no image' '.manifests = []'
bad_entry OCI-JSON 'a descriptor without size' 'del(.size)'
bad_entry OCI-JSON 'a size that is text' '.size |= tostring'
bad_entry OCI-JSON 'a negative size' '.size = -1'
bad_entry OCI-JSON 'no mediaType' 'del(.mediaType)'
bad_entry OCI-JSON 'annotations of another type' '.annotations = 1'
bad_entry OCI-DIGEST 'upper case' '.digest |= (.[7:] | ascii_upcase | "sha256:" + .)'
bad_entry OCI-DIGEST 'a path' '.digest = "sha256:../../../../../../etc/passwd"'
bad_entry OCI-DIGEST 'too short' '.digest |= .[:70]'
bad_entry OCI-DIGEST 'another algorithm' '.digest = "sha512:" + .digest[7:]'
bad_entry OCI-BLOB-SIZE 'of the manifest' '.size += 1'
bad_entry OCI-MEDIA-TYPE 'an unknown type' '.mediaType = "application/json"'
bad_entry OCI-MEDIA-TYPE 'another than inside' '.mediaType = "application/vnd.docker.distribution.manifest.v2+json"'
bad_entry OCI-MEDIA-TYPE 'a manifest said to be an index' '.mediaType = "application/vnd.oci.image.index.v1+json"'
bad_entry OCI-MEDIA-TYPE 'elsewhere' '.urls = ["https://example.com/"]'
bad_entry OCI-PLATFORM 'another than the config says' '.platform = {os: "linux", architecture: "arm64"}'
bad_entry OCI-PLATFORM 'windows alone' '.platform = {os: "windows", architecture: "amd64"}'
bad_manifest OCI-MEDIA-TYPE 'manifest and index in one' '.manifests = []'
bad_manifest OCI-MEDIA-TYPE 'an artifact' '.config.mediaType = "application/vnd.oci.empty.v1+json"'
bad_manifest OCI-MEDIA-TYPE 'a foreign layer' \
	'.layers[0].mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"'
bad_manifest OCI-MEDIA-TYPE 'an encrypted layer' '.layers[0].mediaType += "+encrypted"'
bad_manifest OCI-MEDIA-TYPE 'plain said to be gzip' '.layers[0].mediaType += "+gzip"'
bad_manifest OCI-MEDIA-TYPE 'a layer that is a config' '.layers[0].mediaType = .config.mediaType'
bad_manifest OCI-LAYERS 'no layers' 'del(.layers)'
bad_manifest OCI-LAYERS 'a layer too few' '.layers = []'
bad_manifest OCI-LAYERS 'a layer too many' '.layers += .layers'
bad_manifest OCI-JSON 'layers of another type' '.layers = {}'
bad_manifest OCI-JSON 'no config' 'del(.config)'
bad_manifest OCI-DIGEST 'of a layer' '.layers[0].digest = "md5:1"'
bad_manifest OCI-BLOB-SIZE 'of a layer' '.layers[0].size -= 1'
bad_config OCI-CONFIG 'no rootfs' 'del(.rootfs)'
bad_config OCI-CONFIG 'rootfs of another type' '.rootfs.type = "other"'
bad_config OCI-CONFIG 'no architecture' 'del(.architecture)'
bad_config OCI-CONFIG 'os of another type' '.os = 1'
bad_config OCI-CONFIG 'an array' '[.]'
bad_config OCI-LAYERS 'no diff_ids' 'del(.rootfs.diff_ids)'
bad_config OCI-DIGEST 'of a layer' '.rootfs.diff_ids = ["x"]'
bad_config OCI-DIFFID 'another layer' ".rootfs.diff_ids = [\"sha256:$x64\"]"
bad_config OCI-PLATFORM 'windows' '.os = "windows"'
layer=a.tar.gz
bad_manifest OCI-MEDIA-TYPE 'gzip said to be plain' '.layers[0].mediaType = "application/vnd.oci.image.layer.v1.tar"'
bad_manifest OCI-MEDIA-TYPE 'gzip said to be zstd' '.layers[0].mediaType = "application/vnd.oci.image.layer.v1.tar+zstd"'
bad_config OCI-DIFFID 'of a compressed layer' ".rootfs.diff_ids = [\"sha256:$x64\"]"
manifest=".mediaType = \"$docker.distribution.manifest.v2+json\" |
	.config.mediaType = \"$docker.container.image.v1+json\" |
	.layers[0].mediaType = \"$docker.image.rootfs.diff.tar.gzip\""
entry=".mediaType = \"$docker.distribution.manifest.v2+json\"" && case_image && listed oci:case.l | grep -q ' a$'
ok "docker's media types"
manifest='' entry='.annotations = {a: "b"} | .data = "bm90IHRoZSBtYW5pZmVzdA=="' && case_image &&
	listed oci:case.l | grep -q ' a$'
ok 'data in a descriptor is not believed'
entry='' layer=''
spoil() { # BLOB: another byte at the end, same size
	size=$(($(wc -c <"$1")))
	head -c $((size - 1)) "$1" >spoiled && printf '\001' >>spoiled && mv spoiled "$1"
}
for what in config manifest; do
	case_image && spoil "case.l/blobs/sha256/$(cat $what.hex)" && refused 3 OCI-BLOB-DIGEST "of the $what"
	case_image && rm "case.l/blobs/sha256/$(cat $what.hex)" && refused 4 OCI-BLOB-MISSING "the $what"
done
case_image && spoil "case.l/blobs/sha256/$(digest a.tar)" && refused 3 OCI-BLOB-DIGEST 'of a layer'
case_image && echo >>"case.l/blobs/sha256/$(digest a.tar)" && refused 3 OCI-BLOB-SIZE 'a layer that grew'
case_image && rm "case.l/blobs/sha256/$(digest a.tar)" && refused 4 OCI-BLOB-MISSING 'a layer'
case_image && rm "case.l/blobs/sha256/$(digest a.tar)" && mkfifo "case.l/blobs/sha256/$(digest a.tar)" &&
	refused 4 ROOTFS-READ 'a layer that is a fifo'

# --- which image ---------------------------------------------------------------------------------
named() { # TAG: sets entry
	entry=".annotations = {\"org.opencontainers.image.ref.name\": \"$1\"}"
}
join() { # LAYOUT...: the first one gets what is in all the others
	into=$1
	shift
	for other; do
		cp "$other"/blobs/sha256/* "$into/blobs/sha256/"
		jq -c --slurpfile o "$other/index.json" '.manifests += $o[0].manifests' "$into/index.json" >edited
		mv edited "$into/index.json"
	done
}
echo 'entry 0 b data=b' | ./mktar >b.tar
for tag in one two; do
	rm -rf $tag.l
	named $tag
	image $tag.l "$([ $tag = one ] && echo a.tar || echo b.tar)"
	cp manifest.hex $tag.hex
done
entry=''
join one.l two.l
listed oci:one.l:one | grep -q ' a$' && listed oci:one.l:two | grep -q ' b$'
ok 'an image by its tag'
listed "oci:one.l@sha256:$(cat two.hex)" | grep -q ' b$' &&
	listed "oci:one.l:two@sha256:$(cat two.hex)" | grep -q ' b$'
ok 'an image by its digest'
fails 3 OCI-REFERENCE "$ROOTFS" pack oci:one.l -o case.cpio
ok 'OCI-REFERENCE: two images, none chosen'
fails 3 OCI-REFERENCE "$ROOTFS" pack oci:one.l:three -o case.cpio
ok 'OCI-REFERENCE: a tag that is not there'
fails 3 OCI-REFERENCE "$ROOTFS" pack "oci:one.l@sha256:$x64" -o case.cpio
ok 'OCI-REFERENCE: a digest that is not there'
fails 3 OCI-REFERENCE "$ROOTFS" pack "oci:one.l:one@sha256:$(cat two.hex)" -o case.cpio
ok 'OCI-REFERENCE: tag and digest of different images'
fails 2 OCI-DIGEST "$ROOTFS" pack oci:one.l@sha256:x -o case.cpio
ok 'OCI-DIGEST: on the command line'
fails 2 OCI-DIGEST "$ROOTFS" pack "oci:one.l@sha512:$x64$x64" -o case.cpio
ok 'OCI-DIGEST: of another algorithm'
cp -r one.l one@v1.l
listed oci:one@v1.l:two | grep -q ' b$'
ok "a folder's name with @, and a tag"
rm -r one@v1.l
rm -rf same.l && named one && image same.l b.tar && entry='' && cp -r one.l tags.l && join tags.l same.l
fails 3 OCI-REFERENCE "$ROOTFS" pack oci:tags.l:one -o case.cpio
ok 'OCI-REFERENCE: a tag twice'
cp -r same.l twice.l && join twice.l same.l && listed oci:twice.l:one | grep -q ' b$'
ok 'the same image twice is one'
for arch in amd64 arm64 arm; do
	rm -rf $arch.l
	variant=$([ $arch = arm ] && echo '"v7"' || echo null)
	config=".architecture = \"$arch\""
	entry=".platform = ({os: \"linux\", architecture: \"$arch\", variant: $variant} | del(..|nulls))"
	echo "entry 0 $arch" | ./mktar >$arch.tar
	image $arch.l $arch.tar
done
config='' entry=".platform = {os: \"unknown\", architecture: \"unknown\"} |
	.annotations = {\"vnd.docker.reference.type\": \"attestation-manifest\"}"
image proof.l a.tar && entry=''
cp -r amd64.l multi.l && join multi.l arm64.l arm.l proof.l
nest() { # LAYOUT: puts its index into a blob, and an index of that in its place
	cp "$1/index.json" nested.json
	put "$1" nested.json >nested.hex
	printf '{"schemaVersion":2,"manifests":[%s]}' "$(descriptor $oci.index.v1+json nested.json)" >"$1/index.json"
}
for form in 'in index.json' nested 'nested twice'; do
	[ "$form" = 'in index.json' ] || nest multi.l
	listed oci:multi.l --platform linux/arm64/v8 | grep -q ' arm64$' &&
		listed oci:multi.l --platform linux/amd64 | grep -q ' amd64$' &&
		listed oci:multi.l --platform linux/arm/v7 | grep -q ' arm$'
	ok "a platform $form"
done
fails 3 OCI-PLATFORM "$ROOTFS" pack oci:multi.l -o case.cpio && grep -q 'linux/amd64, linux/arm64, linux/arm/v7' err.txt
ok 'OCI-PLATFORM: several, and the message lists them'
for platform in linux/riscv64 linux/arm/v6 windows/amd64; do
	fails 3 OCI-PLATFORM "$ROOTFS" pack oci:multi.l --platform $platform -o case.cpio
	ok "OCI-PLATFORM: none for $platform"
done
for platform in linux linux/ /amd64 linux/arm/v7/x; do
	fails 2 OCI-PLATFORM "$ROOTFS" pack oci:multi.l --platform $platform -o case.cpio
	ok "OCI-PLATFORM: $platform on the command line"
done
listed "oci:multi.l@sha256:$(jq -r '.manifests[0].digest[7:]' arm.l/index.json)" | grep -q ' arm$'
ok 'a digest within an index'
cp -r amd64.l both.l && join both.l proof.l && listed oci:both.l | grep -q ' amd64$'
ok 'the only image for Linux needs no --platform'
rm -rf same.l && entry='.platform = {os: "linux", architecture: "amd64"}' && image same.l b.tar && entry=''
cp -r amd64.l clash.l && join clash.l same.l
fails 3 OCI-PLATFORM "$ROOTFS" pack oci:clash.l --platform linux/amd64 -o case.cpio
ok 'OCI-PLATFORM: two for one platform'
fails 3 OCI-PLATFORM "$ROOTFS" pack oci:l --platform linux/arm64 -o case.cpio
ok 'OCI-PLATFORM: the only image is for another'
nest multi.l && nest multi.l && listed oci:multi.l --platform linux/arm64 | grep -q ' arm64$' && nest multi.l &&
	fails 3 ROOTFS-LIMIT "$ROOTFS" pack oci:multi.l --platform linux/arm64 -o case.cpio
ok 'ROOTFS-LIMIT: five indexes within each other'

# --- the list of blobs ---------------------------------------------------------------------------
rm -rf multi.l && cp -r amd64.l multi.l && join multi.l arm64.l && nest multi.l
manifest_hex=$(jq -r '.manifests[0].digest[7:]' amd64.l/index.json)
jq -r '[.config, .layers[]][] | "\(.digest[7:]) \(.size) \(.mediaType)"' \
	"multi.l/blobs/sha256/$manifest_hex" >rest.txt
printf '%s %d %s\n' "$(cat nested.hex)" "$(($(wc -c <nested.json)))" $oci.index.v1+json \
	"$manifest_hex" "$(($(wc -c <"multi.l/blobs/sha256/$manifest_hex")))" $oci.manifest.v1+json >first.txt
cat first.txt rest.txt >want.txt
while read -r hex _; do
	case $hex in "$manifest_hex" | "$(cat nested.hex)") ;; *) rm "multi.l/blobs/sha256/$hex" ;; esac
done <want.txt
"$ROOTFS" blobs oci:multi.l --platform linux/amd64 >blobs.txt && same want.txt blobs.txt
ok 'blobs lists index, manifest, config and layers, also those that are not there yet'
rm "multi.l/blobs/sha256/$manifest_hex"
fails 4 OCI-BLOB-MISSING "$ROOTFS" blobs oci:multi.l --platform linux/amd64 && same first.txt out.txt && grep -q "$manifest_hex" err.txt
ok 'OCI-BLOB-MISSING: blobs names the manifest that it has to read'
fails 2 ROOTFS-SOURCE "$ROOTFS" blobs dir:multi.l
ok 'blobs of a folder'

# --- archives ------------------------------------------------------------------------------------
case_image
outer() { # NAME DESCRIPTION: an archive out of case.oci.spec
	./mktar <case.spec >case.oci
	fails 3 "$1" "$ROOTFS" pack oci-archive:case.oci -o case.cpio
	ok "$1: $2"
}
printf '%s\n' 'entry 0 a' 'entry 0 ./a' >case.spec && outer OCI-ARCHIVE 'a member twice'
echo 'entry 0 ../a' >case.spec && outer OCI-ARCHIVE 'a path that leads out'
echo 'entry 0 /a' >case.spec && outer OCI-ARCHIVE 'an absolute path'
echo 'entry 6 a' >case.spec && outer OCI-ARCHIVE 'a fifo'
echo 'entry 3 a major=1 minor=3' >case.spec && outer OCI-ARCHIVE 'a device'
echo 'entry 1 a link=b' >case.spec && outer OCI-ARCHIVE 'a hard link to nothing'
echo 'entry 0 a' >case.spec && outer OCI-LAYOUT 'no layout in it'
printf '%s\n' 'entry 2 oci-layout link=b' 'entry 2 b link=oci-layout' >case.spec && outer OCI-LAYOUT 'a loop of links'
echo 'entry 0 a size=1000' >case.spec && outer TAR-TRUNCATED 'an archive that ends early'
printf '\037\213 no gzip' >case.oci && fails 3 TAR-COMPRESSION "$ROOTFS" pack oci-archive:case.oci -o case.cpio
ok 'TAR-COMPRESSION: a damaged archive'
fails 4 ROOTFS-READ "$ROOTFS" pack oci-archive:missing -o case.cpio
ok 'ROOTFS-READ: no archive'
fails 4 ROOTFS-READ "$ROOTFS" pack oci:missing -o case.cpio
ok 'ROOTFS-READ: no layout'
saved() { # STATUS NAME DESCRIPTION MANIFEST
	rm -rf saved && cp -r old saved && printf '%s' "$4" >saved/manifest.json && tar cf saved.tar -C saved .
	fails "$1" "$2" "$ROOTFS" pack docker-archive:saved.tar -o case.cpio
	ok "$2: $3"
}
hex=$(jq -r '.[0].Config' new/manifest.json | cut -d/ -f3).json
good="\"Config\":\"$hex\",\"Layers\":[\"one/layer.tar\",\"two/layer.tar\"]"
saved 3 DOCKER-ARCHIVE 'no JSON' '['
saved 3 DOCKER-ARCHIVE 'a key twice' "[{\"Config\":\"x\",$good}]"
saved 3 DOCKER-ARCHIVE 'an object' "{$good}"
saved 3 DOCKER-ARCHIVE 'no config' '[{"Layers":[]}]'
saved 3 DOCKER-ARCHIVE 'no layers' "[{\"Config\":\"$hex\"}]"
saved 3 DOCKER-ARCHIVE 'a path that leads out' "[{\"Config\":\"../x\",\"Layers\":[]}]"
saved 3 DOCKER-REFERENCE 'no image' '[]'
saved 4 OCI-BLOB-MISSING 'no such config' '[{"Config":"x","Layers":[]}]'
saved 4 OCI-BLOB-MISSING 'no such layer' "[{\"Config\":\"$hex\",\"Layers\":[\"one/layer.tar\",\"x\"]}]"
saved 3 OCI-LAYERS 'a layer too few' "[{\"Config\":\"$hex\",\"Layers\":[\"one/layer.tar\"]}]"
saved 3 OCI-DIFFID 'layers in another order' "[{\"Config\":\"$hex\",\"Layers\":[\"two/layer.tar\",\"one/layer.tar\"]}]"
echo >>"old/$hex"
saved 3 OCI-BLOB-DIGEST 'a config that is not its name' "[{$good}]"
rm old/manifest.json && tar cf saved.tar -C old . && fails 3 DOCKER-ARCHIVE "$ROOTFS" pack docker-archive:saved.tar -o case.cpio
ok 'DOCKER-ARCHIVE: no manifest.json'

# --- a second opinion ----------------------------------------------------------------------------
if command -v umoci >/dev/null; then
	umoci init --layout real && umoci new --image real:t &&
		for spec in base.*.spec; do
			umoci raw add-layer --image real:t "${spec%.spec}.tar"
		done >umoci.txt 2>&1
	packs_to l.cpio oci:real:t
	ok 'an image that umoci made'
	grep -v null base.1.spec | ./mktar >small.tar
	rm -rf small.l && named t && image small.l small.tar base.2.tar && entry=''
	umoci raw unpack --rootless --image small.l:t bundle >umoci.txt 2>&1 &&
		(cd bundle && find . -mindepth 1 -printf '%y %04m %P\n' | LC_ALL=C sort -k3) >theirs.txt
	listed oci:small.l | awk '{ t = substr($1, 1, 1); m = $2; p = $6 } t == "h" { t = "f" } t == "s" { t = "l" }
		{ print t, m, p }' | LC_ALL=C sort -k3 >ours.txt
	same theirs.txt ours.txt
	ok 'the same tree as umoci unpacks'
else
	skip 'an image that umoci made' 'no umoci'
	skip 'the same tree as umoci unpacks' 'no umoci'
fi

echo "1..$count"
[ $failures -eq 0 ]
