# shellcheck shell=sh disable=SC2034 # what is set here is used by those who source it
# Enclaves and their parent as virtual machines, to be sourced inside the test environment: QEMU's
# nitro-enclave machine with its NSM, a second small VM with CID 3 as the parent instance, and
# vhost-device-vsock between them. Everything ends with the sandbox; nothing touches the host.
#
# $vm is a writable folder for sockets and consoles; inputs are below /mint/in.

vm=${VM:-/mint/work/vm}
qemu=/mint/in/qemu/qemu-system-x86_64
bios="-L /usr/share/seabios -L /usr/share/qemu"
mkdir -p "$vm"

# wait_for FILE REGEX SECONDS: until a line matches; 1 when time runs out.
wait_for()
{
	ticks=$(($3 * 5))
	while ! grep -qE -- "$2" "$1" 2>/dev/null; do
		ticks=$((ticks - 1))
		[ "$ticks" -gt 0 ] || return 1
		sleep 0.2
	done
}

# wires: the vsock device of both machines; CID 3 is the parent, CID 4 the enclave.
wires()
{
	vhost-device-vsock \
		--vm "guest-cid=4,socket=$vm/enclave.vhost,uds-path=$vm/enclave.vsock,groups=mint" \
		--vm "guest-cid=3,socket=$vm/parent.vhost,uds-path=$vm/parent.vsock,groups=mint" \
		>"$vm/wires.log" 2>&1 &
	wires_pid=$!
	ticks=50
	while [ ! -S "$vm/enclave.vhost" ] || [ ! -S "$vm/parent.vhost" ]; do
		ticks=$((ticks - 1))
		[ $ticks -gt 0 ] || return 1
		sleep 0.2
	done
}

# parent [WORDS]: boots the parent VM and waits until it listens for heartbeats.
parent()
{
	: >"$vm/parent.console"
	# shellcheck disable=SC2086 # a list of options
	$qemu $bios -M microvm,acpi=off,pcie=off,memory-backend=m -accel tcg -cpu max -m 128M \
		-object memory-backend-memfd,id=m,size=128M,share=on \
		-chardev "socket,id=c,path=$vm/parent.vhost" -device vhost-user-vsock-device,chardev=c \
		-kernel /mint/in/kernel/bzImage -initrd /mint/in/parent.cpio -append "${1:-parent.mode=ok}" \
		-display none -monitor none -nodefaults -serial "file:$vm/parent.console" \
		</dev/null >"$vm/parent.log" 2>&1 &
	parent_pid=$!
	wait_for "$vm/parent.console" '^parent: ready' 120
}

# tell LINE [FILE]: to the parent, how it shall behave from now on (parent.c); "blob SIZE" goes with the file.
tell()
{
	python3 /mint/in/boot/dial "$vm/parent.vsock" 9003 "$@"
}

# enclave IMAGE [MEMORY [OPTION...]]: boots an image in the nitro-enclave machine; its console is $vm/enclave.console. With
# a keyboard controller a reset is one, and ends the emulator.
enclave()
{
	enclave_image=$1
	enclave_memory=${2:-256M}
	shift $(($# < 2 ? $# : 2))
	: >"$vm/enclave.console"
	# shellcheck disable=SC2086 # a list of options
	$qemu $bios -M nitro-enclave,vsock=c,id=mintmark-test -accel tcg -cpu max -m "$enclave_memory" "$@" \
		-device i8042 -no-reboot -chardev "socket,id=c,path=$vm/enclave.vhost" -kernel "$enclave_image" \
		-display none -monitor none -nodefaults -serial "file:$vm/enclave.console" \
		</dev/null >"$vm/enclave.log" 2>&1 &
	enclave_pid=$!
}

# virt FOLDER [MEMORY [OPTION...]]: boots what an image for aarch64 consists of (eif extract) on the board "virt", which takes the
# devices of an enclave: the ramdisks one behind the other, as the hypervisor of one hands them over. No machine of this
# emulator reads such an image, so that its NSM has measured nothing. It ends with a reset. virt_module is the NSM, board
# more options of the board.
virt_module='-device virtio-nsm-device'
board=
virt()
{
	virt_parts=$1
	virt_memory=${2:-256M}
	shift $(($# < 2 ? $# : 2))
	: >"$vm/enclave.console"
	cat "$virt_parts"/ramdisk[0-9] >"$vm/initrd"
	# shellcheck disable=SC2086 # a list of options
	/mint/in/qemu/qemu-system-aarch64 -M "virt,memory-backend=m$board" -accel tcg -cpu max,pauth-impdef=on \
		-m "$virt_memory" -object "memory-backend-memfd,id=m,size=$virt_memory,share=on" "$@" \
		-global virtio-mmio.force-legacy=false \
		-chardev "socket,id=c,path=$vm/enclave.vhost" -device vhost-user-vsock-device,chardev=c \
		$virt_module -kernel "$virt_parts/kernel" -initrd "$vm/initrd" \
		-append "$(cat "$virt_parts/cmdline")" -no-reboot \
		-display none -monitor none -nodefaults -serial "file:$vm/enclave.console" \
		</dev/null >"$vm/enclave.log" 2>&1 &
	enclave_pid=$!
}

# plain RAMDISK CMDLINE [OPTION...]: boots it on a machine with vsock and nothing else of an enclave; kernel and command line
# are handed over by hand, so that nothing was measured.
plain()
{
	plain_ramdisk=$1
	plain_cmdline=$2
	shift 2
	: >"$vm/enclave.console"
	# shellcheck disable=SC2086 # a list of options
	$qemu $bios -M microvm,acpi=off,pcie=off,memory-backend=m -accel tcg -cpu max -m 256M \
		-object memory-backend-memfd,id=m,size=256M,share=on -device i8042 -no-reboot \
		-chardev "socket,id=c,path=$vm/enclave.vhost" -device vhost-user-vsock-device,chardev=c \
		-kernel /mint/in/kernel/bzImage -initrd "$plain_ramdisk" -append "$plain_cmdline" "$@" \
		-display none -monitor none -nodefaults -serial "file:$vm/enclave.console" \
		</dev/null >"$vm/enclave.log" 2>&1 &
	enclave_pid=$!
}

# realm FOLDER pci|mmio [MEMORY [CPUS [IMAGE]]]: boots what a realm consists of on the board "virt", with an interrupt controller
# as realms have it. There is no RMM below it, so that it is none; everything else is real. On the bus the vsock device and a
# virtio console, $vm/realm.console, which may touch what the kernel shares with it alone; in memory the vsock device only. The
# serial port is $vm/enclave.console. It ends with a reset. What the kernel shares on a machine that is no realm is a
# thousandth of memory, not 64 MB: for the buffers of a console (1024 of 4 KiB for each port) 4 GB are not enough. IMAGE is a
# whole memory (lay-memory), to be booted instead of FOLDER's parts and the board's own device tree; PSCI is called by smc then,
# as a realm's tree says, and not by hvc.
realm()
{
	: >"$vm/enclave.console"
	: >"$vm/realm.console"
	realm_parts=$1
	realm_bus=$2
	realm_memory=${3:-512M}
	realm_cpus=${4:-1}
	if [ -n "${5:-}" ]; then
		set -- -M virtualization=on -kernel "$5"
	else
		set -- -kernel "$realm_parts/kernel" -initrd "$realm_parts/initrd.cpio" -append "$(cat "$realm_parts/cmdline")"
	fi
	case $realm_bus in
	pci) set -- "$@" -device vhost-user-vsock-pci,chardev=c -chardev "file,id=h,path=$vm/realm.console" \
		-device virtio-serial-pci,iommu_platform=on,disable-legacy=on,max_ports=1 -device virtconsole,chardev=h ;;
	mmio) set -- "$@" -device vhost-user-vsock-device,chardev=c ;;
	esac
	/mint/in/qemu/qemu-system-aarch64 -M "virt,gic-version=3,acpi=off,memory-backend=m$board" -accel tcg \
		-cpu max,pauth-impdef=on -smp "$realm_cpus" -m "$realm_memory" \
		-object "memory-backend-memfd,id=m,size=$realm_memory,share=on" \
		-global virtio-mmio.force-legacy=false -chardev "socket,id=c,path=$vm/enclave.vhost" -no-reboot \
		-display none -monitor none -nodefaults -serial "file:$vm/enclave.console" "$@" \
		</dev/null >"$vm/enclave.log" 2>&1 &
	enclave_pid=$!
}

# seeded virt|realm [ARGUMENT...]: the device tree of what would boot so has a seed of 32 bytes for the kernel.
seeded()
{
	board=,dumpdtb=$vm/board.dtb
	"$@"
	board=
	ends 60
	[ "$(fdtget -t bx "$vm/board.dtb" /chosen rng-seed | wc -w)" -eq 32 ]
}

# ends SECONDS: the enclave's emulator ends by itself, as it does after a reset.
ends()
{
	ticks=$(($1 * 5))
	while kill -0 "$enclave_pid" 2>/dev/null; do
		ticks=$((ticks - 1))
		[ "$ticks" -gt 0 ] || return 1
		sleep 0.2
	done
	wait "$enclave_pid"
}

# end PID: whatever it does.
end()
{
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}
