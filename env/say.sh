# shellcheck shell=sh
# What the scripts of this room share, to be sourced: where things are, and how to say that something
# went wrong in one line. Exit statuses are those of the C commands: 1 verify, 2 usage, 3 malformed, 4 environment.

unset CDPATH
TOOL=${0##*/}
MINTMARK_CACHE=${MINTMARK_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/mintmark}
MINTMARK_OUT=${MINTMARK_OUT:-$PWD/out}
# Debian has chroot in a folder that an ordinary user's PATH does not name.
case :$PATH: in
*:/usr/sbin:*) ;;
*) PATH=${PATH:+$PATH:}/usr/sbin:/sbin ;;
esac
export MINTMARK_CACHE MINTMARK_OUT PATH

# die STATUS NAME TEXT: one error line, then the end.
die()
{
	printf '%s: %s: %s\n' "$TOOL" "$2" "$3" >&2
	exit "$1"
}

say()
{
	printf '%s: %s\n' "$TOOL" "$1" >&2
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# need PROGRAM...: says in one line which program the host lacks.
need()
{
	for program; do
		have "$program" || die 4 ENV-HOST "$program expected on the host, found none in PATH"
	done
}
