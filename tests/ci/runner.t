#!/bin/sh
# Where ci/runner runs a command: here, with sudo where the kernel refuses namespaces to ordinary users, in a container. unshare, sudo,
# docker and apt-get are stand-ins that write down how they were called; sudo and docker hand on no variable, as the real ones.
# shellcheck disable=SC2016 # the inner shells expand
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
TAP_TMP=$(mktemp -d)
cd /mint/in/tree || exit 4
mkdir "$TAP_TMP/bin" "$TAP_TMP/home" "$TAP_TMP/workspace" "$TAP_TMP/empty"
seen=$TAP_TMP/seen
put()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$TAP_TMP/bin/$1"
	chmod +x "$TAP_TMP/bin/$1"
}
put unshare "[ -e $TAP_TMP/allowed ]"
put id 'case $1 in -u) echo 1000 ;; -g) echo 1000 ;; -un) echo builder ;; esac'
put chown 'echo "chown $*" >>'"$seen"
put sudo 'echo "sudo $*" >>'"$seen"'
[ "$1" = -n ] || exit 1
shift
exec env -i PATH="$PATH" "$@"'
engine='{ printf "docker"; printf " %s" "$@"; echo; } >>'"$seen"'
while [ "$1" != sh ]; do
	case $1 in
	--volume=*) case " ${VOLUMES:-} " in *" $1 "*) echo "Duplicate mount point" >&2; exit 125 ;; esac; VOLUMES="${VOLUMES:-} $1" ;;
	--env) OWN="${OWN:-} $2" ;;
	esac
	shift
done
exec env -i PATH="$PATH" $OWN "$@"'
PATH=$TAP_TMP/bin:$PATH
export PATH HOME="$TAP_TMP/home" SECRET=hidden
unset MINTMARK_CACHE RECIPE TARGETS CONTAINER LEG MIRROR
show='echo "$RECIPE|$TARGETS|$MIRROR|${SECRET:-none}"'

# says WANT NAME COMMAND...: what the command printed on standard output.
says()
{
	want=$1 name=$2
	shift 2
	: >"$seen"
	got=$("$@" 2>"$TAP_TMP/log")
	check "$name" [ "$got" = "$want" ]
}

touch "$TAP_TMP/allowed"
says 'hello|||hidden' "where namespaces are allowed a command runs as it is" env RECIPE=hello ci/runner sh -c "$show"
check "without sudo" [ ! -s "$seen" ]
says "$TAP_TMP/workspace/images/app|||hidden" "a recipe's folder is looked for below WORKSPACE" \
	env RECIPE=images/app WORKSPACE="$TAP_TMP/workspace" ci/runner sh -c "$show"
rm "$TAP_TMP/allowed"
fails 4 'RUNNER-NAMESPACE: .*found neither' "where they are not, and sudo asks for a password" env PATH="$TAP_TMP/bin:$PATH" sh -c '
	printf "#!/bin/sh\nexit 1\n" >"$0/sudo"; ci/runner true' "$TAP_TMP/bin"
put sudo 'echo "sudo $*" >>'"$seen"'
[ "$1" = -n ] || exit 1
shift
exec env -i PATH="$PATH" "$@"'
says 'hello|nitro-x86_64 nitro-aarch64|http://mirror.example/debian|none' "with sudo a command has mintmark's variables, and no others" \
	env RECIPE=hello TARGETS='nitro-x86_64 nitro-aarch64' MIRROR=http://mirror.example/debian ci/runner sh -c "$show"
check "it never asks for a password" sh -c '! grep -v "^sudo -n\|^chown" "$1"' sh "$seen"
: >"$seen"
mkdir -p "$HOME/.cache/mintmark"
check "a leg made with sudo" env LEG="$TAP_TMP/leg.tar" ci/runner sh -c 'echo >"$LEG"'
check "is the caller's afterwards" grep -qx "chown -R 1000:1000 $TAP_TMP/leg.tar" "$seen"
check "and so is the cache" grep -qx "chown -R 1000:1000 $HOME/.cache/mintmark" "$seen"
check "and so is a report" env REPORT="$TAP_TMP/report" ci/runner sh -c 'mkdir "$0"' "$TAP_TMP/report"
check "wherever it is" grep -qx "chown -R 1000:1000 $TAP_TMP/report" "$seen"
fails 3 '^$|with sudo' "the status is the command's" ci/runner sh -c 'exit 3'
says "a b|c'd" "words stay words" ci/runner sh -c 'echo "$1|$2"' sh 'a b' "c'd"

# The kernel's own refusal: none makes a user namespace in a changed root, as this environment is one.
mv "$TAP_TMP/bin/unshare" "$TAP_TMP/unshare"
if unshare --user --map-root-user true 2>/dev/null; then
	skip "where the kernel refuses namespaces" "this one does not"
else
	says 'hello|||none' "where the kernel refuses namespaces a command gets sudo" env RECIPE=hello ci/runner sh -c "$show"
	check "for itself" grep -q '^sudo -n env .*RECIPE=hello sh -c' "$seen"
fi
mv "$TAP_TMP/unshare" "$TAP_TMP/bin/unshare"

# Of which commit a checkout has to be.
put git '[ "$*" = "rev-parse HEAD" ] && echo '"$(printf %040d 7)"
check "in a checkout of the commit that was named" env COMMIT="$(printf %040d 7)" ci/runner true
fails 2 "RUNNER-COMMIT: a checkout of .*8 expected, found .*7" "in one of another nothing runs" env COMMIT="$(printf %040d 8)" ci/runner true
for commit in main 0000007 "$(printf %040d 7)
x"; do
	fails 2 'RUNNER-COMMIT: COMMIT: a commit of 40 digits' "\"$(echo "$commit" | tr '\n' ' ')\" is no commit" env COMMIT="$commit" ci/runner true
done

for name in RECIPE MIRROR LEG; do
	fails 2 "RUNNER-VALUE: $name: one line expected" "a $name of two lines" env "$name=./x
--volume=/:/host" ci/runner true
done

digest=debian@sha256:$(printf x | sha256sum | cut -c 1-64)
fails 4 'RUNNER-ENGINE: docker or podman expected' "a container where there is no engine" env CONTAINER="$digest" ci/runner true
put docker "$engine"
put make :
for image in debian:trixie debian debian@sha256:12 "$digest --privileged" "-v/:/host $digest" "x
$digest"; do
	fails 2 'RUNNER-CONTAINER: CONTAINER: an image by its digest' "no container is called \"$(echo "$image" | tr '\n' ' ')\"" env CONTAINER="$image" ci/runner true
done
says 'hello||http://mirror.example/debian|none' "in a container a command has mintmark's variables, and no others" \
	env CONTAINER="$digest" RECIPE=hello MIRROR=http://mirror.example/debian ci/runner sh -c "$show"
check "the container is the one that was named, and is removed" grep -q "^docker run --rm --privileged .*--workdir $PWD $digest sh -c" "$seen"
check "it sees the checkout at its path" grep -q -- "--volume=$PWD:$PWD " "$seen"
says "$TAP_TMP/workspace/app|||none" "and a recipe that lies elsewhere" env CONTAINER="$digest" RECIPE="$TAP_TMP/workspace/app" ci/runner sh -c "$show"
check "at its path" grep -q -- "--volume=$TAP_TMP/workspace/app:$TAP_TMP/workspace/app " "$seen"
: >"$seen"
check "a leg made in a container" env CONTAINER="$digest" LEG="$TAP_TMP/leg.tar" ci/runner sh -c 'echo >"$LEG"'
check "is the caller's afterwards, too" grep -qx "chown -R 1000:1000 $TAP_TMP/leg.tar" "$seen"
says 'hello||||none' "a leg in the caller's workspace" env CONTAINER="$digest" RECIPE=hello WORKSPACE="$TAP_TMP/workspace" \
	LEG="$TAP_TMP/workspace/one.tar" ci/runner sh -c 'echo "$RECIPE|$TARGETS|$MIRROR||${SECRET:-none}"'
fails 3 '^$|container' "its status is the command's, too" env CONTAINER="$digest" ci/runner sh -c 'exit 3'
finish_tap
