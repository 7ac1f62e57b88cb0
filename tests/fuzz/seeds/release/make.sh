#!/bin/sh
# Measurements, pins and what was before: of an enclave with what init extends, of a realm as an image and in parts, and of what is refused.
set -eu

# register DIGITS DIGIT
register()
{
	printf '%0*d' "$1" 0 | tr 0 "$2"
}
pcrs='"PCR0":"'$(register 96 1)'","PCR1":"'$(register 96 2)'","PCR2":"'$(register 96 3)'"'
pins="# Pins of fuzz\n$(register 64 a) 12 pool/main/f/fuzz/fuzz_1.orig.tar.xz\n$(register 64 b) 3 short\n"
{
	printf '{"Recipe":"hello","Measurements":{"HashAlgorithm":"Sha384 { ... }",%s},"PCR16":"%s"}\0' "$pcrs" "$(register 96 4)"
	printf '%b' "$pins"
} >enclave
rem0='"REM0":{"sha-256":"'$(register 64 5)'","sha-512":"'$(register 128 6)'"}'
conditions='"layout":"qemu-2026","vmm":"qemu","rmm":"2.0","params":{"flags":"0x0","s2sz":48,"hash_algo":0}'
{
	printf '{"Recipe":"hello",%s,"ImageMeasurements":[{%s,"hash":"sha-256","RIM":"%s"}],' "$rem0" "$conditions" "$(register 64 7)"
	printf '"PartsMeasurements":[{"cpus":1,"memory":536870912,"hash":"sha-512","RIM":"%s"},' "$(register 128 8)"
	printf '{"cpus":2,"hash":"sha-256","RIM":"%s"}]}\0' "$(register 64 7)"
	printf '%b' "$pins"
} >realm
printf '{"RIM":"%s","REM0":"%s","RPV":"%s"}' "$(register 96 9)" "$(register 96 a)" "$(register 128 b)" >registers
printf '{"RIMs":[{"hash":"sha-256","RIM":"%s","REM1":"%s"}]}' "$(register 64 c)" "$(register 64 d)" >rims
printf '{"AnyOf":[{"Measurements":{%s},"Platform":"aws-nitro"},{"Measurements":{"RIM":"%s"},"Platform":"arm-cca"}]}' "$pcrs" \
	"$(register 64 e)" >policy
printf '{"AnyOf":[{"Measurements":{"RIM":"%s"},"Platform":"arm-cca"},{"Measurements":{"RIM":"%s"},"Platform":"arm-cca"}]}' \
	"$(register 64 e)" "$(register 64 f)" >realms
printf '{"PCR0":"%s","PCR1":"%s","PCR2":"%s"}' "$(register 96 5)" "$(register 96 6)" "$(register 96 7)" >pcrs
# One behind another: as the release before it, some of another platform.
for pair in enclave:pcrs enclave:enclave enclave:policy realm:realm realm:realms enclave:realm; do
	{
		cat "${pair%:*}"
		printf '\0'
		tr '\0' '\n' <"${pair#*:}" | head -n 1
	} >"${pair%:*}-after-${pair#*:}"
done
