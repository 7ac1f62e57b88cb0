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

# namespaces OPTIONS: as root of new namespaces. Who is not root becomes it in a user namespace first.
if [ "$(id -u)" -eq 0 ]; then
	namespaces=unshare
else
	namespaces="unshare --user --map-root-user"
fi

# needs_namespace OPTION: for --can.
needs_namespace()
{
	$namespaces "$1" true 2>/dev/null || cannot "unshare $1 does not work here"
}
