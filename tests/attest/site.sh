# shellcheck shell=sh
# Releases that were never built, for the tests of attest site, to be sourced: three of hello in which packages, files and
# kernel options change, a hostile one, and a log of them all. The functions write below the current folder. Needs ATTEST.

# hex BYTE COUNT
hex()
{
	i=0
	while [ $i -lt "$2" ]; do
		printf %s "$1"
		i=$((i + 1))
	done
}

# seal FOLDER: its SHA256SUMS, as make publish writes it.
seal()
{
	(cd -- "$1" && rm -f SHA256SUMS && find . -type f | sed 's,^\./,,' | LC_ALL=C sort | tr '\n' '\0' | xargs -0 sha256sum) >sums
	mv sums "$1/SHA256SUMS"
}

# release FOLDER NAME VERSION BYTE SIZE TARGET: BYTE tells it from others.
release()
{
	mkdir -p "$1/$6" "$1/pins"
	printf '{"Recipe":"%s","ImageVersion":"%s","Target":"%s","FileSize":%s,"FileSha256":"%s","TreeDigest":"%s","Cmdline":"quiet","Metadata":{"KernelVersion":"6.12.%s"},"PCR16":"%s","Measurements":{"HashAlgorithm":"Sha384 { ... }","PCR0":"%s","PCR1":"%s","PCR2":"%s"}}\n' \
		"$2" "$3" "$6" "$5" "$(hex "$4" 32)" "$(hex "$4" 32)" "$4" "$(hex d4 48)" "$(hex "$4" 48)" "$(hex b2 48)" "$(hex "$4" 48)" >"$1/$6/measurements.json"
	echo image >"$1/$6/image.eif"
	"$ATTEST" publish "$1"
}

# contents FOLDER PACKAGES OPTIONS FILES [TARGET]: words NAME=VERSION, NAME=VALUE, and PATH=MODE=BYTE.
contents()
{
	target=${5:-nitro-x86_64}
	{
		printf '{"packages":[{"name":"rootfs","versionInfo":"00","primaryPackagePurpose":"CONTAINER"}'
		for word in $2; do
			printf ',{"name":"%s","versionInfo":"%s"}' "${word%%=*}" "${word#*=}"
		done
		printf ']}\n'
	} >"$1/$target/sbom.spdx.json"
	{
		echo '# CONFIG_GENERATED is not set'
		for word in $3; do
			echo "CONFIG_$word"
		done
	} >"$1/$target/kernel.config"
	{
		printf '{"Prefix":"rootfs","Entries":[{"path":"rootfs","type":"directory","mode":"0755","uid":0,"gid":0,"size":0}'
		for word in $4; do
			mode=${word#*=}
			printf ',{"path":"rootfs/%s","type":"file","mode":"%s","uid":0,"gid":0,"size":12,"sha256":"%s"}' \
				"${word%%=*}" "${mode%=*}" "$(hex "${mode#*=}" 32)"
		done
		printf ']}\n'
	} >"$1/$target/manifest.json"
}

# three: releases one, two and three of hello, with boot times of two of them.
three()
{
	release one hello 1.0 a1 3586440 nitro-x86_64
	contents one 'bash=5.1 zlib=1.2' 'NET=y PCI=y' 'bin/hello=0755=01 etc/motd=0644=01'
	seal one
	release two hello 1.1 a2 3186440 nitro-x86_64
	release two hello 1.1 a2 4186440 nitro-aarch64
	contents two 'bash=5.2 zlib=1.2' 'NET=y NUMA=y' 'bin/hello=0755=02 etc/motd=0600=01'
	seal two
	release three hello 2.0 a3 2986440 nitro-x86_64
	contents three 'bash=5.2 musl=1.2.5' 'NET=m NUMA=y' 'bin/hello=0755=02 etc/issue=0644=03'
	seal three
	echo '{"Results":[{"Name":"ours","Seconds":0.41}]}' >one.boot.json
	echo '{"Results":[{"Name":"debian","Seconds":9},{"Name":"ours","Seconds":0.335}]}' >three.boot.json
}

# realm FOLDER VERSION BYTE SIZE: one of a realm, whose RIM depends on who runs it, as cca-image/assemble describes it.
realm()
{
	mkdir -p "$1/cca-aarch64" "$1/pins"
	{
		printf '{"Recipe":"vault","Target":"cca-aarch64","TreeDigest":"%s","KernelVersion":"7.2.8","FileSize":%s,"FileSha256":"%s",' \
			"$(hex "$3" 32)" "$4" "$(hex "$3" 32)"
		printf '"Cmdline":"quiet","REM0":{"sha-256":"%s","sha-512":"%s"},' "$(hex e1 32)" "$(hex e5 64)"
		printf '"ImageMeasurements":[{"hash":"sha-256","rmm":"1.0","RIM":"%s"},{"hash":"sha-512","rmm":"1.0","RIM":"%s"}],"PartsMeasurements":[' \
			"$(hex 40 32)" "$(hex "$3" 64)"
		comma='' last=10
		for cpus in 1 2 4 8; do
			for layout in kvmtool-rmm1:1.0 qemu-rmm1:1.0 qemu-2026:2.0; do
				printf '%s{"cpus":%s,"hash":"sha-256","layout":"%s","memory":536870912,"rmm":"%s","RIM":"%s%s"}' "$comma" $cpus \
					"${layout%:*}" "${layout#*:}" "$(hex "$3" 31)" "$last"
				last=$((last + 1))
				comma=,
			done
		done
		printf ']}\n'
	} >"$1/cca-aarch64/measurements.json"
	echo realm >"$1/cca-aarch64/image.igvm"
	"$ATTEST" publish "$1"
	contents "$1" "bash=5.2 zlib=1.$3" 'NET=y PCI=y' "bin/vault=0755=$3" cca-aarch64
	seal "$1"
}

# hostile: one whose every word would like to be markup, or a shell's.
hostile()
{
	evil='<script>alert(1)</script><img src=x onerror=alert(1)>'
	quoted="\\\"onmouseover=alert(1) x='"
	turned=$(printf 'safe\342\200\256gnp.exe')
	mkdir -p "hostile \$(touch pwned)'/t"
	folder="hostile \$(touch pwned)'"
	release "$folder" "$evil" "$quoted" a4 77 'nitro-x86_64'
	printf '{"packages":[{"name":"%s","versionInfo":"%s"}]}\n' "$evil" "$quoted" >"$folder/nitro-x86_64/sbom.spdx.json"
	printf 'CONFIG_%s="%s"\nCONFIG_Z=%s\n' "$evil" "$evil" "$turned" >"$folder/nitro-x86_64/kernel.config"
	printf '{"Prefix":"rootfs","Entries":[{"path":"rootfs/%s","type":"%s","size":1},{"path":"%s","type":"file","mode":"%s","size":1}]}\n' \
		"$evil" "$evil" "$turned" "$evil" >"$folder/nitro-x86_64/manifest.json"
	rmdir "$folder/t"
	seal "$folder"
	cp -R "$folder" worse
	printf '{"packages":[]}\n' >worse/nitro-x86_64/sbom.spdx.json
	printf 'CONFIG_Z=y\n' >worse/nitro-x86_64/kernel.config
	printf '{"Prefix":"rootfs","Entries":[{"path":"%s","type":"%s","mode":"%s"}]}\n' "$turned" "$evil" "$turned" >worse/nitro-x86_64/manifest.json
	seal worse
}

# realms: two releases of vault.
realms()
{
	realm realm 1.0 c1 9000000
	realm realm-2 1.1 c2 9100000
}

# logged KEY: a log in log/ of all of these, of which the first is withdrawn; prints the log's key.
logged()
{
	set -- "$1" log append --log log --key "$1" --origin example.org/log --at 2026-11-22
	key=$1
	shift
	"$ATTEST" "$@" --release one --version 1.0
	"$ATTEST" "$@" --release two --version 1.1 --security 1
	"$ATTEST" "$@" --release "$folder" --version "$(printf '%s' "$quoted" | tr -d '\134')"
	"$ATTEST" "$@" --release worse --version '</title><b>'
	"$ATTEST" "$@" --withdraw 0 --reason "a key leaked <b onclick='alert(1)'>"
	"$ATTEST" "$@" --release three --version 2.0 --security 2
	"$ATTEST" "$@" --release realm --version 1.0
	"$ATTEST" "$@" --release realm-2 --version 1.1
	"$ATTEST" log key --key "$key" --origin example.org/log
}
