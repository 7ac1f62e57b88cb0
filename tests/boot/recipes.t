#!/bin/sh
# Software that others wrote, from pinned packages, in an enclave: each recipe boots to its program's first log line, as
# the user and with the configuration that its recipe names, and answers through the parent instance. Runs in the test
# environment.
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

# says RECIPE REGEX PORT QUESTION ANSWER: its image boots until such a line is on the console; what is sent to the vsock
# port from the parent, with its \r and \n, gets an answer with that line.
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
	# shellcheck disable=SC2059 # a format
	printf "$4" | python3 /mint/in/boot/dial -r 4 "$3" -u "$5" "$vm/parent.vsock" 9004 >answer 2>&1
	tr -d '\r' <answer >lines
	grep -qxF -- "$5" lines
	ok $? "$1 answers \"$5\" through the parent" answer
	end "$enclave_pid"
}

says redis 'Ready to accept connections tcp' 6379 'SET key value\r\nGET key\r\nQUIT\r\n' value
says nginx 'start worker process' 8080 'GET / HTTP/1.0\r\n\r\n' 'HTTP/1.1 200 OK'
says python 'python: serving on port 8000' 8000 'GET / HTTP/1.0\r\n\r\n' '{"hello": "from an enclave", "asked": 1}'
finish_tap
