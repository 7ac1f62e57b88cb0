#!/bin/sh
# Software that others wrote, from pinned packages, in an enclave: each recipe boots to its program's first log line, as
# the user and with the configuration that its recipe names. Runs in the test environment.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
# shellcheck source=tests/boot/vm.sh
. /mint/in/boot/vm.sh
TAP_TMP=/mint/work
ended='mintmark: (refused|exit status|killed)|Kernel panic'
cd /mint/work || exit 4
trap 'end "${enclave_pid:-}"; end "${parent_pid:-}"; end "${wires_pid:-}"' EXIT
trap 'exit 130' INT TERM HUP
mkdir -p /mint/out/consoles

wires
ok $? "vhost-device-vsock serves both machines" "$vm/wires.log"
parent parent.mode=ok
ok $? "the parent instance is up" "$vm/parent.console"

# says RECIPE REGEX: its image boots until such a line is on the console.
says()
{
	enclave "/mint/in/images/$1.eif" 768M
	status=0
	wait_for "$vm/enclave.console" "$2|$ended" 240 || status=1
	tr -d '\r' <"$vm/enclave.console" >console
	cp console "/mint/out/consoles/$1.console"
	grep -qE -- "$2" console || status=1
	ok $status "$1 boots and says \"$2\"" console
	check "$1: init did not refuse anything" sh -c '! grep -E "mintmark: (refused|killed)" console'
	end "$enclave_pid"
}

says redis 'Ready to accept connections tcp'
says nginx 'start worker process'
says python 'python: serving on port 8000'
finish_tap
