#!/bin/sh
# Container images from a real registry and from a daemon: by digest, verified, from the cache once they are there, and
# the same image as from an OCI layout. Then what goes wrong: tags, digests that are not there, blobs that were altered or cut
# short, a registry that is gone. Runs on the host, from the top of the checkout, after `make image`; the registry listens
# on loopback at a port of its own choice, with everything in a temporary folder.
# shellcheck disable=SC2016,SC2086 # the inner shells expand; $isolate is a list of words
set -u
. tests/tap.sh
. env/say.sh
unset MINTMARK_RUN MAKEFLAGS MFLAGS MAKELEVEL RECIPE TARGETS ROOTFS IMAGE FROM BUNDLE
unset REGISTRY_AUTH_FILE HTTP_PROXY HTTPS_PROXY http_proxy https_proxy DOCKER_HOST DOCKER_TLS_VERIFY
export LC_ALL=C
out=$PWD/out
TAP_TMP=$(mktemp -d)
server=
daemon=
finish()
{
	for process in $server $daemon; do
		{ kill "$process"; wait "$process"; } 2>/dev/null
	done
	rm -rf "$TAP_TMP" "$out/fromregistry"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

root=$(env/root test) && env/root registry >/dev/null
ok $? "the environments with a registry and with skopeo are there"
# The builds of this test have a cache of their own for blobs, and a home without anybody's logins.
kept=$MINTMARK_CACHE
MINTMARK_CACHE=$TAP_TMP/cache
mkdir -p "$MINTMARK_CACHE" "$TAP_TMP/home/.config/containers"
ln -s "$kept/env" "$MINTMARK_CACHE/env"
# The environments are hashed once for all that is not started by make.
export MINTMARK_RUN="registry.$$" MINTMARK_OUT="$out"
export HOME="$TAP_TMP/home" MINTMARK_CACHE XDG_RUNTIME_DIR="$TAP_TMP/home"

# await FILE REGEX: until a line matches; 1 after 20 seconds.
await()
{
	ticks=100
	until grep -qE "$2" "$1" 2>/dev/null; do
		ticks=$((ticks - 1))
		[ $ticks -gt 0 ] || return 1
		sleep 0.2
	done
}

# loaded PROGRAM ARGUMENT...: a program of the test environment, on the host.
loaded()
{
	program=$1
	shift
	exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/$program" "$@"
}

# registry: starts it; port 0 makes the system choose one.
registry()
{
	: >"$TAP_TMP/registry.log"
	(loaded docker-registry serve "$TAP_TMP/registry.yml") >"$TAP_TMP/registry.log" 2>&1 &
	server=$!
	await "$TAP_TMP/registry.log" 'listening on 127.0.0.1:' || return 1
	host=$(sed -n 's/.*listening on \(127.0.0.1:[0-9]*\).*/\1/p' "$TAP_TMP/registry.log")
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$host" >"$HOME/.config/containers/registries.conf"
}

no_registry()
{
	kill "$server"
	wait "$server" 2>/dev/null
	server=
}

# An image of two layers, as an OCI layout: the second deletes a file of the first.
layout=$TAP_TMP/layout
blobs=$layout/blobs/sha256
mkdir -p "$blobs" "$TAP_TMP/one/etc" "$TAP_TMP/one/bin" "$TAP_TMP/two/etc"
printf '#!/bin/sh\n' >"$TAP_TMP/one/bin/app"
chmod 0755 "$TAP_TMP/one/bin/app"
echo old >"$TAP_TMP/one/etc/gone"
head -c 200000 /dev/urandom >"$TAP_TMP/one/etc/data"
: >"$TAP_TMP/two/etc/.wh.gone"
echo new >"$TAP_TMP/two/etc/new"

# hash FILE; put FILE: gives it its name among the blobs and prints that.
hash()
{
	sum=$(sha256sum <"$1")
	printf '%s\n' "${sum%% *}"
}
put()
{
	sum=$(hash "$1")
	mv "$1" "$blobs/$sum"
	printf '%s\n' "$sum"
}

# descriptor TYPE HASH: as OCI documents have it.
descriptor()
{
	printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%s%s}' "$1" "$2" "$(wc -c <"$blobs/$2")" "${3:-}"
}

for layer in one two; do
	tar -c -f "$TAP_TMP/$layer.tar" -C "$TAP_TMP/$layer" --owner=0 --group=0 .
	hash "$TAP_TMP/$layer.tar" >"$TAP_TMP/$layer.id"
	gzip -n "$TAP_TMP/$layer.tar"
	put "$TAP_TMP/$layer.tar.gz" >"$TAP_TMP/$layer.layer"
done
one=$(cat "$TAP_TMP/one.layer")
two=$(cat "$TAP_TMP/two.layer")
printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/app"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s"]}}' \
	"$(cat "$TAP_TMP/one.id")" "$(cat "$TAP_TMP/two.id")" >"$TAP_TMP/config"
config=$(put "$TAP_TMP/config")
printf '{"schemaVersion":2,"config":%s,"layers":[%s,%s]}' "$(descriptor config.v1+json "$config")" \
	"$(descriptor layer.v1.tar+gzip "$one")" "$(descriptor layer.v1.tar+gzip "$two")" >"$TAP_TMP/manifest"
manifest=$(put "$TAP_TMP/manifest")
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' \
	"$(descriptor manifest.v1+json "$manifest" ',"platform":{"os":"linux","architecture":"amd64"}')" >"$TAP_TMP/index"
index=$(put "$TAP_TMP/index")
printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
printf '{"schemaVersion":2,"manifests":[%s,%s]}' "$(descriptor manifest.v1+json "$manifest" ',"annotations":{"org.opencontainers.image.ref.name":"1"}')" \
	"$(descriptor index.v1+json "$index" ',"annotations":{"org.opencontainers.image.ref.name":"many"}')" >"$layout/index.json"

mkdir "$TAP_TMP/registry"
cat >"$TAP_TMP/registry.yml" <<END
version: 0.1
storage:
  filesystem:
    rootdirectory: $TAP_TMP/registry
http:
  addr: 127.0.0.1:0
END
registry
ok $? "a registry on loopback" "$TAP_TMP/registry.log"
check "skopeo pushes an image to it" env/skopeo copy -q --preserve-digests "oci:$layout:1" "docker://$host/mint/app:1"
check "and an index" env/skopeo copy -q --preserve-digests --multi-arch all "oci:$layout:many" "docker://$host/mint/app:many"
# The same layers under a manifest of Docker's.
check "and an image in Docker's form" env/skopeo copy -q --format v2s2 "oci:$layout:1" "docker://$host/mint/app:docker"

# Pinning.
mine=$TAP_TMP/fromregistry
mkdir "$mine"
printf '# mine\nSOURCE = docker://%s/mint/app:1\n\nARG = /bin/app\n' "$host" >"$mine/image.conf"
fails 2 "RECIPE-TAG: .*image.conf line 2: .*make lock IMAGE=docker://$host/mint/app:1 RECIPE=$mine pins it" \
	"a tag without digest is refused, with the command that pins it" make -s image RECIPE="$mine"
make -s lock IMAGE="docker://$host/mint/app:1" >"$TAP_TMP/printed" 2>"$TAP_TMP/log"
ok $? "make lock IMAGE=" "$TAP_TMP/log"
check "prints the pinned source" grep -qx "SOURCE = docker://$host/mint/app:1@sha256:$manifest" "$TAP_TMP/printed"
check "with RECIPE= it is written there" make -s lock IMAGE="docker://$host/mint/app:1" RECIPE="$mine"
printf '# mine\nSOURCE = docker://%s/mint/app:1@sha256:%s\n\nARG = /bin/app\n' "$host" "$manifest" >"$TAP_TMP/expected"
check "and nothing else is changed" cmp "$TAP_TMP/expected" "$mine/image.conf"
check "a later tag replaces it" make -s lock IMAGE="docker://$host/mint/app:many" RECIPE="$mine"
check "in the recipe's one line for that name" grep -qx "SOURCE = docker://$host/mint/app:many@sha256:$index" "$mine/image.conf"
fails 2 'LOCK-IMAGE: docker://.*/mint/app:no' "a tag that is not there" make -s lock IMAGE="docker://$host/mint/app:no"
fails 2 'LOCK-IMAGE: .*one SOURCE = docker:... to pin expected' "a recipe without such a source" \
	make -s lock IMAGE="docker://$host/mint/app:1" RECIPE=hello
check "hello is as before" git diff --quiet recipes/hello

# build ROOTFS: the image of the recipe with that root; keeps its ramdisk.
build()
{
	rm -rf "$out/fromregistry"
	make -s image RECIPE="$mine" ROOTFS="$1" && cp "$out/fromregistry/nitro-x86_64/initrd.cpio" "$TAP_TMP/initrd.$2"
}
check "the image from the OCI layout" build "oci:$layout:1" layout
check "from the registry, by digest" build "docker://$host/mint/app@sha256:$manifest" registry
check "is the same" cmp "$TAP_TMP/initrd.layout" "$TAP_TMP/initrd.registry"
for hash in "$manifest" "$config" "$one" "$two"; do
	check "the cache has $hash" cmp "$blobs/$hash" "$MINTMARK_CACHE/sha256/$hash"
done
check "and no more" [ "$(find "$MINTMARK_CACHE/sha256" -type f | wc -l)" -eq 4 ]
info=$out/fromregistry/nitro-x86_64/buildinfo.json
check "buildinfo.json names the digest" grep -qxF "{\"kind\":\"docker\",\"digest\":\"sha256:$manifest\"}" "$info"
check "and each blob" [ "$(sed -n '/^"Blobs":/,/^]/p' "$info" | grep -c '^{"source":1,"sha256":')" -eq 4 ]
check "not where it came from" sh -c '! grep -F "$1" "$2"' sh "$host" "$info"
check "an index leads to the same" build "docker://$host/mint/app:many@sha256:$index" index
check "image" cmp "$TAP_TMP/initrd.layout" "$TAP_TMP/initrd.index"
docker=$(env/lock-image "docker://$host/mint/app:docker")
check "a manifest in Docker's form" build "${docker#SOURCE = }" docker
check "has the same layers" cmp "$TAP_TMP/initrd.layout" "$TAP_TMP/initrd.docker"
check "the recipe's own source" make -s image RECIPE="$mine"
check "comes to the same" cmp "$TAP_TMP/initrd.layout" "$out/fromregistry/nitro-x86_64/initrd.cpio"
env/lock-image "docker://$host/mint/app:1" >/dev/null
new=$TAP_TMP/recipes/fresh
check "make new" make -s new RECIPE="$new" FROM="$host/mint/app:1"
check "writes the pinned source" grep -qx "SOURCE = docker://$host/mint/app:1@sha256:$manifest" "$new/image.conf"
check "in at most ten lines" [ "$(wc -l <"$new/image.conf")" -le 10 ]
check "which is a recipe" env/recipe "$new" sources
fails 2 'NEW-EXISTS: ' "make new a second time" make -s new RECIPE="$new" FROM=dir:/nowhere
check "the recipe is as it was" grep -qx "SOURCE = docker://$host/mint/app:1@sha256:$manifest" "$new/image.conf"

# What goes wrong.
fetch()
{
	env/fetch-image linux/amd64 "docker://$host/mint/app@sha256:$1"
}
nothing=$(printf '%064d' 7)
fails 4 "FETCH-IMAGE: docker://$host/mint/app@sha256:$nothing: .*(manifest unknown|not found)" "a digest that is not there" fetch "$nothing"
fails 3 'RECIPE-TAG' "a digest that is cut short" env/recipe "$mine" sources "docker://$host/mint/app@sha256:${manifest%?}"
fails 3 'OCI-PLATFORM' "an index without an image for the machine" env/fetch-image linux/arm64 "docker://$host/mint/app@sha256:$index"

# skopeo itself compares hashes; one that does not is not believed either.
mkdir "$TAP_TMP/liar" "$TAP_TMP/liar/rootfs"
cp -R env "$TAP_TMP/liar/env"
cp rootfs/image-* "$TAP_TMP/liar/rootfs/"
printf '#!/bin/sh\necho evil\n' >"$TAP_TMP/liar/env/skopeo"
fails 1 "FETCH-HASH: docker://.*: expected sha256 $nothing, found [0-9a-f]{64} \(5 bytes\)" "wrong bytes from the client are refused" \
	"$TAP_TMP/liar/env/fetch-image" linux/amd64 "docker://$host/mint/app@sha256:$nothing"
check "and get no name in the cache" [ ! -e "$MINTMARK_CACHE/sha256/$nothing" ]

# spoilt NAME COMMAND: with the registry's copy of the first layer so changed, a fetch into an empty cache fails; what was
# brought is right, and once the registry is well again, the next fetch has it all.
stored=$TAP_TMP/registry/docker/registry/v2/blobs/sha256/$(printf %.2s "$one")/$one/data
spoilt()
{
	rm -rf "$MINTMARK_CACHE/sha256"
	cp "$stored" "$TAP_TMP/stored"
	sh -c "$2" sh "$stored"
	fails 4 'FETCH-IMAGE: .*' "$1: refused" fetch "$manifest"
	check "$1: it has no name in the cache" [ ! -e "$MINTMARK_CACHE/sha256/$one" ]
	check "$1: nothing is left behind" [ -z "$(find "$MINTMARK_CACHE/sha256" -name '.*' ! -name .)" ]
	cp "$TAP_TMP/stored" "$stored"
	check "$1: and the next fetch has it" fetch "$manifest"
}
spoilt "an altered blob" 'printf x | dd of="$1" bs=1 seek=1000 conv=notrunc 2>/dev/null'
spoilt "a truncated blob" 'head -c 1000 "$1" >"$1.new" && mv "$1.new" "$1"'
rm -f "$MINTMARK_CACHE/sha256/$one"
mkdir "$MINTMARK_CACHE/sha256/$one"
fails 4 "FETCH-CACHE: .*/$one: a file expected, found a folder" "a folder named like a blob" fetch "$manifest"
rmdir "$MINTMARK_CACHE/sha256/$one"
check "without it" fetch "$manifest"
# Where signatures are is a host's own matter.
mkdir "$HOME/.config/containers/registries.d"
printf 'default-docker:\n  lookaside: http://%s/signatures\n  use-sigstore-attachments: true\n' "$host" >"$HOME/.config/containers/registries.d/x.yaml"
rm -rf "$MINTMARK_CACHE/sha256"
check "a host that looks for signatures" fetch "$manifest"
rm -rf "$HOME/.config/containers/registries.d"
chmod u+w "$MINTMARK_CACHE/sha256/$one"
printf x | dd of="$MINTMARK_CACHE/sha256/$one" bs=1 seek=100 conv=notrunc 2>/dev/null
touch -d @1000000000 "$MINTMARK_CACHE/sha256/$manifest"
fetch "$manifest" >"$TAP_TMP/log" 2>&1
ok $? "a damaged blob in the cache is fetched again" "$TAP_TMP/log"
check "with a line that says so" grep -q "FETCH-CACHE: .*/$one: expected sha256 $one, found" "$TAP_TMP/log"
check "nobody writes into the manifest that the cache has" \
	[ "$(stat -c %Y "$MINTMARK_CACHE/sha256/$manifest")" -eq 1000000000 ]
check "and only that one is asked for" sh -c '[ "$(grep -c "GET.*/blobs/" "$1")" -gt 0 ]' sh "$TAP_TMP/registry.log"

# A daemon: what it gives away is what docker save writes, here from skopeo, with the configuration in Docker's form. Asked
# for an ID it gives no name.
saved=$TAP_TMP/saved
mkdir "$saved"
check "an image as docker save writes it" env/skopeo copy -q "oci:$layout:1" "docker-archive:$TAP_TMP/save.tar:mint/app:1"
id=$(tar -x -O -f "$TAP_TMP/save.tar" manifest.json | sed -n 's/.*"Config":"\([0-9a-f]*\)\.json".*/\1/p')
mv "$TAP_TMP/save.tar" "$saved/mint%2Fapp:1"
check "and without a name, asked for by its ID" env/skopeo copy -q "oci:$layout:1" "docker-archive:$TAP_TMP/save.tar"
mv "$TAP_TMP/save.tar" "$saved/sha256:$id"

# daemon SOCKET|0: starts it.
daemon()
{
	: >"$TAP_TMP/daemon.log"
	(PYTHONDONTWRITEBYTECODE=1 PYTHONHOME=$root/usr loaded python3 tests/env/daemon.py "$1" "$saved") >"$TAP_TMP/daemon.log" 2>&1 &
	daemon=$!
	await "$TAP_TMP/daemon.log" 'listening on ' || return 1
	DOCKER_HOST=$(sed -n 's/^listening on //p' "$TAP_TMP/daemon.log")
	export DOCKER_HOST
}
no_daemon()
{
	kill "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}
# from_daemon ID: fetches it.
from_daemon()
{
	env/fetch-image linux/amd64 "docker-daemon:sha256:$1"
}
daemon "$TAP_TMP/docker.sock"
ok $? "a daemon on a unix socket" "$TAP_TMP/daemon.log"
printf '# mine\nSOURCE = docker-daemon:mint/app:1\nARG = /bin/app\n' >"$mine/image.conf"
fails 2 "RECIPE-TAG: .*make lock IMAGE=docker-daemon:mint/app:1 RECIPE=$mine pins it" "a daemon's tag is refused, with the command that pins it" \
	make -s image RECIPE="$mine"
check "make lock pins it" make -s lock IMAGE=docker-daemon:mint/app:1 RECIPE="$mine"
check "to its ID" grep -qx "SOURCE = docker-daemon:sha256:$id" "$mine/image.conf"
fails 2 'LOCK-IMAGE: docker-daemon:mint/app:2: .*reference does not exist: (docker.io/)?mint/app:2' "a tag that the daemon does not have" \
	make -s lock IMAGE=docker-daemon:mint/app:2
rm -rf "$MINTMARK_CACHE/sha256"
check "the image from the daemon, by its ID" build '' daemon
check "is the one from the layout" cmp "$TAP_TMP/initrd.layout" "$TAP_TMP/initrd.daemon"
check "the daemon was asked for the ID" grep -qE "\"GET /v1.*/images/get\?names=sha256(:|%3A)$id " "$TAP_TMP/daemon.log"
check "buildinfo.json names the ID" grep -qxF "{\"kind\":\"docker-daemon\",\"digest\":\"sha256:$id\"}" "$info"
for hash in "$id" "$(cat "$TAP_TMP/one.id")" "$(cat "$TAP_TMP/two.id")"; do
	check "the cache has $hash" sh -c 'echo "$1  $2/$1" | sha256sum -c' sh "$hash" "$MINTMARK_CACHE/sha256"
done
check "and no more than configuration and layers" [ "$(find "$MINTMARK_CACHE/sha256" -type f | wc -l)" -eq 3 ]
check "it is asked nothing" sh -c ': >"$1"' sh "$TAP_TMP/daemon.log"
check "for what the cache has" from_daemon "$id"
check "once that is there" [ ! -s "$TAP_TMP/daemon.log" ]
fails 4 "FETCH-IMAGE: docker-daemon:sha256:$nothing: .*reference does not exist" "an ID that it does not have" from_daemon "$nothing"
cp "$saved/sha256:$id" "$saved/sha256:$nothing"
fails 1 'FETCH-HASH: .*whose configuration has this sha256 expected, found another' "an ID that is not the configuration's digest" \
	from_daemon "$nothing"
check "gets no name in the cache" [ ! -e "$MINTMARK_CACHE/sha256/$nothing" ]
rm -rf "$MINTMARK_CACHE/sha256"
cp "$saved/sha256:$id" "$TAP_TMP/whole"
head -c 100000 "$TAP_TMP/whole" >"$saved/sha256:$id"
fails 4 "FETCH-IMAGE: docker-daemon:sha256:$id: " "an image that ends early" from_daemon "$id"
# One byte of the layer of random data, whose name in the archive stays.
cp "$TAP_TMP/whole" "$saved/sha256:$id"
printf x | dd of="$saved/sha256:$id" bs=1 seek=100000 conv=notrunc 2>/dev/null
fails 4 "FETCH-IMAGE: docker-daemon:sha256:$id: .*[Dd]igest" "an image with an altered layer" from_daemon "$id"
check "nothing of either is left in the cache but what is right" sh -c \
	'cd "$1" && [ -z "$(find . -name ".*" ! -name .)" ] && for f in *; do [ ! -f "$f" ] || echo "$f  $f" | sha256sum -c || exit; done' \
	sh "$MINTMARK_CACHE/sha256"
cp "$TAP_TMP/whole" "$saved/sha256:$id"
no_daemon
daemon 0
ok $? "a daemon on a port of loopback" "$TAP_TMP/daemon.log"
rm -rf "$MINTMARK_CACHE/sha256" "$out/fromregistry"
fails 4 'FETCH-IMAGE: .*(tls|TLS)' "with DOCKER_TLS_VERIFY it is not asked in the clear" env DOCKER_TLS_VERIFY=1 \
	env/fetch-image linux/amd64 "docker-daemon:sha256:$id"
check "without, it gives the same image" build '' daemon
check "bit for bit" cmp "$TAP_TMP/initrd.layout" "$TAP_TMP/initrd.daemon"
check "make lock asks it there, too" sh -c '[ "$(make -s lock IMAGE=docker-daemon:mint/app:1)" = "SOURCE = docker-daemon:sha256:$1" ]' sh "$id"
no_daemon
rm -rf "$out/fromregistry"
check "the daemon is gone: the cache suffices" build '' daemon
rm -rf "$MINTMARK_CACHE/sha256"
fails 4 "FETCH-IMAGE: docker-daemon:sha256:$id: " "without the cache, too, there is none" from_daemon "$id"
unset DOCKER_HOST

# A bundle, for where there is no registry.
printf 'SOURCE = docker://%s/mint/app@sha256:%s\nARG = /bin/app\n' "$host" "$index" >"$mine/image.conf"
make -s image RECIPE="$mine" >"$TAP_TMP/log" 2>&1
ok $? "the image from an index" "$TAP_TMP/log"
mkdir "$TAP_TMP/bundle" "$TAP_TMP/bundle/sha256"
for hash in "$index" "$manifest" "$config" "$one" "$two"; do
	cp "$MINTMARK_CACHE/sha256/$hash" "$TAP_TMP/bundle/sha256/"
done

# The registry is gone.
no_registry
if [ "$(id -u)" -eq 0 ]; then isolate="unshare --net"; else isolate="unshare --user --map-root-user --net"; fi
rm -rf "$out/fromregistry"
check "without registry and network the cache suffices" $isolate make -s image RECIPE="$mine"
check "for the same image" cmp "$TAP_TMP/initrd.layout" "$out/fromregistry/nitro-x86_64/initrd.cpio"
rm -rf "$MINTMARK_CACHE/sha256"
fails 4 'FETCH-IMAGE: ' "without the cache, too, there is none" fetch "$manifest"
check "but for a bundle" $isolate env BUNDLE="$TAP_TMP/bundle" env/fetch-image linux/amd64 "docker://$host/mint/app@sha256:$index"
check "which fills the cache" [ "$(find "$MINTMARK_CACHE/sha256" -type f | wc -l)" -eq 5 ]
tar -c -f "$TAP_TMP/bundle.tar" --format=ustar -C "$TAP_TMP/bundle" sha256
rm -rf "$MINTMARK_CACHE/sha256"
check "a bundle in one file does, too" $isolate env BUNDLE="$TAP_TMP/bundle.tar" env/fetch-image linux/amd64 "docker://$host/mint/app@sha256:$index"
chmod u+w "$TAP_TMP/bundle/sha256/$one"
printf x | dd of="$TAP_TMP/bundle/sha256/$one" bs=1 seek=100 conv=notrunc 2>/dev/null
rm -rf "$MINTMARK_CACHE/sha256"
fails 4 'FETCH-IMAGE: ' "a wrong blob in a bundle is not taken" $isolate env BUNDLE="$TAP_TMP/bundle" \
	env/fetch-image linux/amd64 "docker://$host/mint/app@sha256:$index"
check "and has no name in the cache" [ ! -e "$MINTMARK_CACHE/sha256/$one" ]
finish_tap
