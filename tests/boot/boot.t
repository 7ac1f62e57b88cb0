#!/bin/sh
# The finished image in an independent hypervisor: it boots, the NSM reports the published PCRs, the
# heartbeat reaches the parent, the responder's document carries the nonce that it was sent; and every way to move
# bytes inside an image without changing what is measured ends in a refusal to run, but for the one that PCR0
# alone does not see. Runs in the test environment; nothing here computes a measurement that it also expects.
# shellcheck disable=SC2016 # jq expands
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
TAP_TMP=/mint/work
eif=/mint/in/bin/eif
rootfs=/mint/in/bin/rootfs
image=/mint/in/image.eif
ended='mintmark: (refused|exit status|killed)|Kernel panic'
cd /mint/work || exit 4
trap 'end "${enclave_pid:-}"; end "${parent_pid:-}"; end "${wires_pid:-}"' EXIT
trap 'exit 130' INT TERM HUP

# boot IMAGE REGEX SECONDS: boots it until a line of the console matches; keeps the console.
boots=0
boot()
{
	boots=$((boots + 1))
	enclave "$1"
	status=0
	wait_for "$vm/enclave.console" "$2" "$3" || status=1
	[ $status -eq 0 ] || echo "no line like \"$2\" within $3 s" >>"$vm/enclave.console"
	tr -d '\r' <"$vm/enclave.console" >console
	cp console "/mint/out/consoles/$boots.console"
	return $status
}
mkdir -p /mint/out/consoles

pcr()
{
	jq -r ".Measurements.PCR$1" "$2"
}

wires
ok $? "vhost-device-vsock serves both machines" "$vm/wires.log"
parent
ok $? "the parent instance is up" "$vm/parent.console"

# The image as it was published.
boot $image "hello: ready|$ended" 180
ok $? "the enclave boots" console
tree=$(jq -r .TreeDigest /mint/in/measurements.json)
check "init names the image, the published tree, kernel and platform" \
	grep -qxE "mintmark: hello, tree $tree, Linux [0-9.]+, [A-Za-z ]+" console
check "and says what the hypervisor appended" grep -qE '^mintmark: ignored, from the hypervisor: +virtio_mmio\.device=' console
check "hello runs" grep -qx 'hello: ready' console
check "the responder runs" grep -qx 'attest: ready on vsock port 5000' console
for n in 0 1 2; do
	check "the NSM's PCR$n is the published one" \
		grep -qx "hello: PCR$n $(pcr $n /mint/in/measurements.json)" console
done
check "PCR16, which init extends, is the published one" \
	grep -qx "hello: PCR16 $(jq -r .PCR16 /mint/in/measurements.json)" console
check "the heartbeat reached the parent" wait_for "$vm/parent.console" '^parent: heartbeat from CID 4' 5
nonce=$(od -An -N 32 -v -tx1 /dev/urandom | tr -d ' \n')
/mint/in/ask "$vm/enclave.vsock" 5000 "$nonce" -o document --json >document.json 2>&1
ok $? "the responder answers with a document" document.json
check "the document carries the nonce it was sent" jq -e --arg nonce "$nonce" '.nonce == $nonce' document.json
check "the document carries the published PCR0" \
	jq -e --arg pcr "$(pcr 0 /mint/in/measurements.json)" '.PCR0 == $pcr' document.json
check "and PCR16" \
	jq -e --arg pcr "$(jq -r .PCR16 /mint/in/measurements.json)" '.PCR16 == $pcr' document.json
# A relying party, who has the published values; the emulator's documents are not signed.
relying()
{
	/mint/in/bin/attest verify --evidence document --nonce "$1" --reference "$2" --accept-unsigned-emulator-documents
}
check "attest verify: it is the published image's" relying "$nonce" /mint/in/measurements.json
sed "s/$(pcr 0 /mint/in/measurements.json)/$(printf '%096d' 1)/" /mint/in/measurements.json >another.json
fails 1 'ATTEST-PCR: PCR0' "and not another's" relying "$nonce" another.json
fails 1 'ATTEST-NONCE' "nor an answer to another nonce" relying 00 /mint/in/measurements.json
other=$(od -An -N 20 -v -tx1 /dev/urandom | tr -d ' \n')
/mint/in/ask "$vm/enclave.vsock" 5000 "$other" --json >document.json 2>&1
check "a second nonce, of another length, gets a document of its own" \
	jq -e --arg nonce "$other" '.nonce == $nonce' document.json
long=$(od -An -N 512 -v -tx1 /dev/urandom | tr -d ' \n')
key=$(od -An -N 1024 -v -tx1 /dev/urandom | tr -d ' \n')
/mint/in/ask "$vm/enclave.vsock" 5000 "$nonce" --user-data "$long" --public-key "$key" --json >document.json 2>&1
# The responder ends the connection before it has read all: who still sends may see that as a reset.
check "user data and a public key of a client's are not attested" \
	grep -qE '^ask: ASK-(SHORT|(SEND|RECEIVE): .*(reset by peer|[Bb]roken pipe))' document.json
end "$enclave_pid"

# The same image, signed: what ran before still runs, and the NSM tells whose certificate it was. QEMU reads signature
# section and certificate with libraries of its own.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out test.key.pem 2>/dev/null
openssl req -x509 -key test.key.pem -subj /CN=test -days 30 -out test.pem
$eif sign $image --key test.key.pem --certificate test.pem -o signed.eif >signed.pcrs 2>/dev/null
ok $? "the image is signed" signed.pcrs
boot signed.eif "hello: ready|$ended" 180
ok $? "the signed enclave boots" console
/mint/in/ask "$vm/enclave.vsock" 5000 "$nonce" -o document --json >document.json 2>&1
check "signed: the document carries the published PCR0" \
	jq -e --arg pcr "$(pcr 0 /mint/in/measurements.json)" '.PCR0 == $pcr' document.json
pcr8=$(sed -n 's/^PCR8  //p' signed.pcrs)
od -An -v -tx1 document | tr -d ' \n' >document.hex
check "signed: the document carries PCR8 of the certificate" sh -c \
	"[ ${#pcr8} -eq 96 ] && grep -q 085830$pcr8 document.hex"
end "$enclave_pid"

# The pieces, for moving.
rm -rf parts
$eif extract $image parts
ok $? "the image comes apart"
cp /mint/in/measurements.json good.json

# assemble NAME KERNEL CMDLINE RAMDISK...: another image of these pieces, same metadata.
assemble()
{
	name=$1
	kernel=$2
	cmdline=$3
	shift 3
	for r; do
		set -- "$@" --ramdisk "$r"
		shift
	done
	$eif build --no-boot-checks --kernel "$kernel" --cmdline-file "$cmdline" "$@" \
		--raw-metadata parts/metadata.json -o "$name.eif" >/dev/null &&
		$eif describe "$name.eif" --json >"$name.json"
}

# refuses NAME REGEX WHAT: boots NAME.eif, which must refuse to run: such a line, and no word of hello.
refuses()
{
	boot "$1.eif" "$ended" 120
	status=$?
	[ $status -ne 0 ] || grep -qE -- "$2" console || status=1
	! grep -q '^hello:' console || status=1
	ok $status "$3" console
	end "$enclave_pid"
}

assemble same parts/kernel parts/cmdline parts/ramdisk0 parts/ramdisk1
check "the pieces make the same file again" cmp same.eif $image

# The run specification: what it asks for is what the command finds. Capabilities come through the tree.
mkdir -p identity/bin identity/etc identity/capable
cp /mint/in/busybox/busybox identity/bin/
cp /mint/in/busybox/busybox identity/capable/
echo 'app:x:1000:1001::/home/app:/bin/sh' >identity/etc/passwd
printf '%s\n' 'app:x:1001:' 'net:x:7:app' >identity/etc/group
net_raw=0100000200200000000000000000000000000000
python3 -c 'import os, sys; os.setxattr(sys.argv[1], "security.capability", bytes.fromhex(sys.argv[2]))' \
	identity/capable/busybox $net_raw
ok $? "a file gets a capability"
# pack_identity RECORD... SCRIPT: an image whose shell runs the script.
pack_identity()
{
	printf '%s\0' name=identity arg=/bin/busybox arg=sh arg=-c "$@" >records
	$rootfs pack dir:identity --owner-root --prefix rootfs --run records -o ramdisk1.identity &&
		assemble identity parts/kernel parts/cmdline parts/ramdisk0 ramdisk1.identity
}
pack_identity user=app workdir=/srv/made volume=/data 'arg=b=/bin/busybox
echo "identity: $($b id -u):$($b id -g) $($b id -G) in $($b pwd), $($b stat -c %a:%u /srv/made /data | $b tr "\n" " ")"
echo "identity: plain $($b grep CapEff /proc/self/status)"
echo "identity: capable $(/capable/busybox grep CapEff /proc/self/status)"
echo "identity: by name" >/dev/stdout
echo "identity: done"'
ok $? "an image with a user, a folder and a capability"
boot identity.eif "identity: done|$ended" 120
ok $? "it boots" console
check "user, groups and folders are those of the run specification" \
	grep -qx 'identity: 1000:1001 1001 7 in /srv/made, 755:0 755:0 ' console
check "the user has no capability" grep -qx 'identity: plain CapEff:.*0000000000000000' console
check "a file's capability holds" grep -qx 'identity: capable CapEff:.*0000000000002000' console
check "the user may open the console again" grep -qx 'identity: by name' console
end "$enclave_pid"
# Signals of one process are taken in the order of their numbers: what TSTP does, it has done before WINCH comes.
pack_identity stopsignal=USR1 'arg=trap "echo identity: asked; exit 3" USR1
trap "echo identity: stopped" TSTP
trap "echo identity: window; /bin/busybox kill -TERM 1" WINCH
/bin/busybox kill -TSTP 1
/bin/busybox kill -WINCH 1
while :; do /bin/busybox sleep 1; done'
boot identity.eif "$ended" 120
ok $? "a command ends when init is asked to" console
check "init hands on a signal" grep -qx 'identity: window' console
check "but none about the terminal" sh -c '! grep -q "identity: stopped" console'
check "init asks for the end with the signal of the run specification" grep -qx 'identity: asked' console
check "and says how it ended" grep -qx 'mintmark: exit status 3' console
end "$enclave_pid"

# Words behind the last marker, as hosts may append them that no emulator knows: init says them, and that is all.
pack_identity 'arg=echo "identity: $# words, $(/bin/busybox tr "\0" " " </proc/$$/environ)"'
printf '%s unheard.of=1 nosuchword' "$(cat parts/cmdline)" >cmdline+
assemble words parts/kernel cmdline+ parts/ramdisk0 ramdisk1.identity
boot words.eif "$ended" 120
ok $? "words: the machine comes to its end" console
check "words: init says them" grep -qE '^mintmark: ignored, from the hypervisor: unheard\.of=1 nosuchword( |$)' console
check "words: the application hears nothing of them" grep -qx 'identity: 0 words, ' console
check "words: nothing comes of them" grep -qx 'mintmark: exit status 0' console
end "$enclave_pid"

# One flipped byte in ramdisk 1, the CRC repaired.
size=$(wc -c <parts/ramdisk1)
cp parts/ramdisk1 flipped
at=$(grep -abo 'hello: ready' parts/ramdisk1 | head -n 1 | cut -d : -f 1)
printf 'H' | dd of=flipped bs=1 seek="$at" conv=notrunc 2>/dev/null
assemble flip parts/kernel parts/cmdline parts/ramdisk0 flipped
check "the altered image has the size of the good one" [ "$(wc -c <flipped)" = "$size" ]
boot flip.eif "Hello: ready|$ended" 120
ok $? "one flipped byte: the image boots, altered" console
reported=$(sed -n 's/^hello: PCR0 //p' console)
check "one flipped byte: the NSM reports another PCR0" [ "$reported" != "$(pcr 0 good.json)" ]
check "and it is the one of the altered image" [ "$reported" = "$(pcr 0 flip.json)" ]
end "$enclave_pid"

# unchanged NAME PCR...: the move keeps these PCRs.
unchanged()
{
	name=$1
	shift
	status=0
	for n; do
		[ "$(pcr "$n" "$name.json")" = "$(pcr "$n" good.json)" ] || status=1
	done
	ok $status "$name: a move that keeps PCR $*"
}

# A prefix of the command line to the end of the kernel: first the marker, then everything.
printf '%s' "$(cut -d ' ' -f 1 parts/cmdline) " >prefix
tail -c "+$(($(wc -c <prefix) + 1))" parts/cmdline >rest
cat parts/kernel prefix >kernel+
assemble cmdline-prefix kernel+ rest parts/ramdisk0 parts/ramdisk1
unchanged cmdline-prefix 0 1 2
refuses cmdline-prefix 'mintmark: refused: INIT-CMDLINE' "cmdline-prefix: refuses to run"

cat parts/kernel parts/cmdline >kernel+
: >empty
assemble cmdline-gone kernel+ empty parts/ramdisk0 parts/ramdisk1
unchanged cmdline-gone 0 1 2
refuses cmdline-gone 'mintmark: refused: INIT-CMDLINE' "cmdline-gone: refuses to run"

# Bytes behind the last marker, with every ramdisk whole.
printf '%s%s' "$(cat parts/cmdline)" 070701 >cmdline+
assemble cmdline-longer parts/kernel cmdline+ parts/ramdisk0 parts/ramdisk1
refuses cmdline-longer 'mintmark: refused: INIT-CMDLINE' "cmdline-longer: refuses to run"

# The first entry of ramdisk 0 to the end of the command line.
second=$(grep -abo 070701 parts/ramdisk0 | sed -n '2s/:.*//p')
head -c "$second" parts/ramdisk0 >entry
tail -c "+$((second + 1))" parts/ramdisk0 >ramdisk0-
cat parts/cmdline entry >cmdline+
assemble first-entry parts/kernel cmdline+ ramdisk0- parts/ramdisk1
unchanged first-entry 0 1 2
refuses first-entry 'mintmark: refused: INIT-CMDLINE: .*found "070701' "first-entry: refuses to run"

# A few bytes of it only: what remains is no archive, and the last marker is spoilt.
head -c 16 parts/ramdisk0 >entry
tail -c +17 parts/ramdisk0 >ramdisk0-
cat parts/cmdline entry >cmdline+
assemble spoilt-marker parts/kernel cmdline+ ramdisk0- parts/ramdisk1
unchanged spoilt-marker 0 1 2
refuses spoilt-marker 'Kernel panic.*initramfs: unpacking failed: no cpio magic' "spoilt-marker: refuses to run"

# The kernel's last byte in front of the command line, then a NUL, which empties it.
head -c -1 parts/kernel >kernel-
tail -c 1 parts/kernel | cat - parts/cmdline >cmdline+
assemble kernel-tail kernel- cmdline+ parts/ramdisk0 parts/ramdisk1
unchanged kernel-tail 0 1 2
refuses kernel-tail 'mintmark: refused: INIT-CMDLINE' "kernel-tail: refuses to run"
printf '\0' | cat - parts/cmdline >cmdline+
assemble nul-in-front parts/kernel cmdline+ parts/ramdisk0 parts/ramdisk1
refuses nul-in-front 'mintmark: refused: INIT-CMDLINE' "nul-in-front: refuses to run"

# A second /init in ramdisk 1, which keeps PCR1: first behind the application, then in its place.
printf '#!/bin/sh\necho stolen\n' >evil
$rootfs pack --add init=evil:0755 -o evil.cpio
cat parts/ramdisk1 evil.cpio >ramdisk1+
assemble second-init parts/kernel parts/cmdline parts/ramdisk0 ramdisk1+
unchanged second-init 1
refuses second-init 'Kernel panic.*initramfs' "second-init: refuses to run"
assemble only-second-init parts/kernel parts/cmdline parts/ramdisk0 evil.cpio
unchanged only-second-init 1
refuses only-second-init 'Kernel panic.*initramfs' "only-second-init: refuses to run"

# Something else beside init: a file that nobody measured under PCR1.
$rootfs pack --add extra=evil -o extra.cpio
cat parts/ramdisk1 extra.cpio >ramdisk1+
assemble stowaway parts/kernel parts/cmdline parts/ramdisk0 ramdisk1+
refuses stowaway 'mintmark: refused: INIT-ROOT: /: expected 8 entries, found one more, "extra"' "stowaway: refuses to run"
# In the folders of the archive inside the kernel, which a ramdisk may name once more; and with another mode of one.
# folder NAME MODE FILE...: extra.cpio with such a folder.
folder()
{
	rm -rf extra
	mkdir -p "extra/$1"
	chmod "$2" "extra/$1"
	folder=$1
	shift 2
	for file; do
		echo text >"extra/$folder/$file"
	done
	$rootfs pack dir:extra --owner-root -o extra.cpio
	cat parts/ramdisk1 extra.cpio >ramdisk1+
}
folder dev 755 extra
assemble stowaway-dev parts/kernel parts/cmdline parts/ramdisk0 ramdisk1+
refuses stowaway-dev 'mintmark: refused: INIT-ROOT: /dev: expected 1 entries, found one more, "extra"' "stowaway-dev: refuses to run"
folder root 700 extra
assemble stowaway-root parts/kernel parts/cmdline parts/ramdisk0 ramdisk1+
refuses stowaway-root 'mintmark: refused: INIT-ROOT: /root: expected 0 entries, found one more, "extra"' "stowaway-root: refuses to run"
folder root 755
assemble open-root parts/kernel parts/cmdline parts/ramdisk0 ramdisk1+
refuses open-root 'mintmark: refused: INIT-ROOT: /: "root": expected mode 040700, .*, found 040755,' "open-root: refuses to run"

# What has to be there is not: the run specification; the application and all that is its.
$rootfs pack dir:identity/etc --owner-root --prefix rootfs -o ramdisk1-
assemble no-run parts/kernel parts/cmdline parts/ramdisk0 ramdisk1-
refuses no-run 'mintmark: refused: INIT-ROOT: /: expected an entry "run", found: No such file' "no-run: refuses to run"
assemble no-ramdisk1 parts/kernel parts/cmdline parts/ramdisk0
refuses no-ramdisk1 'mintmark: refused: INIT-ROOT: /: expected an entry "run", found: No such file' "no-ramdisk1: refuses to run"

# The boundary between the ramdisks: what boots is the same, and PCR0, too; PCR1 and PCR2 tell.
cat parts/ramdisk0 parts/ramdisk1 >both
assemble one-ramdisk parts/kernel parts/cmdline both
unchanged one-ramdisk 0
check "one-ramdisk: PCR1 tells" [ "$(pcr 1 one-ramdisk.json)" != "$(pcr 1 good.json)" ]
check "one-ramdisk: PCR2 is the constant of nothing" \
	[ "$(pcr 2 one-ramdisk.json)" = 21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a ]

boot one-ramdisk.eif "hello: ready|$ended" 120
check "one-ramdisk: it boots, to the same application" grep -qx 'hello: ready' console
check "one-ramdisk: and the NSM reports the other PCR1" grep -qx "hello: PCR1 $(pcr 1 one-ramdisk.json)" console
end "$enclave_pid"

# What PCR0 alone does not see: a file of ramdisk 1 is an archive with an init of its own. Everything in front of it goes
# behind the kernel, which does not read there, and it boots in the place of ours. No refusal is to be expected; PCR1 and
# PCR2 tell, and so policies name all three.
mkdir -p hiding inner/rootfs
printf '#!/busybox sh\n/busybox echo "moved: another init runs, pid $$"\n/busybox sleep 60\n' >inner/init
cp /mint/in/busybox/busybox inner/
chmod 755 inner/init inner/busybox
$rootfs pack dir:inner --owner-root -o hiding/data.img
printf 'z' >hiding/z
printf '%s\0' name=hiding arg=/z >records
$rootfs pack dir:hiding --owner-root --prefix rootfs --run records -o ramdisk1.hiding &&
	assemble hiding parts/kernel parts/cmdline parts/ramdisk0 ramdisk1.hiding
ok $? "an image with an archive inside a file"
mv hiding.json good.json
at=$(grep -abo 070701 ramdisk1.hiding | cut -d : -f 1 | while read -r at; do
	tail -c "+$((at + 1))" ramdisk1.hiding | head -c "$(wc -c <hiding/data.img)" | cmp -s - hiding/data.img && echo "$at"
done)
cat parts/kernel parts/cmdline parts/ramdisk0 >kernel+
head -c $((at - 1)) ramdisk1.hiding >>kernel+
tail -c "+$at" ramdisk1.hiding | head -c 1 >byte
tail -c "+$((at + 1))" ramdisk1.hiding >ramdisk0+
assemble archive-in-file kernel+ byte ramdisk0+
unchanged archive-in-file 0
for n in 1 2; do
	check "archive-in-file: PCR$n tells" [ "$(pcr $n archive-in-file.json)" != "$(pcr $n good.json)" ]
done
boot archive-in-file.eif "moved: another init runs|$ended" 120
check "archive-in-file: the other init boots under the same PCR0" grep -q '^moved: another init runs, pid 1' console
end "$enclave_pid"
check "archive-in-file: eif verify says so" sh -c \
	"$eif verify --json hiding.eif | jq -e 'any(.Unpinned[]; .name == \"PCR0-ALONE\" and .unchanged == [\"PCR0\"])'"

# A parent that does not answer as it must.
end "$parent_pid"
for mode in silent wrong; do
	parent "parent.mode=$mode"
	ok $? "a $mode parent is up" "$vm/parent.console"
	cp $image "parent-$mode.eif"
	refuses "parent-$mode" 'mintmark: refused: INIT-HEARTBEAT' "a $mode parent: refuses to run"
	end "$parent_pid"
done
cp $image no-parent.eif
refuses no-parent 'mintmark: refused: INIT-HEARTBEAT' "no parent at all: refuses to run"
finish_tap
