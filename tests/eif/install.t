#!/bin/sh
# What make install lays down, by the names that programs of others rely on: the libraries through pkg-config, shared and
# static, with no names but their public ones; manuals and completion. Runs in the test environment, in a copy of the
# sources; builds with its compiler. Needs MKEVIDENCE (of tests/attest/mkevidence.c).
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
unset ROOTFS # make has a variable of this name
: "${MKEVIDENCE:=/mint/in/mkevidence}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TAP_TMP="$work"
golden=/mint/in/tests/eif/golden/aws-eif
mkdir "$work/tree" && cd "$work/tree" || exit 4
for file in /mint/in/tree/*; do
	[ "${file##*/}" = out ] || cp -r "$file" .
done

# Paths with a space: nothing in the way may take them apart.
stage="$work/stage dir" prefix='/opt/mint mark'
check "make install" make install DESTDIR="$stage" PREFIX="$prefix" CFLAGS='-O1 -Werror'
there=$stage$prefix
(cd "$there" && find . ! -type d | sort) >found
cat >expected <<END
./bin/attest
./bin/eif
./bin/realm
./bin/rootfs
./include/mintmark/attest.h
./include/mintmark/digest.h
./include/mintmark/eif.h
./include/mintmark/err.h
./lib/libmintmark-attest.a
./lib/libmintmark-attest.so
./lib/libmintmark-attest.so.0
./lib/libmintmark-eif.a
./lib/libmintmark-eif.so
./lib/libmintmark-eif.so.0
./lib/pkgconfig/mintmark-attest.pc
./lib/pkgconfig/mintmark-eif.pc
./share/bash-completion/completions/attest
./share/bash-completion/completions/eif
./share/bash-completion/completions/realm
./share/bash-completion/completions/rootfs
./share/man/man1/attest.1
./share/man/man1/eif.1
./share/man/man1/realm.1
./share/man/man1/rootfs.1
./share/mintmark/layouts/igvm.layout
./share/mintmark/layouts/kvmtool-2026.layout
./share/mintmark/layouts/kvmtool-rmm1.layout
./share/mintmark/layouts/kvmtool.tree
./share/mintmark/layouts/qemu-2026.layout
./share/mintmark/layouts/qemu-rmm1.layout
./share/mintmark/layouts/qemu.tree
END
check "it installs these files and no others" diff expected found
check "nothing else is below DESTDIR" [ "$(ls "$stage")" = opt ]
check "eif runs" "$there/bin/eif" --version
check "rootfs runs" "$there/bin/rootfs" --version
fails 2 'PREFIX: a path that begins with /' "a relative PREFIX is refused" env PREFIX=here lib/install '' '' '' '' '' '' '' '' '' '' '' ''

# Programs of somebody else.
cat >"$work/eif.c" <<'END'
#include <fcntl.h>
#include <mintmark/eif.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	struct eif_image image = EIF_IMAGE_INIT;
	struct err err = {0};
	if (argc != 2 || eif_read(open(argv[1], O_RDONLY), argv[1], NULL, &image, &err) < 0)
		return fprintf(stderr, "%s: %s\n", err.name, err.text), 1;
	for (int i = 0; i < SHA384_SIZE; i++)
		printf("%02x", image.measurements.pcr[0][i]);
	eif_image_clear(&image);
	return 0;
}
END
cat >"$work/attest.c" <<'END'
#include <mintmark/attest.h>
#include <stdio.h>
#include <time.h>
static char evidence[ATTEST_MAX_EVIDENCE], reference[ATTEST_MAX_REFERENCE], root[4096];
static size_t take(const char *path, char *data, size_t room)
{
	FILE *file = fopen(path, "r");
	return file ? fread(data, 1, room, file) : 0;
}
int main(int argc, char **argv)
{
	struct attest_references references = ATTEST_REFERENCES_INIT;
	struct attest_expectation expected = {.references = &references, .root = root, .now = time(NULL), .max_age = ATTEST_MAX_AGE};
	struct err err = {0};
	json_t *report = NULL;
	expected.root_size = argc == 4 ? take(argv[3], root, sizeof(root)) : 0;
	if (attest_references_add(&references, reference, take(argv[2], reference, sizeof(reference)), argv[2], &err) == 0)
		report = attest_verify(evidence, take(argv[1], evidence, sizeof(evidence)), &expected, &err);
	if (!report)
		return fprintf(stderr, "%s: %s\n", err.name, err.text), err.status;
	puts(json_string_value(json_object_get(json_object_get(report, "Measurements"), "PCR0")));
	json_decref(report);
	attest_references_clear(&references);
	return 0;
}
END
# pkg-config itself cannot do with a space in this one.
ln -s "$stage" "$work/sysroot"
PKG_CONFIG_SYSROOT_DIR=$work/sysroot
PKG_CONFIG_PATH=$there/lib/pkgconfig
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
# link ROOM NAME OPTION...: the program, by what pkg-config says of the library with these options.
link()
{
	room=$1
	name=$2
	shift 2
	# pkg-config quotes for a shell.
	eval "gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -o '$work/$room-$name' '$work/$room.c' $(pkg-config "$@" --cflags --libs "mintmark-$room")"
}
# tells ROOM NAME: it finds the PCR0 that another implementation computed, or that a document of now says.
tells()
{
	case $1 in
	eif)
		expected=$(jq -r '.cases[] | select(.id == "02-two-ramdisks").expect.PCR0' $golden/cases.json)
		[ "$("$work/$1-$2" $golden/02-two-ramdisks.eif)" = "$expected" ]
		;;
	attest) [ "$("$work/$1-$2" "$work/document" "$work/reference.json" "$work/root.pem")" = "$(printf '%096d' 1)" ] ;;
	esac
}
check "evidence" "$MKEVIDENCE" "$work" 00 "$(printf '%096d' 1)" "$(printf '%096d' 2)" "$(printf '%096d' 3)"
printf '{"PCR0":"%096d","PCR1":"%096d","PCR2":"%096d"}' 1 2 3 >"$work/reference.json"
for room in eif attest; do
	check "$room: pkg-config knows the version" \
		[ "$room (mintmark) $(pkg-config --modversion mintmark-$room)" = "$("$there/bin/$room" --version)" ]
	check "$room: a program links with the shared library" link $room shared
done
LD_LIBRARY_PATH=$there/lib
export LD_LIBRARY_PATH
for room in eif attest; do
	check "$room: and runs with it" tells $room shared
done
printf x | cat $golden/02-two-ramdisks.eif - >"$work/damaged.eif"
fails 1 '^EIF-TRAILING: ' "and gets the library's errors" "$work/eif-shared" "$work/damaged.eif"
printf x | cat "$work/document" - >"$work/damaged"
fails 3 '^ATTEST-CBOR: ' "attest: and gets its errors" "$work/attest-shared" "$work/damaged" "$work/reference.json" "$work/root.pem"
sed 's/01"/02"/' "$work/reference.json" >"$work/other.json"
fails 1 '^ATTEST-PCR: PCR0: ' "attest: another image" "$work/attest-shared" "$work/document" "$work/other.json" "$work/root.pem"

# shown NAME NM-OPTION FILE ROOM: the file shows the names of functions in the room's public face, and no others.
shown()
{
	nm "$2" --defined-only "$there/lib/$3" | awk 'NF == 3 && $2 != "A" { print $3 }' | sed 's/@.*//' | sort >shown
	grep -o "\b$4_[a-z_0-9]*(" "$there/include/mintmark/$4.h" | tr -d '(' | sort -u >public
	check "$1: all of the public face is there" [ "$(comm -13 shown public | grep -v "^$4_[a-z]*_t$")" = "" ]
	check "$1: no name but the public ones" [ "$(grep -v "^$4_" shown)" = "" ]
}
for room in eif attest; do
	shown "$room, shared library" --dynamic libmintmark-$room.so.0 $room
	shown "$room, static library" --extern-only libmintmark-$room.a $room
	readelf -d "$there/lib/libmintmark-$room.so.0" >dynamic
	check "$room: the shared library's name for the loader" grep -q "SONAME.*\[libmintmark-$room.so.0\]" dynamic
	rm "$there"/lib/libmintmark-$room.so*
	check "$room: a program links with the static library" link $room static --static
	check "$room: and runs without the shared one" tells $room static
done

# completes WORD... = EXPECTED: what bash offers behind these words of a command line.
completes()
{
	(
		PATH=$there/bin:$PATH
		bash -c '
			. "$1"
			shift
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
			_mintmark "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
			echo "${COMPREPLY[*]}"' bash "$there/share/bash-completion/completions/$1" "$@"
	)
}
if command -v bash >/dev/null; then
	check "completion: commands of eif" [ "$(completes eif des)" = describe ]
	check "completion: options of a command" [ "$(completes eif build --raw-m)" = --raw-metadata ]
	check "completion: commands of rootfs" [ "$(completes rootfs pa)" = pack ]
	check "completion: options of rootfs" [ "$(completes rootfs pack --own)" = --owner-root ]
	check "completion: files are bash's own business" [ "$(completes eif describe x)" = "" ]
else
	skip "completion" "no bash"
fi
finish_tap
