# shellcheck shell=sh
# Building an image again from its pins, elsewhere, and comparing the results: what verify, audit and
# selftest share, to be sourced from the top of the checkout. A leg is one such build: a copy of the checkout
# with its own cache and out/ in $work/LEG. Nothing here writes into the checkout but pin_recipe.

# shellcheck source=env/say.sh
. env/say.sh

# From the outside in: what needs root comes before the user changes, what starts no program of its own last.
variations="net path names cpus aslr uname limits shell user filesystem home umask tz locale clock dirorder env"

# Set by legs_begin: the scratch folder, the same on tmpfs, the leg being built.
work=
memory=
building=
watcher=
# Set by the caller: what is built. Set by compare: the first component that differs, and its path.
target=
different=
# shellcheck disable=SC2034 # verify reads it
first_path=

legs_end()
{
	status=$?
	trap '' INT TERM HUP
	for process in $building $watcher; do
		kill -TERM "$process" 2>/dev/null || true
	done
	[ -z "$building" ] || wait "$building" 2>/dev/null || true
	# Pins are links into the cache: their modes are not ours.
	[ -z "$work" ] || rm -rf -- "$work/pins"
	for folder in "$work" "$memory"; do
		[ -n "$folder" ] || continue
		chmod -R u+w "$folder" 2>/dev/null || true
		rm -rf -- "$folder"
	done
	exit "$status"
}

# legs_begin: the scratch folder, with what the variations need. It is removed whatever happens.
legs_begin()
{
	umask 022
	case ${TMPDIR:-} in
	*[[:space:]]*) die 2 LEGS-TMP "TMPDIR: a path without blanks expected, found \"$TMPDIR\"" ;;
	esac
	trap legs_end EXIT
	trap 'exit 130' INT TERM HUP
	work=$(mktemp -d "${TMPDIR:-/var/tmp}/mintmark-$TOOL.XXXXXX") ||
		die 4 LEGS-TMP "${TMPDIR:-/var/tmp}: a writable folder expected (TMPDIR= names another)"
	memory=$(mktemp -d "/dev/shm/mintmark-$TOOL.XXXXXX" 2>/dev/null) || memory=
	chmod 0755 "$work" ${memory:+"$memory"}
	mkdir "$work/pins" "$work/pins/sha256" "$work/vary" "$work/varied" "$work/varied/home"
	export VARY_WORK="$work/varied" VARY_MEMORY="$memory" VARY_ROOT=no VARY_PHASE=
	[ "$(id -u)" -ne 0 ] || VARY_ROOT=yes
}

# vary_prepare: libraries, a locale, a home and another shell for the variations. The libraries and busybox
# come from the pinned environments, the locale is compiled from its pinned source for this host.
vary_prepare()
{
	cp ci/vary/* "$work/vary/"
	for library in clock dirorder; do
		cp "out/parts/test/vary/$library.so" "$VARY_WORK/"
	done
	for file in .profile .bashrc .shrc .gitconfig .wgetrc .curlrc .makerc; do
		printf 'umask 000\nexport LC_ALL=tr_TR.UTF-8 TZ=Asia/Tokyo CFLAGS=-O0\n' >"$VARY_WORK/home/$file"
	done
	grep -E '/(locales|busybox-static)_' recipes/test/pins.lock >"$work/extra.lock"
	env/fetch "$work/extra.lock"
	env/unpack "$work/extra" "$work/extra.lock"
	cp "$work/extra/usr/bin/busybox" "$VARY_WORK/busybox"
	# Whoever follows CDPATH ends here.
	mkdir -p "$VARY_WORK/cd/env" "$VARY_WORK/cd/ci" "$VARY_WORK/cd/out" "$VARY_WORK/cd/recipes/hello" "$VARY_WORK/locales"
	echo 'int main(void) { return 7; }' >"$VARY_WORK/cd/recipes/hello/hello.c"
	I18NPATH=$work/extra/usr/share/i18n localedef --no-archive -c -i tr_TR -f UTF-8 \
		"$VARY_WORK/locales/tr_TR.UTF-8" >/dev/null 2>&1 || rm -rf "$VARY_WORK/locales/tr_TR.UTF-8"
	chmod -R a+rX "$VARY_WORK" "$work/vary"
}

# vary_choose WORDS: sets $applied to those that can be applied here, $refused to lines "NAME: REASON".
vary_choose()
{
	applied=
	refused=
	for variation in $1; do
		case " $variations " in
		*" $variation "*) ;;
		*) die 2 VARY-UNKNOWN "VARY: of \"$variations\" expected, found \"$variation\"" ;;
		esac
		if reason=$("$work/vary/$variation" --can); then
			applied="$applied $variation"
		else
			refused="$refused$variation: ${reason:-it failed}
"
		fi
	done
}

# vary_demand WORDS: ends when one of them could not be applied.
vary_demand()
{
	for variation in $1; do
		case "$applied " in
		*" $variation "*) ;;
		*) die 4 VARY-REFUSED "$variation expected to be varied, but: $(printf '%s' "$refused" | grep "^$variation: ")" ;;
		esac
	done
}

vary_says()
{
	sed -n '2s/^# //p' "ci/vary/$1"
}

# pin_files PINS...: lays the pinned inputs into $work/pins, from where the legs take them.
pin_files()
{
	env/fetch "$@"
	awk '!/^#/ && NF == 3 { print $1 }' "$@" | sort -u | while read -r sha; do
		# A link has the modes of the cache's file, which are not ours to change.
		if [ -n "$(find "$MINTMARK_CACHE/sha256/$sha" -perm -444)" ] &&
			ln -f -- "$MINTMARK_CACHE/sha256/$sha" "$work/pins/sha256/$sha" 2>/dev/null; then
			continue
		fi
		cp -f -- "$MINTMARK_CACHE/sha256/$sha" "$work/pins/sha256/$sha"
		chmod 0444 "$work/pins/sha256/$sha"
	done
}

# pins_of TARGET...: what images of these are made of: folders of recipes/.
pins_of()
{
	printf '%s\n' toolchain musl busybox libtomcrypt
	case " $* " in
	*"-aarch64 "*) echo cross-aarch64 ;;
	esac
	case " $* " in
	*" nitro-"*) echo linux ;;
	esac
	case " $* " in
	*" cca-"*) printf '%s\n' realm linux-cca ;;
	esac
}

# pin_parts TARGET...: the same for all that images of these are made of but their roots.
pin_parts()
{
	for part in $(pins_of "$@"); do
		pin_files "recipes/$part/pins.lock"
	done
}

# pin_recipe RECIPE_FOLDER TARGET [ROOTFS]: the same for what a recipe pins itself: packages, and blobs of container images.
# To know the blobs our rootfs has to read manifests, so that it is built here, too.
pin_recipe()
{
	case $2 in
	*-aarch64) platform=linux/arm64 ;;
	*) platform=linux/amd64 ;;
	esac
	env/recipe "$1" sources "${3:-}" >"$work/sources"
	while read -r source; do
		case $source in
		debs:*) pin_files "${source#debs:}" ;;
		docker://* | docker-daemon:*)
			env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEFILES -u GNUMAKEFLAGS make -f Makefile -s out/libexec/rootfs RECIPE=hello ROOTFS=
			env/fetch-image "$platform" "$source" >"$work/blobs"
			while read -r sha size type; do
				: "$size$type"
				cp -f -- "$MINTMARK_CACHE/sha256/$sha" "$work/pins/sha256/$sha"
			done <"$work/blobs"
			;;
		esac
	done <"$work/sources"
}

# stage LEG [RECIPE_FOLDER NAME]: a copy of the checkout, and of a recipe that lies outside it.
stage()
{
	mkdir -p "$work/$1/checkout" "$work/$1/cache"
	tar -c -f - --exclude=./out --exclude=./.git . | tar -x -f - -C "$work/$1/checkout"
	mkdir "$work/$1/checkout/out"
	[ -z "${2:-}" ] || { mkdir "$work/$1/recipe" && cp -R -- "$2" "$work/$1/recipe/$3"; }
}

# make_leg LEG VARIATIONS GOAL...: one run of make in a leg, under these variations. Its output is the
# caller's. Hidden from it: whatever make or mintmark itself has in the environment.
make_leg()
{
	place=$work/$1
	wanted=" $2 "
	shift 2
	set -- make -f Makefile "$@"
	set -- env -u MAKELEVEL -u MFLAGS -u MAKEFILES -u GNUMAKEFLAGS -u MINTMARK_RUN -u MINTMARK_OUT -u MIRROR -u SNAPSHOT \
		MINTMARK_CACHE="$place/cache" BUNDLE="$work/pins" APT_CONFIG_DIR="$work/none" "$@"
	inwards=
	for variation in $variations; do
		inwards="$variation $inwards"
	done
	for variation in $inwards; do
		case $wanted in
		*" $variation "*) set -- "$work/vary/$variation" "$@" ;;
		esac
	done
	set -- env -u MAKEFLAGS "$@"
	case $wanted in
	*" clock "* | *" dirorder "*) : >"$place/checkout/out/.test-only" ;;
	esac
	case $wanted in
	*" user "*) [ "$VARY_ROOT" = no ] || chown -R 65534:65534 "$place" ${memory:+"$memory"} ;;
	esac
	(cd "$place/checkout" && exec "$@") &
	building=$!
	status=0
	wait $building || status=$?
	building=
	return $status
}

# build LEG VARIATIONS ARGUMENT...: the image of a leg, its kernel first: that one may use all CPUs.
build()
{
	kernel_path=$(awk '$1 == "kernel" { print $2 }' "$work/components")
	VARY_PHASE=kernel make_leg "$@" TARGETS="$target" "out/$kernel_path" &&
		VARY_PHASE='' make_leg "$@" TARGETS="$target" image
}

# finished LEG...: how many components there are and shall be, and their seconds: "COUNT OF DONE TOTAL".
finished()
{
	for leg; do
		while read -r part part_path seconds optional; do
			made=0
			case $part_path in
			-) [ -z "$(ls "$work/$leg/cache/env" 2>/dev/null)" ] || made=1 ;;
			*) [ ! -e "$work/$leg/checkout/out/${part_path%#*}" ] || made=1 ;;
			esac
			echo "$made $seconds"
		done <"$work/components"
	done | awk '{ of++; total += $2; n += $1; if ($1) done += $2 } END { print n, of, done + 0, total }'
}

# watch LEG...: says every minute how far the legs are and how much longer it takes: what is missing, at the
# speed so far (and, as long as there is little to judge by, at the usual one). Ends when it is ended.
watch()
{
	start=$(date +%s)
	ticks=0
	before=
	while sleep 2; do
		now=$(($(date +%s) - start))
		state=$(finished "$@")
		if [ "$state" != "$before" ]; then
			before=$state
			reached=$now
		fi
		ticks=$(((ticks + 1) % 30))
		[ $ticks -eq 0 ] || continue
		echo "$state" | awk -v now="$now" -v reached="$reached" '{
			left = (reached + 100) / ($3 + 100) * ($4 - $3) - (now - reached)
			printf "%d of %d components, %d min passed, about %d min left\n",
				$1, $2, now / 60, (left > 60 ? left / 60 : 1)
		}' | while read -r line; do say "$line"; done
	done
}

# watched LEG... : starts watch; unwatched ends it.
watched()
{
	watch "$@" &
	watcher=$!
}

unwatched()
{
	kill -TERM "$watcher" 2>/dev/null || true
	wait "$watcher" 2>/dev/null || true
	watcher=
}

# value_of LEG PATH: the digest or value of a component (PATH as in ci/components); "none" when there is none.
value_of()
{
	made=$work/$1/checkout/out
	case $2 in
	-)
		# Usually there is one, and another for another processor; of several each counts.
		for root in "$work/$1"/cache/env/toolchain-* "$work/$1"/cache/env/cross-*; do
			[ ! -d "$root" ] || env/digest "$root"
		done >"$work/roots"
		case $(wc -l <"$work/roots") in
		0) ;;
		1) cat "$work/roots"; return ;;
		*) sha256sum <"$work/roots" | cut -d ' ' -f 1; return ;;
		esac
		;;
	*'#'*)
		[ ! -f "$made/${2%#*}" ] || sed -n "s/^ *\"${2#*#}\": *\"\([0-9a-f]*\)\".*/\1/p" "$made/${2%#*}"
		return
		;;
	*)
		[ ! -d "$made/$2" ] || { env/digest "$made/$2"; return; }
		[ ! -f "$made/$2" ] || { sha256sum <"$made/$2" | cut -d ' ' -f 1; return; }
		;;
	esac
	echo none
}

# compare ONE OTHER: a table of all components of two legs. Sets $different to the first that differs, and
# $first_path to its path; both empty when there is none.
compare()
{
	different=
	first_path=
	while read -r part part_path seconds optional; do
		one=$(value_of "$1" "$part_path")
		other=$(value_of "$2" "$part_path")
		same=same
		if [ "$one" = none ] && [ "$other" = none ] && [ -n "$optional" ]; then
			continue
		elif [ "$one" != "$other" ] || [ "$one" = none ] || [ -z "$one" ]; then
			same=DIFFERENT
			if [ -z "$different" ]; then
				different=$part
				# shellcheck disable=SC2034 # verify reads it
				first_path=$part_path
			fi
		fi
		printf '  %-14s %-9s  %.24s  %.24s\n' "$part" "$same" "$one" "$other"
	done <"$work/components"
}
