#!/bin/sh
# Configs with everything and with little, users by name and by number, and records of recipes.
set -eu

passwd='root:x:0:0:root:/root:/bin/sh
app:x:1000:1000::/home/app:/bin/false'
group='root:x:0:
app:x:1000:
more:x:7:app,root'
{
	printf '%s\0%s\0%s\0' '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin","A="],
"Entrypoint":["/app"],"Cmd":["-x",""],"User":"app:more","WorkingDir":"/srv/../var","StopSignal":"RTMIN+3",
"ExposedPorts":{"80/tcp":{},"53/udp":{}},"Volumes":{"/data":{}},"Labels":{"a":"b"}}}' "$passwd" "$group"
	printf 'name=app\0'
} >whole
printf '{"config":{"Cmd":["sh"],"User":"1000"}}\0%s\0%s\0name=x\0arg=/bin/sh\0env=B=1\0' "$passwd" "$group" >little
printf '{}\0\0\0name=x\0arg=a\0user=0\0group=5\0workdir=/\0stop-signal=15\0volume=/v\0port=1/tcp\0' >records
