#!/bin/sh
# The number of entries, whose hashes the tile has (000: theirs), and the bundle.
set -eu
digest=$(printf '%064d' 1)
register=$(printf '%096d' 1)

# put TEXT: an entry with its size before it.
put()
{
	# shellcheck disable=SC2059 # the size as bytes
	printf "\\$(printf %03o $((${#1} / 256)))\\$(printf %03o $((${#1} % 256)))"
	printf %s "$1"
}
release='{"files":{"SHA256SUMS":"'$digest'"},"measurements":{"t":{"PCR0":"'$register'","PCR1":"'$register'","PCR2":"'$register'"}},"name":"hello","security":0,"type":"release","version":"1"}'
withdrawal='{"entry":0,"reason":"a key leaked","type":"withdrawal"}'
{
	printf '\002\000'
	put "$release"
	put "$withdrawal"
} >two
{
	printf '\003\000'
	put "$release"
	put "$release"
} >too-few
{
	printf '\001\000'
	put "$release"
	put "$release"
} >too-many
{
	printf '\001\001'
	put "$release"
} >others-hashes
printf '\001\000\377\377' >short
{
	printf '\377\000'
	i=0
	while [ $i -lt 255 ]; do
		put x
		i=$((i + 1))
	done
} >full
