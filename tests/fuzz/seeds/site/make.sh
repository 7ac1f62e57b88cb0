#!/bin/sh
# Two releases of an enclave and two of a realm: measurements, values, packages, kernel options and files of each, and what changed.
set -eu

# pcr DIGIT
pcr()
{
	printf '%096d' 0 | tr 0 "$1"
}
# parts VERSION SUM: the files that both kinds have, each with a NUL behind it
parts()
{
	printf '{"packages":[{"name":"rootfs","versionInfo":"0","primaryPackagePurpose":"CONTAINER"},{"name":"bash","versionInfo":"%s"}]}\0' "$1"
	printf '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_V="%s"\n\0' "$1"
	printf '{"Prefix":"rootfs","Entries":[{"path":"rootfs","type":"directory","mode":"0755","size":0},{"path":"rootfs/a","type":"file","mode":"0%s44","size":12,"sha256":"%s"},{"path_b64":"/w==","type":"symlink","target":"%s"}]}\0' \
		"$2" "$2" "$1"
}
for one in 1.0:1 1.1:2; do
	printf '{"Recipe":"hello","ImageVersion":"%s","FileSize":3586440,"FileSha256":"0%s","TreeDigest":"a","Cmdline":"quiet","Metadata":{"KernelVersion":"6.12"}}\0' \
		"${one%:*}" "${one#*:}"
	printf '{"PCR0":{"hex":"%s","base64":""},"PCR1":{"hex":"%s"},"PCR2":{"hex":"%s"}}\0' "$(pcr "${one#*:}")" "$(pcr 3)" "$(pcr 4)"
	parts "${one%:*}" "${one#*:}"
done >enclave
for one in 1.0:5 1.1:6; do
	printf '{"Recipe":"vault <b>&","Target":"cca-aarch64","KernelVersion":"7.2.8","FileSize":9000000}\0'
	printf '{"RIMs":[{"cpus":1,"hash":"sha-384","layout":"qemu","memory":536870912,"rmm":"1.0","RIM":{"hex":"%s"},"REM0":{"hex":"%s"}}' "$(pcr "${one#*:}")" "$(pcr 7)"
	for cpus in 2 3 4 5 6 7 8 9 10 11; do
		printf ',{"cpus":%s,"RIM":{"hex":"%s"}}' $cpus "$(pcr $((cpus % 3)))"
	done
	printf ']}\0'
	parts "${one%:*}" "${one#*:}"
done >realm
