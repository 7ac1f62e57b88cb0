# shellcheck shell=sh
# The Test Anything Protocol for shell tests, to be sourced. A test that is not run is said to be skipped,
# with its reason; one that fails shows what it saw.

tap_n=0
tap_failed=0

# ok STATUS NAME [FILE]: one result; FILE is shown when it is a failure.
ok()
{
	tap_n=$((tap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_n - $2"
		return 0
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $2"
	[ -z "${3:-}" ] || sed 's/^/# /' "$3" | tail -n 40
}

# check NAME COMMAND...: passes when the command does; its output is shown otherwise.
check()
{
	tap_name=$1
	shift
	tap_status=0
	"$@" >"${TAP_TMP:-/tmp}/tap.log" 2>&1 || tap_status=1
	ok $tap_status "$tap_name" "${TAP_TMP:-/tmp}/tap.log"
}

# fails STATUS REGEX NAME COMMAND...: passes when the command ends with exactly that exit status and its
# error output has a line like that.
fails()
{
	tap_want=$1
	tap_regex=$2
	tap_name=$3
	shift 3
	tap_got=0
	"$@" >"${TAP_TMP:-/tmp}/tap.log" 2>&1 || tap_got=$?
	tap_status=0
	[ "$tap_got" -eq "$tap_want" ] && grep -qE -- "$tap_regex" "${TAP_TMP:-/tmp}/tap.log" || tap_status=1
	[ $tap_status -eq 0 ] || echo "status $tap_got, expected $tap_want, and a line like: $tap_regex" >>"${TAP_TMP:-/tmp}/tap.log"
	ok $tap_status "$tap_name" "${TAP_TMP:-/tmp}/tap.log"
}

skip()
{
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# finish: the plan; the exit status says whether all passed.
finish_tap()
{
	echo "1..$tap_n"
	[ $tap_failed -eq 0 ]
}
