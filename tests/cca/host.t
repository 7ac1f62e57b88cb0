#!/bin/sh
# make run REALM=1: what a folder with an emulator, firmware and a host's Linux is given to start a realm. There is none
# here: the emulator is a script that says how it was called. Environment: REALM and ROOTFS, the commands.
# shellcheck disable=SC2016 # sh -c has its own words
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cca/common.sh
. "$here/common.sh"
: "${ROOTFS:?path of the rootfs command}"
case $ROOTFS in
/*) ;;
*) ROOTFS=$tree/$ROOTFS ;;
esac
export REALM ROOTFS
run=$tree/cca-image/run-realm
make_inputs
mkdir parts stack
"$REALM" build --layout "$layouts/igvm.layout" --memory 512M --cpus 1 --kernel Image --initrd initrd --cmdline "a b" \
	--parts parts -o image.igvm
printf 'a b' >parts/cmdline

cat >stack/qemu-system-aarch64 <<'EOF'
#!/bin/sh
printf '%s\n' "$@" >"$SEEN/words"
cp initrd "$SEEN/"
EOF
chmod +x stack/qemu-system-aarch64
printf firmware >stack/flash.bin
printf kernel >stack/Image
"$ROOTFS" pack --add init=Image:0755 -o stack/host.cpio
export SEEN="$work"

fails 4 'RUN-STACK: stack/stack.conf' "a stack that says nothing of itself" sh "$run" stack parts
echo 'LAYOUT = kvmtool-2026; reboot' >stack/stack.conf
fails 3 'RUN-STACK: .*reboot' "a line that is none" sh "$run" stack parts

echo 'LAYOUT = kvmtool-2020' >stack/stack.conf
fails 3 'RUN-STACK: .*kvmtool-2020' "a layout that there is not" sh "$run" stack parts
echo 'RMM = 1.0' >stack/stack.conf
fails 2 'REALM-RMM: .*kvmtool-2026.layout: RMM 2.0 expected, found 1.0' "an RMM that the layout is not for" sh "$run" stack parts

# starts NAME CONF: with this said of the stack; what it printed is in said, the realm's start in start.
starts()
{
	printf '%s\n' "$2" >stack/stack.conf
	sh "$run" stack parts >said 2>&1
	ok $? "$1" said
	rm -rf unpacked
	mkdir unpacked
	(cd unpacked && cpio -i --quiet --no-absolute-filenames <../initrd 2>/dev/null)
	cp unpacked/mintmark/start start
}

starts "a stack with kvmtool, which is what a stack has" 'MEMORY = 1G
CPUS = 2'
expected=$(rim --layout "$layouts/kvmtool-2026.layout" --memory 1G --cpus 2 --kernel parts/kernel --initrd parts/initrd.cpio \
	--cmdline "a b" --rmm 2.0 --hash sha-256)
is "the RIM to expect" "run: expected: RIM under RMM 2.0: $expected" "$(tail -n 1 said)"
is "and the processor that has it" "run: expected: on a processor with 2 breakpoints and 2 watchpoints" "$(head -n 1 said)"
check "an emulator with realms" grep -qx 'max,x-rme=on,sme=off' words
check "the stack's firmware" grep -qx "$work/stack/flash.bin" words
check "the realm's kernel" cmp parts/kernel unpacked/mintmark/kernel
check "the realm's ramdisk" cmp parts/initrd.cpio unpacked/mintmark/initrd.cpio
check "the host's root is behind it" sh -c 'tail -c "$(wc -c <stack/host.cpio)" initrd | cmp - stack/host.cpio'
check "the realm is started" grep -q "^lkvm run --realm .*-c 2 -m 1024M .*--vsock 4 .*-k kernel -i initrd.cpio --dtb tree.dtb --nodefaults -p 'a b'$" start
check "by a shell" sh -n start
starts "a stack with QEMU" 'LAYOUT = qemu-rmm1
HASH = sha-512'
check "the realm has our device tree" grep -q 'measurement-algorithm=sha512 .*-device vhost-vsock-pci,guest-cid=4 .*-dtb tree.dtb$' start
"$REALM" tree --layout "$layouts/qemu-rmm1.layout" --memory 512M --cpus 1 --kernel parts/kernel --initrd parts/initrd.cpio \
	--cmdline "a b" -o wanted.dtb
check "which is there" cmp wanted.dtb unpacked/mintmark/tree.dtb
finish_tap
