# shellcheck shell=sh
# What tests of a command's results and one-line errors share, to be sourced: each result is that of the command
# before it. Prints TAP; the test prints the plan.

count=0
failures=0
ok() { # DESCRIPTION: reports the exit status of the command before it
	if [ "$?" -eq 0 ]; then result=ok; else result='not ok' failures=$((failures + 1)); fi
	count=$((count + 1))
	echo "$result $count - $1"
}
skip() { # DESCRIPTION REASON
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}
fails() { # STATUS NAME COMMAND...: the command must fail in exactly that way, on one line
	status=$1 name=$2
	shift 2
	"$@" >out.txt 2>err.txt
	got=$?
	[ "$got" -eq "$status" ] && grep -q "^rootfs: $name: " err.txt && [ "$(wc -l <err.txt)" -eq 1 ] &&
		return 0
	echo "# expected status $status and $name, found status $got and: $(cat err.txt)"
	return 1
}
same() { # EXPECTED FOUND
	cmp -s "$1" "$2" && return 0
	diff "$1" "$2" | sed 's/^/# /' | head -20
	return 1
}
