#!/bin/sh
# Reference values as CoRIM and as JSON.
set -eu
: "${here:?the folder tests/fuzz}"

cp "$here"/../attest/golden/*-realm-*.cbor "$here/../attest/golden/nitro-pcr-example.cbor" .
pcr=$(printf '%096d' 1)
printf '{"Measurements":{"HashAlgorithm":"Sha384 { ... }","PCR0":"%s","PCR1":"%s","PCR2":"%s"}}' "$pcr" "$pcr" "$pcr" >nitro.json
printf '{"RIM":"%064d","REM0":"%064d"}' 1 2 >realm.json
printf '{"ImageMeasurements":[{"hash":"sha-256","RIM":"%064d"}],"PartsMeasurements":[{"hash":"sha-512","RIM":"%0128d","cpus":1}]}' \
	3 4 >measurements.json
printf '{"AnyOf":[{"Measurements":{"PCR0":"%s","PCR1":"%s","PCR2":"%s"},"Platform":"aws-nitro"},{"Measurements":{"RIM":"%064d"},"Platform":"arm-cca"}]}' \
	"$pcr" "$pcr" "$pcr" 5 >policy.json
printf '{"RIMs":[{"hash":"sha-256","RIM":{"base64":"ERERERERERERERERERERERERERERERERERERERERERE=","hex":"%s"}}]}' "$(printf '%064d' 0 | tr 0 1)" \
	>values.json
