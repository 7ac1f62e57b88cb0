# shellcheck shell=sh
# What the tests of realm share, to be sourced: the command, a scratch folder that goes away, a kernel and a ramdisk.
# shellcheck disable=SC2154,SC2034 # here: of the caller; golden, layouts: for it
set -u
LC_ALL=C
export LC_ALL
: "${REALM:?path of the realm command}"
case $REALM in
/*) ;;
*) REALM=$(pwd)/$REALM ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
TAP_TMP=$work
golden=$here/golden
tree=$(cd "$here/../.." && pwd)
[ -d "$tree/cca-image" ] || tree=/mint/in/tree
layouts=$tree/cca-image/layouts
cd "$work" || exit 99

# is NAME EXPECTED FOUND
is()
{
	printf 'expected: %s\nfound: %s\n' "$2" "$3" >difference
	[ "$2" = "$3" ]
	ok $? "$1" difference
}

# differs NAME A B: two values, and not the same
differs()
{
	printf 'both: %s\n' "$2" >difference
	[ -n "$2" ] && [ -n "$3" ] && [ "$2" != "$3" ]
	ok $? "$1" difference
}

# rim OPTION...: the only RIM that realm measure prints
rim()
{
	"$REALM" measure "$@" 2>stderr | sed 's/.* //'
}

# bootargs FILE: what a device tree has for the kernel's command line
bootargs()
{
	perl -e '
		local $/; my $d = <STDIN>;
		my ($magic, undef, $at, $names) = unpack("N4", $d);
		die "no device tree\n" if $magic != 0xd00dfeed;
		while ((my $token = unpack("N", substr($d, $at, 4))) != 9) {
			$at += 4;
			if ($token == 1) {
				$at += (length(unpack("Z*", substr($d, $at))) + 4) & ~3;
			} elsif ($token == 3) {
				my ($size, $name) = unpack("NN", substr($d, $at, 8));
				print substr($d, $at + 8, $size - 1) if unpack("Z*", substr($d, $names + $name)) eq "bootargs";
				$at += 8 + (($size + 3) & ~3);
			}
		}' <"$1"
}

# patch FILE OFFSET OCTAL: another byte
patch_byte()
{
	# shellcheck disable=SC2059 # an escape
	printf "\\$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# An arm64 Image of 200 000 bytes that takes 300 000 in memory, and a ramdisk.
make_inputs()
{
	head -c 200000 /dev/zero | tr '\0' k >Image
	printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\340\223\004\0\0\0\0\0' | dd of=Image bs=1 conv=notrunc 2>/dev/null
	printf 'ARM\144' | dd of=Image bs=1 seek=56 conv=notrunc 2>/dev/null
	{
		printf 07070100000000
		head -c 70000 /dev/zero | tr '\0' r
	} >initrd
}
