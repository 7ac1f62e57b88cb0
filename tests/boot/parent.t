#!/bin/sh
# What goes between an enclave and its parent beside heartbeats: how an application ended, a launch configuration and its
# measurement, forwarded ports, and attestation of an application that knows nothing of it. Runs in the test environment.
# shellcheck disable=SC2016 # scripts expand inside the guest
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
# shellcheck source=tests/boot/images.sh
. /mint/in/boot/images.sh

machines

# locked NAME PCR VALUE: the security module's answer, as probe prints it, has this value and that nobody may extend it. In
# CBOR: {"data": 48 bytes, "lock": true}, in any order.
locked()
{
	grep "^probe: PCR$2 " console >answer
	status=0
	grep -q "64646174615830$3" answer && grep -q 646c6f636bf5 answer || status=1
	echo "expected: locked, $3" >>answer
	ok $status "$1" answer
}

# told NAME LINE: such a line is on the parent's console.
told()
{
	check "$1" sh -c "tr -d '\\r' <'$vm/parent.console' | grep -qxF 'parent: $2'"
}

# extended FILE: a PCR of zeros after the digest of these bytes.
extended()
{
	openssl dgst -sha384 -binary "$1" >digest
	head -c 48 /dev/zero | cat - digest | openssl dgst -sha384 -r | cut -c 1-96
}

# No configuration: that is measured, too, and nobody can add to it.
printf 'mintmark no launch configuration 1\0' >blob.measured
image unconfigured 'exit status 0' nsm=yes arg=/bin/probe arg=nsm arg=16
locked "unconfigured: PCR16 says that there is none, and is locked" 16 "$(extended blob.measured)"
told "the parent learns how it ended" 'status of CID 4: exit status 0|'

# A configuration, of any bytes.
head -c 200000 /dev/urandom >blob
{ printf 'mintmark launch configuration 1\0'; cat blob; } >blob.measured
tell "config ok"
tell "blob $(wc -c <blob)" blob
check "the parent has a configuration" tell "config ok"
script configured 'exit status 9' user=app config=yes nsm=yes 'arg=
echo "inside: $(stat -c "%a %u:%g %s" /run/mintmark/config) $(sha256sum </run/mintmark/config)"
probe nsm 16
exit 9'
says "configured: the application finds it" "inside: 400 1000:1001 200000 $(sha256sum <blob)"
locked "configured: PCR16 is its measurement, and is locked" 16 "$(extended blob.measured)"
told "the parent learns how it ended: exit status 9" 'status of CID 4: exit status 9|'

for mode in refuse silent short close; do
	case $mode in
	refuse) found='connect: ' ;;
	silent) found='receive the length: .*timed out' ;;
	short) found="receive $(($(wc -c <blob) % 4096)) bytes more: No data available" ;;
	close) found='receive the length: No data available' ;;
	esac
	check "the parent will answer for configurations so: $mode" tell "config $mode"
	refused "config-$mode" "INIT-CONFIG: the parent's port 9002: $found" config=yes arg=/bin/probe
done
head -c $((1024 * 1024 + 1)) /dev/zero >blob
check "the parent will answer for configurations again" tell "config ok"
check "the parent has a configuration that is too large by a byte" tell "blob $(wc -c <blob)" blob
refused config-large "INIT-CONFIG: the parent's port 9002: expected at most 1048576 bytes, found 1048577" config=yes arg=/bin/probe
: >blob
check "the parent has an empty configuration" tell "blob 0" blob
printf 'mintmark launch configuration 1\0' >blob.measured
image config-empty 'exit status 0' config=yes nsm=yes arg=/bin/probe arg=nsm arg=16
locked "config-empty: an empty one is not none" 16 "$(extended blob.measured)"

# A parent that does not want to know how it ended, or does not answer, holds nothing up.
tell "status refuse"
image status-refuse 'exit status 0' arg=/bin/probe
tell "status silent"
image status-silent 'killed by signal 11' arg=/bin/probe arg=crash
tell "status ok"

# Ports in both directions, of both families. Through the parent's machine, as a client would come; between two machines
# vhost-device-vsock carries only packets that fit one buffer of the receiver's, and so little goes there at a time.
ramdisk tree name=ports user=app env=PATH=/bin arg=sh arg=-c 'arg=
probe serve 127.0.0.1 80 &
probe serve ::1 81 &
sleep 1
probe call 127.0.0.1 9005 2000
probe call ::1 9006 2000
probe call 127.0.0.1 9007 10
echo "inside: called"
while [ ! -e /tmp/never ]; do sleep 1; done' 'ports=vsock:8080 -> tcp:127.0.0.1:80' 'ports=vsock:8081 -> tcp:[::1]:81' \
	'ports=vsock:8082 -> tcp:127.0.0.1:82' 'ports=tcp:127.0.0.1:9005 -> vsock:3:9005' 'ports=tcp:[::1]:9006 -> vsock:3:9005' \
	'ports=tcp:127.0.0.1:9007 -> vsock:3:9999' attest=yes
start 256M
wait_for "$vm/enclave.console" 'inside: called|^mintmark: (refused|exit)' $limit
tr -d '\r' <"$vm/enclave.console" >console
says "out over IPv4: what is sent comes back from the parent" 'probe: 2000 of 2000 bytes came back from 127.0.0.1'
says "out over IPv6: likewise" 'probe: 2000 of 2000 bytes came back from ::1'
says "out to a port where nobody listens: the connection ends" 'probe: 0 of 10 bytes came back from 127.0.0.1'
head -c 2000 /dev/urandom >sent
for port in 8080 8081; do
	python3 /mint/in/boot/dial -r 4 $port "$vm/parent.vsock" 9004 "$(wc -c <sent)" <sent >came 2>dial.log
	check "in over vsock:$port, through the parent: what is sent comes back" cmp sent came
done
head -c 1000000 /dev/urandom >sent
python3 /mint/in/boot/dial "$vm/enclave.vsock" 8080 "$(wc -c <sent)" <sent >came 2>dial.log
check "in over vsock:8080, from the host: a million bytes" cmp sent came
printf x | python3 /mint/in/boot/dial "$vm/enclave.vsock" 8082 1 >came 2>dial.log
status=$?
[ ! -s came ] || status=1
ok $status "in to a port where nobody listens: the connection ends" dial.log
nonce=$(od -An -N 32 -v -tx1 /dev/urandom | tr -d ' \n')
/mint/in/ask "$vm/enclave.vsock" 5000 "$nonce" --json >document.json 2>&1
ok $? "an application that knows nothing of it is attested" document.json
check "the document carries the nonce" jq -e --arg nonce "$nonce" '.nonce == $nonce' document.json
if [ "$arch" = x86_64 ]; then
	$eif describe image.eif --json >image.json
	check "and the image's PCR0" jq -e --slurpfile image image.json '.PCR0 == $image[0].Measurements.PCR0' document.json
fi
end "$enclave_pid"
finish_tap
