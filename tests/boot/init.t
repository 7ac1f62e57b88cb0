#!/bin/sh
# What PID 1 promises, as the application finds it and at its end: every refusal has a boot of its own; what an application
# finds is asked in as few as possible. Runs in the test environment. Altered command lines and ramdisks are in boot.t,
# machines that are none in platform.t.
# shellcheck disable=SC2016 # scripts expand inside the guest
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
# shellcheck source=tests/boot/images.sh
. /mint/in/boot/images.sh

machines

# What the application finds: its bytes, folders, groups and network.
bytes=$(printf 'a\nb\377\001c')
long=$(head -c 100000 /dev/zero | tr '\0' x)
asks='
echo "inside: arguments $(sha256sum </proc/$$/cmdline)"
echo "inside: environment $(sha256sum </proc/$$/environ)"
echo "inside: folder $(pwd), $(stat -c %a:%u:%g /srv/made /data | tr "\n" " ")"
echo "inside: user $(id -u):$(id -g) $(id -G), umask $(umask)"
echo "inside: session $(($(cut -d " " -f 6 /proc/$$/stat) == $$)), parent $PPID"
echo "inside: lo $(ip address show dev lo | grep -o "inet6* [^ ]*" | tr "\n" " ")"
echo "inside: name $(hostname), $(cat /etc/hostname), $(grep -c localhost /etc/hosts), $(cat /etc/resolv.conf)"
probe limits
echo "inside: modes $(stat -c %a /tmp /dev/shm /run | tr "\n" " ")"
for where in /proc /proc/sys /proc/irq /sys /dev /dev/pts /dev/shm /run /tmp /sys/fs/cgroup; do
	echo "inside: mount $(grep " $where " /proc/mounts | cut -d " " -f 2-4 | cut -d , -f 1-4)"
done
sleep 1 & (probe nap &)
exit 3'
script inside 'exit status 3' user=app workdir=/srv/made volume=/data "env=BYTES=$bytes" "env=LONG=$long" env=EMPTY= \
	"arg=$asks" "arg=$bytes" arg=
says "arguments come through byte by byte" "inside: arguments $(sum sh -c "$asks" "$bytes" '')"
says "and so does an environment of 100 KB" "inside: environment $(sum PATH=/bin "BYTES=$bytes" "LONG=$long" EMPTY=)"
says "folders that the image lacks are made" 'inside: folder /srv/made, 755:0:0 755:0:0 '
says "user and groups are those of the run specification" 'inside: user 1000:1001 1001 7, umask 0022'
says "the application leads a session of its own" 'inside: session 1, parent 1'
says "lo is up with IPv4 and IPv6" 'inside: lo inet 127.0.0.1/8 inet6 ::1/128 '
says "the machine has its name, and the files that tell it" 'inside: name inside, inside, 2, nameserver 127.0.0.1'
says "files are few by default, and may become more" 'probe: nofile 1024 524288'
says "temporary folders are everybody's, /run is root's" 'inside: modes 1777 1777 755 '
for line in '/proc proc rw,nosuid,nodev,noexec' '/proc/sys proc ro,nosuid,nodev,noexec' \
	'/proc/irq proc ro,nosuid,nodev,noexec' '/sys sysfs ro,nosuid,nodev,noexec' '/dev devtmpfs rw,nosuid,noexec' \
	'/dev/pts devpts rw,nosuid,noexec' '/dev/shm tmpfs rw,nosuid,nodev,noexec' '/run tmpfs rw,nosuid,nodev,noexec' \
	'/tmp tmpfs rw,nosuid,nodev,noexec' '/sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec'; do
	check "${line%% *} is mounted as it should be, in an image without it" grep -q "^inside: mount $line" console
done

# How an application ends is how the machine does.
image zero 'exit status 0' env=PATH=/bin arg=probe arg=self
says "the application has three descriptors, and its signals are as new" \
	'probe: descriptors 0 1 2; signals blocked 0, ignored 0'
says "and it leads a process group and a session" 'probe: process group 1, session 1'
image crash 'killed by signal 11' arg=/bin/probe arg=crash
script signal 'killed by signal 9' 'arg=kill -KILL $$'
script eaten 'killed by signal 9' 'arg=exec /bin/probe eat'
check "eaten: the kernel took the application for lack of memory, not init" grep -qE 'Killed process [0-9]+ \(probe\)' console
script orphans 'exit status 7' 'arg=/bin/probe orphans 2000
probe nap
echo "inside: $(cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z ") of them left"
exit 7'
says "orphans: two thousand in a row" 'probe: 2000 orphans'
says "orphans: all were reaped" 'inside: 0 of them left'

# Commands that cannot start.
printf 'not a program' >tree/bin/garbage
printf '#!/bin/none\n' >tree/bin/orphaned
printf '#!/bin/busybox sh\necho "probe: a script"\n' >tree/bin/plain
chmod 755 tree/bin/garbage tree/bin/orphaned
refused missing 'INIT-EXEC: .*none' arg=/bin/none
refused not-in-path 'INIT-EXEC: .*none' arg=none env=PATH=/bin
refused not-executable 'INIT-EXEC: .*plain' arg=/bin/plain
refused folder 'INIT-EXEC: .*/bin' arg=/bin
refused no-program 'INIT-EXEC: .*garbage' arg=/bin/garbage
refused no-interpreter 'INIT-EXEC: .*orphaned' arg=/bin/orphaned
record name=x arg=x user=nobody >records
fails 3 'RUN-USER' "a user that the image does not have is no image at all" \
	"$rootfs" pack dir:tree --prefix rootfs --run records -o ramdisk1

# Folders that are none.
echo text >tree/file
refused workdir 'INIT-FOLDER: .*file' arg=/bin/probe workdir=/file
refused workdir-below 'INIT-FOLDER: .*file' arg=/bin/probe workdir=/file/below
refused volume 'INIT-FOLDER: .*file' arg=/bin/probe volume=/file
rm tree/file

# Images whose own folders are odd. A link is followed, inside the image; a file is no mount point.
cp -R tree odd
echo text >odd/proc
ramdisk odd name=odd arg=/bin/probe
boot odd-file 'refused: INIT-MOUNT: /proc'
silent odd-file
rm -r odd/proc odd/etc
echo text >odd/etc
ramdisk odd name=odd arg=/bin/probe
boot odd-etc 'refused: INIT-FOLDER: /etc: expected a folder'
silent odd-etc
rm odd/etc
mkdir -p odd/var/tmp odd/var/run odd/elsewhere
ln -s var/tmp odd/tmp
ln -s /var/run odd/run
echo hidden >odd/var/tmp/hidden
ramdisk odd name=odd env=PATH=/bin arg=sh arg=-c 'arg=echo "inside: $(ls -a /tmp /var/tmp | grep -c hidden) $(mount | grep -c /var/)"'
boot odd-links 'exit status 0'
says "odd-links: mounted where the links lead" 'inside: 0 2'

# What lies in the image is in memory once: what brought it there was given back.
cp -R tree heavy
head -c 500000000 /dev/zero >heavy/ballast
ramdisk heavy name=heavy env=PATH=/bin arg=sh arg=-c 'arg=ls -l /ballast | tr -s " " | cut -d " " -f 5
sed -n "s/^\(MemTotal\|MemFree\): */inside: \1 /p" /proc/meminfo
sed -n "s/^ *count: */inside: MemPages /p" /proc/zoneinfo'
memory=1536M
boot heavy 'exit status 0'
memory=256M
# Free, too, is what processors have in lists of their own, which is where the archive's pages went.
used=$(awk '/^inside: MemTotal/ { all = $3 } /^inside: MemFree/ { free += $3 } /^inside: MemPages/ { free += 4 * $3 } END { print int((all - free) * 1024 / 1e6) }' console)
echo "# heavy: 500 MB in the image, $used MB in use"
check "heavy: the archive is not held beside the files that came out of it" [ "$used" -ge 500 -a "$used" -lt 560 ]
rm -r heavy ramdisk1 image.eif

# Run specifications that rootfs would never write.
# raw NAME [REFUSAL]: ramdisk1 with the file "raw" as the run specification, and the tree.
rm -rf raw.tree
mkdir raw.tree
cp -R tree raw.tree/rootfs
raw()
{
	rm -f ramdisk1
	$rootfs pack dir:raw.tree --owner-root --add run=raw -o ramdisk1
	boot "$1" "refused: ${2:-INIT-RUNSPEC}"
	silent "$1"
}
printf 'name=raw\0arg=/bin/probe' >raw
raw runspec-end
record name=raw arg=/bin/probe obey=yes >raw
raw runspec-key
record name=raw arg=/bin/probe uid=4294967295 >raw
raw runspec-uid
record name=raw arg=/bin/probe volume=/ >raw
raw runspec-volume
record name=raw >raw
raw runspec-command
: >raw
raw runspec-empty
# The security module for one user, and a process beside it that is root, the same user, or has it as another.
set -- name=raw arg=/bin/probe nsm=yes uid=5 process=beside:never arg=/bin/probe
record "$@" >raw
raw runspec-nsm-root
record "$@" uid=5 >raw
raw runspec-nsm-same
record "$@" uid=6 nsm=yes >raw
raw runspec-nsm-two
# What is a run specification, and this machine cannot do.
record name=raw arg=/bin/probe "xattr=security.capability:0100000200200000000000000000000000000000:bin/none" >raw
raw xattr 'INIT-XATTR: bin/none: .*No such file'
record name=raw arg=/bin/probe "hostname=$(printf '%065d' 1)" >raw
raw hostname 'INIT-NETWORK: 0*1: become'
record name=raw arg=/bin/probe rlimit=nofile:unlimited:unlimited >raw
raw limit 'INIT-START: application: set up'

finish_tap
