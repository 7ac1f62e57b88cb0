#!/bin/sh
# A document of AWS's, as bytes and in base64, and a token of TF-RMM's.
set -eu
: "${here:?the folder tests/fuzz}"

cp "$here/../attest/golden/nitro-doc-debug.b64" document-text
base64 -d <document-text >document
cp "$here/../attest/golden/cca_token-legacy.cbor" token
