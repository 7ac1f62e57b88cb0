#!/bin/sh
# What becomes a release on GitHub, with a stand-in for gh that writes down what it is handed: files with the names of their targets,
# the folder as a tar file, notes; nothing when the folder is not what its sums say. And the summary of a job.
# shellcheck disable=SC2016 # the inner shells expand
set -u
# shellcheck source=tests/tap.sh
. /mint/in/tests/tap.sh
TAP_TMP=$(mktemp -d)
cd /mint/in/tree || exit 4
mkdir -p "$TAP_TMP/bin" "$TAP_TMP/folder/release/nitro-x86_64" "$TAP_TMP/handed" "$TAP_TMP/tmp"
cat >"$TAP_TMP/bin/gh" <<'EOF'
#!/bin/sh
echo "$1 $2 $3 $4" >"$HANDED/../line"
[ "$HANDED" != - ] || exit 1
while [ $# -gt 0 ]; do
	case $1 in
	--notes-file) cp "$2" "$HANDED/../notes" && shift ;;
	/*) cp "$1" "$HANDED/" ;;
	esac
	shift
done
EOF
chmod +x "$TAP_TMP/bin/gh"
export PATH="$TAP_TMP/bin:$PATH" HANDED="$TAP_TMP/handed" TMPDIR="$TAP_TMP/tmp"
release=$TAP_TMP/folder/release
cp /mint/in/image.eif /mint/in/measurements.json "$release/nitro-x86_64/"
(cd "$release" && sha256sum nitro-x86_64/* >SHA256SUMS)
fails 2 'PUBLISH-RELEASE: .*release.tar expected' "no release.tar" ci/publish-github v1.0 "$TAP_TMP/folder"
tar -c -f "$TAP_TMP/folder/release.tar" -C "$TAP_TMP/folder" release
for tag in '' --latest 'v1 2' 'v1;x'; do
	fails 2 'PUBLISH-TAG|USAGE' "no tag is called \"$tag\"" ci/publish-github "$tag" "$TAP_TMP/folder"
done
check "a release" ci/publish-github v1.0 "$TAP_TMP/folder"
check "is made of a tag that is there" grep -qx 'release create v1.0 --verify-tag' "$TAP_TMP/line"
check "with these files" [ "$(cd "$HANDED" && printf "%s " *)" = "SHA256SUMS hello-v1.0.tar nitro-x86_64-image.eif nitro-x86_64-measurements.json " ]
check "which are those of the folder" cmp "$HANDED/nitro-x86_64-image.eif" "$release/nitro-x86_64/image.eif"
check "its notes have the measurements" grep -qx "PCR0 $(sed -n 's/^ *"PCR0": *"\([0-9a-f]*\)".*/\1/p' /mint/in/measurements.json)" "$TAP_TMP/notes"
check "the tar file is the release folder" sh -c 'tar -x -f "$1" -C "$2" && cd "$2/release" && sha256sum -c SHA256SUMS' sh "$HANDED/hello-v1.0.tar" "$TAP_TMP/tmp"
rm -r "$TAP_TMP/tmp/release" "$TAP_TMP/line"
printf X >>"$release/nitro-x86_64/image.eif"
fails 1 'PUBLISH-RELEASE: ' "a folder that is not what its sums say" ci/publish-github v1.0 "$TAP_TMP/folder"
check "is not handed on" [ ! -e "$TAP_TMP/line" ]
check "nothing is left behind" [ -z "$(ls -A "$TMPDIR")" ]

mkdir "$TAP_TMP/report"
echo '### bit-identical' >"$TAP_TMP/report/summary.md"
check "the summary of a job is that of the comparison" ci/summary "$TAP_TMP/report" "$TAP_TMP/summary"
check "appended" ci/summary "$TAP_TMP/nowhere" "$TAP_TMP/summary"
check "or says that there was none" [ "$(grep -c '^###' "$TAP_TMP/summary")" -eq 2 ]
finish_tap
