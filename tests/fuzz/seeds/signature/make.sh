#!/bin/sh
# A signature section around the certificate, one that holds less, and two that AWS made: only the first is good here.
set -eu
: "${here:?the folder tests/fuzz}"

FILL=none
# shellcheck source=tests/eif/bytes.sh
. "$here/../eif/bytes.sh"
signature_of "$here/seeds/signature/certificate.pem" >section
printf 'none' >text
signature_of text >no-certificate
rm -f text
tail -c 1764 "$here/../eif/golden/aws-eif/08-signed-p384.eif" >good
tail -c 1526 "$here/../eif/golden/aws-eif/10-signed-p256.eif" >of-another-image
