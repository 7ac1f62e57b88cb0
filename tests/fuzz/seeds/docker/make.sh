#!/bin/sh
# What docker save writes: manifest.json, a config and layers, in the old form and in the new one.
set -eu
: "${here:?the folder tests/fuzz}"
# shellcheck source=tests/fuzz/parts.sh
. "$here/parts.sh"

target=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
layers
cat >config <<'EOF'
{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/usr/bin/app"]},
"rootfs":{"type":"layers","diff_ids":["sha256:@a/layer.tar@","sha256:@b/layer.tar@"]}}
EOF
echo '[{"Config":"c.json","RepoTags":["app:latest"],"Layers":["a/layer.tar","b/layer.tar"]}]' >manifest
echo '{"app":{"latest":"b"}}' >repositories
{
	part a/layer.tar l0
	part b/layer.tar l1
	part c.json config
	part manifest.json manifest
	part repositories repositories
	zeros 1024
} >"$target/old.parts"
sed 's|a/layer.tar|blob:0|; s|b/layer.tar|blob:1|' config >new
echo '[{"Config":"blobs/sha256/@blob:c@","RepoTags":null,"Layers":["blobs/sha256/@blob:0@","blobs/sha256/@blob:1@"]}]' >manifest
{
	part blob:0 l0
	part blob:1 l1
	part blob:c new
	part manifest.json manifest
	zeros 1024
} >"$target/new.parts"
