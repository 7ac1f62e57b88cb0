#!/bin/sh
# Layouts with one image, with an index in the index, and of docker's media types.
set -eu
: "${here:?the folder tests/fuzz}"
# shellcheck source=tests/fuzz/parts.sh
. "$here/parts.sh"

target=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
layers
oci=application/vnd.oci.image
echo '{"imageLayoutVersion":"1.0.0"}' >layout
cat >config <<'EOF'
{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["/usr/bin/app"],"User":"root",
"WorkingDir":"/etc","ExposedPorts":{"80/tcp":{}},"Volumes":{"/v":{}},"Labels":{"a":"b"},"StopSignal":"SIGINT"},
"rootfs":{"type":"layers","diff_ids":["sha256:@blob:0@","sha256:@blob:1@"]},
"history":[{"created_by":"x"},{"empty_layer":true},{}]}
EOF
cat >manifest <<EOF
{"schemaVersion":2,"mediaType":"$oci.manifest.v1+json",
"config":{"mediaType":"$oci.config.v1+json","digest":"sha256:@blob:c@","size":#blob:c#},
"layers":[{"mediaType":"$oci.layer.v1.tar","digest":"sha256:@blob:0@","size":#blob:0#},
{"mediaType":"$oci.layer.v1.tar","digest":"sha256:@blob:1@","size":#blob:1#}]}
EOF
cat >index <<EOF
{"schemaVersion":2,"manifests":[{"mediaType":"$oci.manifest.v1+json","digest":"sha256:@blob:m@","size":#blob:m#,
"platform":{"architecture":"amd64","os":"linux"},"annotations":{"org.opencontainers.image.ref.name":"latest"}}]}
EOF
sed "s/image.manifest/image.index/; s/@blob:m@/@blob:i@/; s/#blob:m#/#blob:i#/; s/\"platform\".*linux\"},//" index >outer
image()
{
	part oci-layout layout
	part blob:0 l0
	part blob:1 l1
	part blob:c config
	part blob:m manifest
}
{
	image
	part index.json index
	zeros 1024
} >"$target/image.parts"
{
	image
	part blob:i index
	part index.json outer
	zeros 1024
} >"$target/nested.parts"
# The second layer compressed; its diffID is that of a part which is only there for it.
sed 's/tar","digest":"sha256:@blob:1@","size":#blob:1#/tar+gzip","digest":"sha256:@blob:z@","size":#blob:z#/' manifest >gzipped
{
	part oci-layout layout
	part blob:0 l0
	part blob:1 l1
	part blob:z l1.gz
	part blob:c config
	part blob:m gzipped
	part index.json index
	zeros 1024
} >"$target/gzip.parts"
d=application/vnd.docker
sed "s|$oci.manifest.v1+json|$d.distribution.manifest.v2+json|; s|$oci.config.v1+json|$d.container.image.v1+json|
s|$oci.layer.v1.tar\"|$d.image.rootfs.diff.tar\"|" manifest >docker
sed "s|$oci.manifest.v1+json|$d.distribution.manifest.v2+json|" index >docker.index
{
	part oci-layout layout
	part blob:0 l0
	part blob:1 l1
	part blob:c config
	part blob:m docker
	part index.json docker.index
	zeros 1024
} >"$target/docker.parts"
