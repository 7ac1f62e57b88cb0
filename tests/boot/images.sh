# shellcheck shell=sh disable=SC2154 # what vm.sh sets
# Many small images, each with a run specification of its own, booted until the machine ends by itself; to be sourced by
# tests, after tap.sh and vm.sh. Packing and assembling one takes a tenth of a second, booting it two to four under TCG.

eif=/mint/in/bin/eif
rootfs=/mint/in/bin/rootfs
limit=120 # seconds for a machine to end, on a busy host
export TAP_TMP=/mint/work
cd /mint/work || exit 4
trap 'end "${enclave_pid:-}"; end "${parent_pid:-}"; end "${wires_pid:-}"' EXIT
trap 'exit 130' INT TERM HUP
mkdir -p /mint/out/consoles

# With ARCH=aarch64 the same is booted on the emulated board of that processor, as far as it has what is asked for.
arch=${ARCH:-x86_64}
case $arch in
aarch64)
	published=/mint/in/images/aarch64.eif busybox=/mint/in/aarch64/busybox probe=/mint/in/aarch64/probe
	limit=400
	;;
*) published=/mint/in/image.eif busybox=/mint/in/busybox probe=/mint/in/probe ;;
esac

# The pieces that every image here has in common.
rm -rf parts
$eif extract $published parts >/dev/null
ok $? "the image comes apart"
mkdir -p tree/bin tree/etc
cp $busybox/busybox $probe tree/bin/
while read -r applet; do
	ln -sf busybox "tree/bin/${applet##*/}"
done <$busybox/busybox.links
printf '%s\n' 'root:x:0:0::/:/bin/sh' 'app:x:1000:1001::/:/bin/sh' >tree/etc/passwd
printf '%s\n' 'root:x:0:' 'app:x:1001:' 'net:x:7:app' >tree/etc/group

# record KEY=VALUE...: NUL-terminated.
record()
{
	printf '%s\0' "$@"
}

# ramdisk TREE RECORD...: ramdisk1 with this root and these records.
ramdisk()
{
	tree=$1
	shift
	record "$@" >records
	rm -f ramdisk1
	$rootfs pack "dir:$tree" --owner-root --prefix rootfs --run records -o ramdisk1
}

# start [MEMORY [OPTION...]]: the image of ramdisk1 boots.
# shellcheck disable=SC2120 # tests give arguments
start()
{
	started=$(date +%s)
	if [ "$arch" = aarch64 ]; then
		rm -rf assembled
		mkdir assembled
		cp parts/cmdline parts/ramdisk0 ramdisk1 assembled/ && cp "${kernel:-parts/kernel}" assembled/kernel && virt assembled "$@"
		return
	fi
	rm -f image.eif
	$eif build --no-boot-checks --kernel "${kernel:-parts/kernel}" --cmdline-file parts/cmdline --ramdisk parts/ramdisk0 \
		--ramdisk ramdisk1 --raw-metadata parts/metadata.json -o image.eif >/dev/null && enclave image.eif "$@"
}

# await NAME REGEX: the machine ends by itself, and the last line of init is like that. The console is in "console".
await()
{
	status=0
	ends $limit || status=1
	end "$enclave_pid"
	tr -d '\r' <"$vm/enclave.console" >console
	[ $status -eq 0 ] || { echo "no end of the machine within $limit s"; cat "$vm/enclave.log"; } >>console
	cp console "/mint/out/consoles/$1.console"
	echo "# $1: $(($(date +%s) - started)) s"
	grep '^mintmark:' console | tail -n 1 | grep -qE -- "^mintmark: $2" || status=1
	return $status
}

# over NAME REGEX: the same as a test.
over()
{
	status=0
	await "$1" "$2" || status=1
	ok $status "$1: $2" console
}

# What an emulator does on a host so busy that it gets no processor for seconds: the parent's does not answer in init's ten
# seconds, or the kernel misses the ticks of its timer. Nothing that a test is about.
starved='INIT-HEARTBEAT: .*timed out$|panic.*IO-APIC . timer'

# boot NAME REGEX: the image of ramdisk1 boots to such an end, with so much memory; three times, when the emulator starves.
memory=256M
boot()
{
	for try in 1 2 3; do
		: >console
		status=0
		{ start $memory && await "$1" "$2"; } || status=1
		if [ $status -eq 0 ] || [ $try -eq 3 ] || ! grep -qE "$starved" console; then break; fi
		echo "# $1: a starving emulator; once more"
	done
	ok "$status" "$1: $2" console
}

# says NAME LINE: such a line, exactly, is on the console.
says()
{
	status=0
	grep -qxF -- "$2" console || status=1
	{ grep -v '^\[' console; echo "no line \"$2\""; } >shown
	ok $status "$1" shown
}

# image NAME REGEX RECORD...: an image of the common tree with these records boots to such an end.
image()
{
	name=$1
	regex=$2
	shift 2
	ramdisk tree "name=$name" "$@"
	boot "$name" "$regex"
}

# script NAME REGEX RECORD... SCRIPT: the same, with a shell that has the script as its argument.
script()
{
	name=$1
	regex=$2
	shift 2
	image "$name" "$regex" env=PATH=/bin arg=sh arg=-c "$@"
}

# silent NAME: nothing of the application is on the console.
silent()
{
	check "$1: the application never ran" sh -c '! grep -qE "^(probe|inside)" console'
}

# refused NAME REGEX RECORD...: init refuses such an image, and its application never runs.
refused()
{
	name=$1
	regex=$2
	shift 2
	image "$name" "refused: $regex" "$@"
	silent "$name"
}

# machines: the wires and a parent that answers.
machines()
{
	wires
	ok $? "vhost-device-vsock serves both machines" "$vm/wires.log"
	parent parent.mode=ok
	ok $? "the parent instance is up" "$vm/parent.console"
}

# sum RECORD...: the digest of these strings, each with its NUL.
sum()
{
	record "$@" | sha256sum
}
