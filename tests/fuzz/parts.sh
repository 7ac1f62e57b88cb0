# shellcheck shell=sh
# Archives of an image's parts as the targets oci and docker take them (image.c); to be sourced by make.sh.

# part NAME FILE: one member of a tar archive, without the end
part()
{
	part_size=$(($(wc -c <"$2")))
	{
		printf '%s' "$1"
		zeros $((100 - ${#1}))
		printf '0000644\0000000000\0000000000\000%011o\00000000000000\000        0' "$part_size"
		zeros 100
		printf 'ustar\00000'
		zeros 247
	} >part.header
	# The mutator repairs checksums, and the target makes its own.
	cat part.header "$2"
	zeros $(((512 - part_size % 512) % 512))
}

zeros()
{
	[ "$1" -eq 0 ] || head -c "$1" /dev/zero
}

# layers: two layers, the second of which takes something away; gzip of the second
layers()
{
	mktar >l0 <<'EOF'
entry 5 etc
entry 0 etc/passwd data=root:x:0:0:root:/root:/bin/sh\n
entry 0 gone data=x
EOF
	mktar >l1 <<'EOF'
entry 0 .wh.gone
entry 2 bin link=usr/bin
entry 0 usr/bin/app data=y mode=755
EOF
	gzip -nc <l1 >l1.gz
}
