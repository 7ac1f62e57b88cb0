#!/bin/sh
# What make install lays down, by the names that programs of others rely on: the library through pkg-config, shared and
# static, with no names but its public ones; manuals and completion. Runs in the test environment, in a copy of the
# sources; builds with its compiler.
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
unset ROOTFS # make has a variable of this name
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
./include/mintmark/digest.h
./include/mintmark/eif.h
./include/mintmark/err.h
./lib/libmintmark-eif.a
./lib/libmintmark-eif.so
./lib/libmintmark-eif.so.0
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
fails 2 'PREFIX: a path that begins with /' "a relative PREFIX is refused" env PREFIX=here lib/install '' '' '' '' '' '' '' '' '' '' ''

# A program of somebody else.
cat >"$work/pcr0.c" <<'END'
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
# pkg-config itself cannot do with a space in this one.
ln -s "$stage" "$work/sysroot"
PKG_CONFIG_SYSROOT_DIR=$work/sysroot
PKG_CONFIG_PATH=$there/lib/pkgconfig
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
# link NAME OPTION...: the program, by what pkg-config says with these options.
link()
{
	name=$1
	shift
	# pkg-config quotes for a shell.
	eval "gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -o '$work/$name' '$work/pcr0.c' $(pkg-config "$@" --cflags --libs mintmark-eif)"
}
# tells NAME: it finds the PCR0 that another implementation computed.
tells()
{
	expected=$(jq -r '.cases[] | select(.id == "02-two-ramdisks").expect.PCR0' $golden/cases.json)
	[ "$("$work/$1" $golden/02-two-ramdisks.eif)" = "$expected" ]
}
check "pkg-config knows the version" [ "eif (mintmark) $(pkg-config --modversion mintmark-eif)" = "$("$there/bin/eif" --version)" ]
check "a program links with the shared library" link shared
LD_LIBRARY_PATH=$there/lib
export LD_LIBRARY_PATH
check "and runs with it" tells shared
printf x | cat $golden/02-two-ramdisks.eif - >"$work/damaged.eif"
fails 1 '^EIF-TRAILING: ' "and gets the library's errors" "$work/shared" "$work/damaged.eif"

# shown NAME NM-OPTION FILE: the file shows names that begin with eif_, and no others.
shown()
{
	nm "$2" --defined-only "$there/lib/$3" | awk 'NF == 3 && $2 != "A" { print $3 }' | sed 's/@.*//' >shown
	check "$1: eif_read is there" grep -qx eif_read shown
	check "$1: no name but the public ones" [ "$(grep -v '^eif_' shown)" = "" ]
}
shown 'shared library' --dynamic libmintmark-eif.so.0
shown 'static library' --extern-only libmintmark-eif.a
readelf -d "$there/lib/libmintmark-eif.so.0" >dynamic
check "the shared library's name for the loader" grep -q 'SONAME.*\[libmintmark-eif.so.0\]' dynamic
rm "$there"/lib/libmintmark-eif.so*
check "a program links with the static library" link static --static
check "and runs without the shared one" tells static

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
