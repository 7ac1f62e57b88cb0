# shellcheck shell=sh
# Newc archives, made in shell; to be sourced by make.sh of targets that read them.

# entry MODE NAME [BODY [INO [NLINK [MAGIC [CHECK]]]]]
entry()
{
	body=${3:-}
	printf '%s%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\0' "${6:-070701}" "${4:-0}" $((0$1)) 0 0 \
		"${5:-1}" 0 ${#body} 0 0 1 3 $((${#2} + 1)) $((0x${7:-0})) "$2"
	# Header and NUL are 111 bytes.
	pad $((111 + ${#2}))
	printf '%s' "$body"
	pad ${#body}
}

pad()
{
	pad_left=$(((4 - $1 % 4) % 4))
	while [ $pad_left -gt 0 ]; do
		printf '\0'
		pad_left=$((pad_left - 1))
	done
}
