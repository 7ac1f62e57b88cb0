#!/bin/sh
# A signature section around the certificate, and one that holds less.
set -eu
: "${here:?the folder tests/fuzz}"

FILL=none
# shellcheck source=tests/eif/bytes.sh
. "$here/../eif/bytes.sh"
signature_of "$here/seeds/signature/certificate.pem" >section
printf 'none' >text
signature_of text >no-certificate
rm -f text
