#!/bin/sh
# Run specifications as recipes have them.
set -eu

printf 'name=hello\0arg=/bin/hello\0' >least
printf 'name=hello\0arg=/bin/sh\0arg=-c\0arg=a=b\nc\0env=PATH=/bin\0env=\0' >full
printf 'name=\0arg=\0' >empty
printf 'name=a\0arg=b\0user=0\0workdir=/\0stop-signal=15\0capability=a\0' >others
