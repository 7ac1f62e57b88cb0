# shellcheck shell=sh
# What the variations share, to be sourced. A variation is a script `NAME COMMAND...` that changes one thing
# and becomes COMMAND; `NAME --can` says instead, in one line, why it cannot be applied here (status 1).
#
#   VARY_WORK   a scratch folder that every user may read: libraries, locales, a home
#   VARY_PHASE  "kernel" while the kernel is built, empty otherwise

cannot()
{
	printf '%s\n' "$1"
	exit 1
}

# program NAME: where a program of the host is. A shell with programs built in would take its own instead.
program()
{
	(
		IFS=:
		for folder in $PATH; do
			if [ -x "$folder/$1" ]; then
				printf '%s\n' "$folder/$1"
				exit 0
			fi
		done
		printf '%s\n' "$1"
	)
}

# namespaces OPTIONS: as root of new namespaces. Who is not root becomes it in a user namespace first.
if [ "$(id -u)" -eq 0 ]; then
	namespaces=$(program unshare)
else
	namespaces="$(program unshare) --user --map-root-user"
fi

# needs_namespace OPTION: for --can.
needs_namespace()
{
	$namespaces "$1" true 2>/dev/null || cannot "unshare $1 does not work here"
}
