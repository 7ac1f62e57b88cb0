# Completion of attest, eif, realm and rootfs for bash: commands and options are those that the installed program's --help names,
# everything else is a file. Sourced by bash; runs nothing but that program, with --help.
_mintmark()
{
	local tool=$1 word=$2 command='' words

	COMPREPLY=()
	[ "$COMP_CWORD" -lt 2 ] || command=${COMP_WORDS[1]}
	case $word in
	-*) words=$("$tool" ${command:+"$command"} --help 2>/dev/null | grep -oE -- '--[a-z][a-z0-9-]*') ;;
	*)
		[ "$COMP_CWORD" -eq 1 ] || return
		words=$("$tool" --help 2>/dev/null | sed -nE "s/^(usage:)? *${tool##*/} ([a-z]+) .*/\\2/p; s/^  ([a-z]+)  .*/\\1/p")
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o bashdefault -o default -F _mintmark attest eif realm rootfs
