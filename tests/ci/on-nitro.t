#!/bin/sh
# What ci/on-nitro does on an instance, with stand-ins: nitro-cli, which demands the documented options and writes down its calls, and
# socat, which answers with a document for the nonce that it was sent, under a test root. That Nitro itself does the same is what
# running the script there will show.
# shellcheck disable=SC2016 # the inner shells expand
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
TAP_TMP=$(mktemp -d)
cp -R /mint/in/tree/ci /mint/in/tree/env "$TAP_TMP/"
mkdir -p "$TAP_TMP/bin" "$TAP_TMP/out/bin" "$TAP_TMP/tmp"
ln -s "$ATTEST" "$TAP_TMP/out/bin/attest"
cd "$TAP_TMP" || exit 4
image=/mint/in/image.eif
value()
{
	sed -n "s/^ *\"$1\": *\"\([0-9a-f]*\)\".*/\1/p" /mint/in/measurements.json | head -n 1
}
printf '{"Measurements":{"PCR0":"%s","PCR1":"%s","PCR2":"%s"}}\n' "$(value PCR0)" "$(value PCR1)" "$(value PCR2)" >reference.json
cat >bin/nitro-cli <<'EOF'
#!/bin/sh
echo "$*" >>"$STAND/calls"
[ ! -e "$STAND/fail-$1" ] || { echo "[ E26 ] Insufficient memory requested." >&2; exit 1; }
case $1 in
--version) echo "Nitro CLI 1.4.2" ;;
describe-eif) "$EIF" describe "$3" --json ;;
run-enclave)
	echo "Start allocating memory..." >&2
	printf '{\n  "EnclaveName": "image",\n  "EnclaveID": "i-0123-enc0456",\n  "ProcessID": 77,\n  "EnclaveCID": 16,\n  "CPUIDs": [\n    1,\n    3\n  ],\n  "MemoryMiB": 256\n}\n'
	;;
describe-enclaves)
	# Another one runs beside it, with other flags.
	flags=$(cat "$STAND/flags") others=NONE
	[ "$flags" != NONE ] || others=DEBUG_MODE
	one='  {\n    "EnclaveID": "%s",\n    "State": "RUNNING",\n    "Flags": "%s"\n  }'
	printf "[\n$one,\n$one,\n$one\n]\n" i-0123-enc0123 $others i-0123-enc0456 "$flags" i-0123-enc0789 $others
	;;
terminate-enclave) echo '{"Terminated": true}' ;;
esac
EOF
cat >bin/socat <<'EOF'
#!/bin/sh
echo "socat $*" >>"$STAND/calls"
nonce=$(od -An -v -tx1 -j 2 | tr -d ' \n')
[ ! -e "$STAND/late" ] || { rm "$STAND/late"; echo "Connection reset" >&2; exit 1; }
set -- $(cat "$STAND/pcrs")
/mint/in/mkevidence "$STAND" "${NONCE:-$nonce}" "$@" && { printf '\000\000\022\064'; cat "$STAND/document"; }
EOF
chmod +x bin/*
export STAND="$TAP_TMP/stand" PATH="$TAP_TMP/bin:$PATH" TMPDIR="$TAP_TMP/tmp" ALLOCATOR="$TAP_TMP/allocator.yaml"
mkdir "$STAND"
echo NONE >"$STAND/flags"
echo "$(value PCR0) $(value PCR1) $(value PCR2)" >"$STAND/pcrs"
: >"$STAND/root.pem"
printf -- '---\nmemory_mib: 512\ncpu_count: 2\n' >allocator.yaml
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem 2>/dev/null
openssl pkey -in key.pem -pubout -out key.pub
run()
{
	rm -rf report
	: >"$STAND/calls"
	ci/on-nitro --image $image --reference reference.json --report report --root "$STAND/root.pem" --builder 'a test' "$@"
}
ended()
{
	[ "$(grep -c '^terminate-enclave --enclave-id i-0123-enc0456$' "$STAND/calls")" -eq "$1" ]
}

check "an image runs and is verified" run --key key.pem
check "the line is the documented one" grep -qx "run-enclave --eif-path $image --memory 256 --cpu-count 2 --enclave-cid 16" "$STAND/calls"
check "its responder is asked" grep -qx 'socat -t 5 - VSOCK-CONNECT:16:5000' "$STAND/calls"
check "it is ended" ended 1
check "the report says verified" grep -qx 'result: verified' report/report.txt
check "and under whose root" grep -q "^root: ANOTHER THAN AWS'S" report/report.txt
check "and names the line" grep -q '^line: nitro-cli run-enclave --eif-path image.eif --memory 256' report/report.txt
check "each of its files has its sum" sh -c 'cd report && sha256sum -c SHA256SUMS && [ "$(wc -l <SHA256SUMS)" -eq 4 ]'
check "openssl verifies the signature by hand" openssl dgst -sha256 -verify key.pub -signature report/SHA256SUMS.sig report/SHA256SUMS
check "what nitro-cli said is kept with its lines" grep -qx '\$ nitro-cli describe-enclaves' report/nitro-cli.txt
touch "$STAND/late"
check "a responder that is not there yet is asked again" run
check "with no key there is no signature" [ ! -e report/SHA256SUMS.sig ]
check "memory and CPUs as they are given" run --memory 300 --cpus 2 --cid 20
check "are what nitro-cli gets" grep -qx "run-enclave --eif-path $image --memory 300 --cpu-count 2 --enclave-cid 20" "$STAND/calls"

# What is not as it has to be.
sed 's/\(PCR1":"\)../\1ff/' reference.json >other.json
fails 1 'NITRO-MEASUREMENTS: PCR1: ff.* found .* by nitro-cli' "an image of other measurements is not run" sh -c '
	ci/on-nitro --image "$1" --reference other.json --report report2 --root "$STAND/root.pem"' sh $image
echo "$(value PCR1) $(value PCR1) $(value PCR2)" >"$STAND/pcrs"
fails 1 'NITRO-VERIFY: not verified: .*ATTEST-PCR' "a document with another PCR0" run --key key.pem
check "gets a report that says so" grep -q '^result: not verified: .*ATTEST-PCR' report/report.txt
check "signed, too" openssl dgst -sha256 -verify key.pub -signature report/SHA256SUMS.sig report/SHA256SUMS
check "and the enclave is ended" ended 1
zeros=$(printf %096d 0)
echo "$zeros $zeros $zeros" >"$STAND/pcrs"
fails 1 'NITRO-VERIFY: not verified: .*ATTEST-DEBUG' "a document of debug mode" run
echo "$(value PCR0) $(value PCR1) $(value PCR2)" >"$STAND/pcrs"
fails 1 'NITRO-VERIFY: not verified: .*ATTEST-NONCE' "a document for another nonce" env NONCE="$(printf %064d 7)" ci/on-nitro --image $image \
	--reference reference.json --report report3 --root "$STAND/root.pem"
rm out/bin/attest
printf '#!/bin/sh\nexit 0\n' >out/bin/attest
chmod +x out/bin/attest
fails 1 'NITRO-VERIFY: not verified: another nonce or another PCR0 was accepted, too' "a verifier that accepts everything" run
ln -sf "$ATTEST" out/bin/attest
echo DEBUG_MODE >"$STAND/flags"
fails 1 'NITRO-DEBUG' "an enclave in debug mode" run
check "is ended" ended 1
echo NONE >"$STAND/flags"
touch "$STAND/fail-run-enclave"
fails 4 'NITRO-CLI: nitro-cli run-enclave failed: .*E26' "an enclave that does not start" run
check "none is ended" ended 0
check "and there is no report" [ ! -e report ]
rm "$STAND/fail-run-enclave"
printf 'memory_mib: 128\ncpu_count: 2\n' >allocator.yaml
fails 4 'NITRO-ALLOCATOR: .*"memory_mib: 256" .*found 128 and 2; then sudo systemctl restart nitro-enclaves-allocator' "too little memory set aside" run
check "nothing is started" [ ! -s "$STAND/calls" ]
rm allocator.yaml
fails 4 'NITRO-ALLOCATOR: .*found none' "no allocator" run
fails 2 'USAGE: on-nitro --release' "no image" ci/on-nitro
fails 2 'USAGE: on-nitro: a number' "no number of CPUs" ci/on-nitro --image $image --reference reference.json --report r --cpus x
check "nothing is left behind" [ -z "$(ls -A "$TMPDIR")" ]
finish_tap
