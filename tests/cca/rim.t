#!/bin/sh
# The measurements of others, after every single operation: public traces, kvmtool's realm from its device tree, REMs.
# Environment: REALM the realm command.
# shellcheck disable=SC2016 # sh -c has its own words
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cca/common.sh
. "$here/common.sh"

# ---- traces ----

for file in rim-traces kvmtool-512m; do
	for rmm in 1.0 2.0; do
		check "$file under RMM $rmm, as the traces say themselves" "$REALM" replay "$golden/$file.json" --check --rmm $rmm
	done
	if command -v jq >/dev/null; then
		jq -r '.traces[] | .rim_after_create, .rim_after_each[]' "$golden/$file.json" >expected
		check "$file: one line for each operation, and no others" sh -c '"$1" replay "$2" >found && cmp expected found' sh \
			"$REALM" "$golden/$file.json"
	else
		skip "$file: one line for each operation" 'no jq here'
	fi
done
sed '0,/0d689b3cc196/s//0d689b3cc197/' "$golden/rim-traces.json" >wrong.json
fails 1 'REALM-RIM: .*operation 0: 0d689b3cc197' "a value that differs is told" "$REALM" replay wrong.json --check

# refuses CODE NAME EDIT: a trace with one edit
refuses()
{
	sed "$3" "$golden/rim-traces.json" >bad.json
	fails 3 "$1" "$2 is refused" "$REALM" replay bad.json
}
refuses TRACE-JSON "half a trace" '100q'
refuses TRACE-SCHEMA "another schema" 's|rim-traces/1|rim-traces/2|'
refuses TRACE-MEMBER "an unknown member of an operation" '0,/"base":/s//"size": 1, "base":/'
refuses TRACE-MEMBER "an unknown parameter" '0,/"s2sz":/s//"s3sz": 1, "s2sz":/'
refuses TRACE-JSON "a member twice" '0,/"s2sz":/s//"s2sz": 33, "s2sz":/'
refuses TRACE-VALUE "an unknown operation" '0,/"ripas"/s//"rtt"/'
refuses TRACE-VALUE "an address that is a number" '0,/"0x80200000"/s//2149580800/'
refuses TRACE-VALUE "an address of upper case" '0,/"0x80200000"/s//"0X80200000"/'
refuses TRACE-VALUE "an address of 17 digits" '0,/"0x80200000"/s//"0x00000000080200000"/'
refuses TRACE-VALUE "an address that no page has" '0,/"ipa": "0x80000000"/s//"ipa": "0x80000800"/'
refuses TRACE-VALUE "RIPAS that ends before it begins" '0,/"0x80200000"/s//"0x7fe00000"/'
refuses TRACE-VALUE "a parameter above 255" '0,/"num_bps": 5/s//"num_bps": 256/'
refuses TRACE-VALUE "hash 3" '0,/"hash_algo": 0/s//"hash_algo": 3/'
refuses REALM-HASH "SHA-384 under RMM 1.0" '0,/"hash_algo": 0/s//"hash_algo": 2/'
refuses TRACE-VALUE "flags 2" '0,/"flags": 1/s//"flags": 2/'
refuses TRACE-VALUE "a page in two ways" '0,/"fill": {/s//"hex": "00", "fill": {/'
sed 's|"kvmtool-512m.dtb", *$|"../golden/kvmtool-512m.dtb",|; s|"name": "kvmtool-512m.dtb"|"name": "../x"|' \
	"$golden/kvmtool-512m.json" >bad.json
fails 3 TRACE-VALUE "a file of another folder is refused" "$REALM" replay bad.json
fails 4 FILE-OPEN "a trace that is not there" "$REALM" replay nothing.json
fails 2 REALM-USAGE "RMM 3.0" "$REALM" replay "$golden/rim-traces.json" --rmm 3.0
sed '0,/"hash_algo": 0/s//"hash_algo": 2/' "$golden/rim-traces.json" >sha384.json
check "SHA-384 under RMM 2.0" "$REALM" replay sha384.json --rmm 2.0

# ---- kvmtool, end to end ----

published=998dfdf6401d69f73ed88ac53d62d5ea2cfac6320b887ce4599aa8671791d4d0
# What the published tree has instead of our command line.
mkdir published
cp "$layouts/kvmtool-rmm1.layout" published/
sed '/^if cmdline_size$/,/^fi$/d; s|^node chosen$|&\ntext bootargs " console=hvc0 root=/dev/vda rw "|' "$layouts/kvmtool.tree" \
	>published/kvmtool.tree
kvmtool="--layout published/kvmtool-rmm1.layout --memory 512M --cpus 1 --breakpoints 6 --watchpoints 6 --hash sha-256"
# shellcheck disable=SC2086 # a list of words
is "kvmtool's RIM from its device tree" $published "$(rim $kvmtool --tree "$golden/kvmtool-512m.dtb")"
# shellcheck disable=SC2086
is "and from the layout's description of it" $published "$(rim $kvmtool)"
check "that is the same tree, byte for byte" sh -c '"$1" tree --layout "$2" --memory 512M --cpus 1 -o k.dtb &&
	cmp k.dtb "$3"' sh "$REALM" published/kvmtool-rmm1.layout "$golden/kvmtool-512m.dtb"

# ---- logs ----

make_inputs
for layout in kvmtool-rmm1:1.0 kvmtool-2026:2.0 qemu-rmm1:1.0 qemu-2026:2.0; do
	rmm=${layout#*:}
	rm -f log events
	value=$(rim --layout "$layouts/${layout%:*}.layout" --memory 512M --cpus 2 --kernel Image --initrd initrd --rmm "$rmm" \
		--hash sha-256 --log log --events events)
	check "${layout%:*}: the log replays to the same RIM" "$REALM" replay log --rmm "$rmm" --check
	is "${layout%:*}: the last line of events has it" "$value" "$(sed -n '$s/.* //p' events)"
	is "${layout%:*}: as many events as operations" "$(grep -c '"op"' log)" "$(grep -vc '^create' events)"
done

# ---- REM ----

if command -v jq >/dev/null; then
	jq -r '.cases[] | [(["sha-256", "sha-512", "sha-384"][.hash_algo]), .name] + [.extends[].value] | join(" ")' \
		"$golden/rem.json" >cases
	while read -r hash name values; do
		jq -r --arg name "$name" '.cases[] | select(.name == $name) | .extends[].rem_after' "$golden/rem.json" >expected
		# shellcheck disable=SC2086
		"$REALM" rem --hash "$hash" $values >found
		check "REM: $name" cmp expected found
	done <cases
else
	skip REM 'no jq here'
fi
fails 2 REALM-USAGE "REM: 65 bytes" "$REALM" rem --hash sha-256 "$(printf '%0130d' 0)"
fails 2 REALM-USAGE "REM: half a byte" "$REALM" rem --hash sha-256 123
# The launch configuration's, by a script that shares no code with the command.
printf 'peers=3\n' >config
for hash in sha-256 sha-384 sha-512; do
	for how in 'some:mintmark launch' 'none:mintmark no launch'; do
		file=config
		[ "${how%%:*}" = some ] || file=
		# shellcheck disable=SC2086 # none is no word
		value=$({ printf '%s configuration 1\0' "${how#*:}"; cat $file </dev/null; } | sha384sum)
		# shellcheck disable=SC2086
		is "REM0 of a launch configuration, $hash, ${how%%:*}" \
			"$("$REALM" rem --hash $hash "${value%% *}$(printf '%032d' 0)")" "$("$tree/cca-image/rem0" $hash $file)"
	done
done
is "REM: nothing was extended" "" "$("$REALM" rem --hash sha-384)"
finish_tap
