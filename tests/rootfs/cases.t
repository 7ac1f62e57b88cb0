#!/bin/sh
# The corpus: hostile and odd images from the specs in cases/, each of which says what rootfs must make of it;
# and what umoci, GNU tar and bsdtar make of those that are accepted. cases/README.md describes the specs.
# Environment: ROOTFS the command, CC to build mktar.c, CASES only those whose name matches this pattern,
# FORMS only these forms.
# Never writes outside its own temporary folder; an ordinary user can run it.
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
work=$(mktemp -d)
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 99
umask 022
MKTAR=$work/mktar
export MKTAR
${CC:-cc} -O1 -o mktar -D_GNU_SOURCE "$here/mktar.c" || exit 99
mkdir all && awk -v out=all -f "$here/cases/split.awk" "$here"/cases/*.cases >names || exit 99

# Owners and devices of what other programs unpack can be looked at only by a root who may make them.
owners=--owner-root
if [ "$(id -u)" -eq 0 ] && : >mine && chown 5:6 mine 2>/dev/null && mknod null c 1 3 2>/dev/null; then
	owners=''
fi

source_of() { # FORM: of the case in $dir
	case $1 in
	tar) echo "tar:$dir/1.blob" ;;
	oci) echo "oci:$dir/layout$ref" ;;
	oci-archive) echo "oci-archive:$dir/oci.tar$ref" ;;
	docker-archive) echo "docker-archive:$dir/docker.tar$docker_ref" ;;
	esac
}

# In which forms a case without a line "as" runs: what is refused in one way in two, what is accepted in all.
set_forms() {
	if [ -e "$dir/as" ]; then
		read -r forms <"$dir/as"
		return
	fi
	forms=oci
	[ ! -e "$dir/tree" ] || forms='oci oci-archive docker-archive'
	[ -e "$dir/layer2.spec" ] || grep -q '\.wh\.' "$dir/layer1.spec" || forms="tar $forms"
	echo "$forms" >"$dir/as"
}

pack() { # FORM: into $dir/out.*
	rm -f "$dir/out.cpio" "$dir/out.json"
	# shellcheck disable=SC2086 # options are words
	timeout 20 "$ROOTFS" pack "$(source_of "$1")" $options -o "$dir/out.cpio" --manifest "$dir/out.json" \
		>"$dir/stdout" 2>"$dir/stderr"
	got=$?
}

# One line of error that names what the case says, nothing else printed, nothing left behind.
check_error() { # FORM
	read -r want status text <"$dir/error"
	pack "$1"
	if [ $got -eq "$status" ] && [ "$(wc -l <"$dir/stderr")" -eq 1 ] && [ ! -s "$dir/stdout" ] &&
		[ ! -e "$dir/out.cpio" ] && [ ! -e "$dir/out.json" ] && grep -q "^rootfs: $want: " "$dir/stderr" &&
		grep -q -F -e "$text" "$dir/stderr"; then
		ok 0 "$name, $1: $want"
		return
	fi
	echo "expected status $status and $want${text:+ with \"$text\"}, found status $got" >>"$dir/stderr"
	ok 1 "$name, $1: $want" "$dir/stderr"
}

check_tree() { # FORM
	pack "$1"
	if [ $got -eq 0 ] && [ ! -s "$dir/stderr" ] && "$ROOTFS" list "$dir/out.cpio" >"$dir/listing" 2>&1 &&
		sed 's/  */ /' "$dir/listing" >"$dir/list" && cmp -s "$dir/tree" "$dir/list"; then
		ok 0 "$name, $1"
		return
	fi
	{ [ $got -eq 0 ] && diff "$dir/tree" "$dir/list"; } >>"$dir/stderr"
	echo "status $got" >>"$dir/stderr"
	ok 1 "$name, $1" "$dir/stderr"
}

# The other programs' opinions. unpack TOOL leaves their tree in $dir/theirs.
unpack() {
	rm -rf "$dir/bundle" "$dir/theirs"
	case $1 in
	umoci)
		umoci unpack ${owners:+--rootless} --image "$dir/layout:latest" "$dir/bundle" &&
			mv "$dir/bundle/rootfs" "$dir/theirs"
		;;
	tar | bsdtar)
		mkdir "$dir/theirs"
		layer=1
		while [ -e "$dir/$layer.blob" ]; do
			LC_ALL=C.UTF-8 "$1" -x -p -f "$dir/$layer.blob" --numeric-owner ${owners:+--no-same-owner} \
				-C "$dir/theirs" || return
			layer=$((layer + 1))
		done
		;;
	esac >"$dir/stderr" 2>&1
}

# Why a program cannot speak about the case, in $why; empty when it can.
look_for_reason() { # TOOL
	why=
	if ! command -v "$1" >/dev/null; then
		why="no $1 here"
	elif [ "$owners" ] && grep -qE '^(char|block|file 0[0-3])' "$dir/tree"; then
		why="an ordinary user makes no devices and cannot read a file of mode 0"
	elif [ "$owners" ] && grep -qE '[ug]id=' "$dir"/layer*.spec; then
		why="an ordinary user gives files to nobody else"
	elif [ "$1" != umoci ] && grep -qE '\.wh\.' "$dir"/layer*.spec; then
		why="$1 knows no whiteouts"
	elif [ "$1" != umoci ] && grep -q 'link=/' "$dir"/layer*.spec; then
		why="$1 would follow an absolute link out of its folder"
	fi
}

compare() { # TOOL: the digests of both trees, so contents too
	reason=
	[ ! -e "$dir/differs" ] || reason=$(sed -n "s/^$1 because //p" "$dir/differs")
	look_for_reason "$1"
	if [ "$why" ]; then
		skip "$name as $1 sees it" "$why"
		return
	fi
	same=1
	# shellcheck disable=SC2086 # options are words
	if unpack "$1" && "$ROOTFS" pack "dir:$dir/theirs" ${owners:+"$owners"} -o "$dir/theirs.cpio" \
		--manifest "$dir/theirs.json" >>"$dir/stderr" 2>&1 &&
		"$ROOTFS" pack "$(source_of "${forms%% *}")" $options ${owners:+"$owners"} \
			-o "$dir/out.cpio" --manifest "$dir/out.json" >>"$dir/stderr" 2>&1; then
		cmp -s "$dir/out.json" "$dir/theirs.json" && same=0
		diff "$dir/out.json" "$dir/theirs.json" >>"$dir/stderr"
	fi
	chmod -R u+rwx "$dir/theirs" 2>/dev/null
	rm -rf "$dir/bundle" "$dir/theirs"
	if [ "$reason" ]; then
		[ "$owners" ] || ok $((1 - same)) "$name differs from $1: $reason"
	else
		ok $same "$name as $1 sees it" "$dir/stderr"
	fi
}

run_case() { # FOLDER
	dir=$work/$1
	name=${1#all/???-}
	# shellcheck disable=SC2254 # a pattern is what CASES is
	case $name in
	${CASES:-*}) ;;
	*) return 0 ;;
	esac
	ref=:latest docker_ref=:case:latest options=''
	[ ! -e "$dir/ref" ] || { read -r ref <"$dir/ref" && docker_ref=$ref; }
	[ ! -e "$dir/option" ] || options=$(cat "$dir/option")
	set_forms
	if ! [ -s "$dir/why" ] || { [ -e "$dir/error" ] && [ -e "$dir/tree" ]; } ||
		! "$here/cases/mkimage" "$dir" >"$dir/stderr" 2>&1; then
		echo "not a whole case" >>"$dir/stderr"
		ok 1 "$name: made from its spec" "$dir/stderr"
		return 0
	fi
	case $ref in
	@MANIFEST) ref=@sha256:$(cat "$dir/manifest.digest") ;;
	esac
	for form in ${FORMS:-$forms}; do
		if [ -e "$dir/error" ]; then check_error "$form"; else check_tree "$form"; fi
	done
	# What is odd about an archive of docker save alone, other programs do not see.
	case $name,$forms in
	legitimate*,*oci* | legitimate*,tar)
		for tool in umoci tar bsdtar; do compare $tool; done
		;;
	esac
	chmod -R u+rwx "$dir" && rm -rf "$dir"
}

# As many at a time as there are processors: each takes the next case by making a folder of its name.
mkdir taken
run_cases() {
	# The list comes on another descriptor, so that no command reads it.
	while read -r case <&3; do
		mkdir "taken/${case#all/}" 2>/dev/null || continue
		run_case "$case"
	done 3<names
}
for worker in $(seq "$(nproc)"); do
	run_cases >"$worker.tap" 2>&1 &
done
wait
awk '/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) } { print }' ./*.tap
tap_n=$(cat ./*.tap | grep -cE '^(not )?ok ') tap_failed=$(cat ./*.tap | grep -c '^not ok ')
legitimate=$(grep -c '/[0-9]*-legitimate-' names) hostile=$(grep -vc '/[0-9]*-legitimate-' names)
echo "# $hostile hostile cases, $legitimate legitimate ones"
if [ -z "${CASES:-}" ]; then
	ok $((hostile < 120)) 'at least 120 hostile cases'
	ok $((legitimate < 40)) 'at least 40 legitimate ones'
fi
finish_tap
