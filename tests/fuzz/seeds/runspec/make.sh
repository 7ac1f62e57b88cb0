#!/bin/sh
# Run specifications as recipes have them.
set -eu

printf 'name=hello\0arg=/bin/hello\0' >least
printf 'name=hello\0arg=/bin/sh\0arg=-c\0arg=a=b\nc\0env=PATH=/bin\0env=\0' >full
printf 'name=\0arg=\0' >empty
printf 'name=a\0arg=b\0user=0\0workdir=/\0stop-signal=15\0capability=a\0' >others
printf '%s\0' name=a arg=b uid=1 gid=2 group=2 group=3 workdir=/srv umask=0027 rlimit=nofile:1024:unlimited rlimit=core:0:0 \
	caps=00000000a80425fb seccomp=none newprivs=no nsm=yes stopsignal=3 grace=30 hostname=h readonly=yes platform=plain \
	attest=yes config=yes volume=/data 'port=vsock:80>tcp:127.0.0.1:80' xattr=security.capability:00:p digest=00 >all
printf '%s\0' name=a arg=b process=one:always arg=c uid=1 umask=0 process=two:never arg=d nsm=yes >helpers
printf '%s\0' name=a arg=b process=one:always process=two:sometimes arg=d volume=/x >broken
