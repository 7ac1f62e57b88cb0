#!/bin/sh
# The environment runner from outside: what a step can see, what becomes of its results when it fails or is
# interrupted, a root that was touched, and the same bits for root and for an ordinary user. Runs on the
# host, from the top of the checkout; uses a cache and an output folder of its own.
# shellcheck disable=SC2016 # the inner shells expand
set -u
. tests/tap.sh
TAP_TMP=$(mktemp -d)
chmod 0755 "$TAP_TMP"
trap 'chmod -R u+w "$TAP_TMP" 2>/dev/null; rm -rf "$TAP_TMP"' EXIT
unset MINTMARK_RUN
real_cache=${MINTMARK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mintmark}
export MINTMARK_CACHE="$TAP_TMP/cache" MINTMARK_OUT="$TAP_TMP/out"
mkdir -p "$MINTMARK_CACHE/sha256" "$MINTMARK_OUT"
awk '!/^#/ { print $1 }' recipes/toolchain/pins.lock | while read -r sha; do
	ln "$real_cache/sha256/$sha" "$MINTMARK_CACHE/sha256/$sha" 2>/dev/null ||
		cp "$real_cache/sha256/$sha" "$MINTMARK_CACHE/sha256/$sha"
done
log=$MINTMARK_OUT/log/step.log

# step COMMAND: one step of a shell command.
step()
{
	env/run --name step --out result="$TAP_TMP/result" -- sh -c "$1"
}
shows()
{
	step "$1; echo >/mint/out/result" >/dev/null 2>&1
	grep -qxF -- "$2" "$log" && return
	cat "$log"
	return 1
}

# The test-only hook is closed unless somebody opened it.
fails 2 'STEP-HOOK: MINTMARK_TEST_PRELOAD: only where' "a preloaded library is refused" \
	env MINTMARK_TEST_PRELOAD=/nowhere.so env/run --name step -- true

# What a step sees.
check "a step runs, and its result appears" step 'echo hello >/mint/out/result'
check "the result is what it wrote" grep -qx hello "$TAP_TMP/result"
check "it is root of its own namespaces" shows 'id -u' 0
check "its host is called mintmark" shows hostname mintmark
check "its umask is 022" shows umask 0022
check "its folder is /mint/work" shows pwd /mint/work
check "it has no network interface but an idle loopback" \
	shows 'awk "NR > 2 { print \$1 \$2 }" /proc/net/dev' lo:0
check "it is process 1" shows 'echo $$' 1
TAINT=1 CFLAGS=-O0 LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo MAKEFLAGS=-k KBUILD_BUILD_USER=me JOBS=3 \
	check "its environment is scrubbed" \
	shows 'env | sort | tr "\n" " "; echo' 'HOME=/mint/work JOBS=3 LC_ALL=C LOGNAME=root PATH=/usr/sbin:/usr/bin PWD=/mint/work SOURCE_DATE_EPOCH=1 TZ=UTC0 USER=root '
check "the environment's root is read-only" shows 'touch /usr/x 2>/dev/null || echo refused' refused
echo data >"$TAP_TMP/input"
check "an input is there" env/run --name step --in a/b="$TAP_TMP/input" -- grep -qx data /mint/in/a/b
check "an input is read-only" env/run --name step --in a="$TAP_TMP/input" -- sh -c '! echo x >/mint/in/a'
check "nothing else of the host is visible" sh -c "env/run --name step -- ls '$TAP_TMP' >/dev/null 2>&1; [ \$? -ne 0 ]"
check "standard input is empty" sh -c 'echo x | env/run --name step -- sh -c "! read -r line"'

check "an ordinary user's PATH will do" env PATH=/usr/local/bin:/usr/bin:/bin env/run --name step -- true

# Failures leave nothing half-made.
echo old >"$TAP_TMP/result"
fails 4 'STEP-FAILED: step failed after .* the whole log is' "a failing step: status 4, a line, the log's place" \
	step 'echo half >/mint/out/result; exit 7'
fails 3 'STEP-FAILED' "a step's own status 3 is passed on" step 'exit 3'
check "the old result stays" grep -qx old "$TAP_TMP/result"
fails 4 'STEP-OUTPUT: step: /mint/out/result expected' "a step that makes nothing" step true
fails 4 'ENV-INPUT: .*/nowhere: a file or folder expected' "an input that is not there" \
	env/run --name step --in x="$TAP_TMP/nowhere" -- true
fails 2 'JOBS: a number above 0 expected' "a senseless JOBS" env JOBS=many env/run --name step -- true
check "no work folder is left" sh -c "[ -z \"\$(ls '$MINTMARK_OUT/.work')\" ]"

# Interrupted.
env/run --name step --out result="$TAP_TMP/result" -- sh -c 'echo half >/mint/out/result; exec sleep 987' >/dev/null 2>&1 &
pid=$!
sleeps()
{
	for f in /proc/[0-9]*/cmdline; do
		tr '\0' ' ' <"$f" 2>/dev/null | grep -qx 'sleep 987 ' && return 0
	done
	return 1
}
ticks=60
until sleeps || [ $ticks -eq 0 ]; do
	ticks=$((ticks - 1))
	sleep 0.5
done
check "a step is running" sleeps
kill -TERM $pid
wait $pid
ok $(($? != 130)) "an interrupted step ends with 130"
gone()
{
	! sleeps
}
sleep 0.5
check "its processes are gone" gone
check "the old result stays" grep -qx old "$TAP_TMP/result"
check "no work folder is left" sh -c "[ -z \"\$(ls '$MINTMARK_OUT/.work')\" ]"
check "the next run succeeds" step 'echo new >/mint/out/result'

# A root that someone touched.
root=$(env/root toolchain)
touched()
{
	fails 1 'ENV-TOUCHED: .*expected content [0-9a-f]{64}, found [0-9a-f]{64}' "$1: refused" env/root toolchain
	check "$1: the next run unpacks afresh" step 'echo new >/mint/out/result'
}
printf x | dd of="$root/usr/bin/sed" bs=1 seek=5000 conv=notrunc 2>/dev/null
touched "a changed byte"
echo >"$root/usr/bin/extra"
touched "an additional file"
chmod 0777 "$root/usr/bin/sed"
touched "a changed mode"
ln -sf bash "$root/usr/bin/sh"
touched "a changed link"
rm "$root/usr/bin/sed"
touched "a missing file"

# Unpacking: interrupted, on a full disk, and without dpkg.
rm -rf "$MINTMARK_CACHE/env"
env/root toolchain >"$TAP_TMP/log" 2>&1 &
pid=$!
ticks=300
while [ -z "$(ls -A "$MINTMARK_CACHE/env" 2>/dev/null)" ] && [ $ticks -gt 0 ]; do
	ticks=$((ticks - 1))
	sleep 0.1
done
kill -TERM $pid
wait $pid
ok $(($? != 130)) "an interrupted unpacking ends with 130" "$TAP_TMP/log"
check "it leaves nothing behind" sh -c '[ -z "$(ls -A "$MINTMARK_CACHE/env")" ]'
if [ "$(id -u)" -ne 0 ]; then
	skip "unpacking on a full disk" "needs root to mount a small file system"
else
	full()
	{
		unshare --mount sh -c 'mount --make-rprivate / && mount -t tmpfs -o size=20m tmpfs "$MINTMARK_CACHE/env" &&
			env/root toolchain'
	}
	fails 4 'ENV-UNPACK: toolchain cannot be unpacked' "unpacking on a full disk" full
fi
check "the next run unpacks" env/root toolchain
without=$TAP_TMP/path
mkdir "$without"
for dir in /usr/bin /usr/sbin; do
	for f in "$dir"/*; do
		case ${f##*/} in
		dpkg*) ;;
		*) ln -sf "$f" "$without/${f##*/}" ;;
		esac
	done
done
if ! command -v ar >/dev/null || ! command -v xz >/dev/null; then
	skip "the same root without dpkg-deb" "needs ar and xz"
else
	rm -rf "$MINTMARK_CACHE/env"
	PATH=$without check "the same root without dpkg-deb" env/root toolchain
fi
rm -f "$without/tar"
rm -rf "$MINTMARK_CACHE/env"
PATH=$without fails 4 'ENV-HOST: tar expected on the host' "a host without tar: one line" env/root toolchain

# A signal is heard while a step has the terminal.
(exec env/run --tty --name step -- sh -c 'echo begun; sleep 986') >"$TAP_TMP/begun" 2>&1 &
pid=$!
ticks=600
until grep -q begun "$TAP_TMP/begun" || [ $ticks -eq 0 ]; do
	ticks=$((ticks - 1))
	sleep 0.1
done
kill -TERM $pid
ticks=600
while kill -0 $pid 2>/dev/null && [ $ticks -gt 0 ]; do
	ticks=$((ticks - 1))
	sleep 0.1
done
check "a step with the terminal ends with its runner" sh -c '! kill -0 $1 2>/dev/null' sh $pid
wait $pid

# Another user, the same bits.
build='gcc -g -O2 -x c -c - -o /mint/out/result <<EOF
int answer(void) { return 42; }
EOF
ls -ln /mint/out /usr/bin/sed | sed "s/ [A-Z][a-z][a-z] .*//" >>/mint/out/result'
if [ "$(id -u)" -ne 0 ]; then
	skip "root and an ordinary user make the same bits" "runs as an ordinary user already"
elif ! setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user true 2>/dev/null; then
	skip "root and an ordinary user make the same bits" "no user namespaces here"
else
	step "$build" >/dev/null 2>&1
	cp "$TAP_TMP/result" "$TAP_TMP/by-root"
	cp -r env recipes "$TAP_TMP/"
	mkdir "$TAP_TMP/home"
	chown -R 65534:65534 "$TAP_TMP"
	chmod -R a+rX "$TAP_TMP/env" "$TAP_TMP/recipes"
	by_user()
	{
		cd "$TAP_TMP" && setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$TAP_TMP/home" \
			env/run --name step --out result="$TAP_TMP/home/result" -- sh -c "$build"
	}
	check "an ordinary user can run steps" by_user
	check "root and an ordinary user make the same bits" cmp "$TAP_TMP/home/result" "$TAP_TMP/by-root"
fi
finish_tap
