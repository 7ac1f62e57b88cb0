#!/bin/sh
# The same images as those of the reader.
set -eu
exec sh "${here:?the folder tests/fuzz}/seeds/eif/make.sh"
