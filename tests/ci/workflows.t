#!/bin/sh
# The workflows and the action, read with GitHub's own parser and held against the rules of docs/actions.md, and copies of them with
# one thing wrong each, which are refused by name. Runs on the host, from the top of the checkout: node is in an environment of its own.
# shellcheck disable=SC2016 # what stands in edits is GitHub's, and inner shells expand
set -u
. tests/tap.sh
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP"' EXIT
trap 'exit 130' INT TERM HUP
export MINTMARK_RUN="workflows.$$" MINTMARK_OUT="$PWD/out"
unset MAKEFLAGS MFLAGS MAKELEVEL
if [ -z "$(env/mirrors npm)" ] && ! env/fetch recipes/workflow-parser/pins.lock >/dev/null 2>&1; then
	skip "the workflows and the action" "no registry of npm is known here; NPM= names one"
	finish_tap
	exit
fi
make -s out/parts/test/workflow-parser/yaml/package.json >"$TAP_TMP/log" 2>&1
ok $? "the parser is there" "$TAP_TMP/log"

# read_all FOLDER: what the checker has to say of a tree, all of it in one run.
read_all()
{
	env/run --tty --name workflows --root node --in node_modules=out/parts/test/workflow-parser --in ci=tests/ci --in tree="$1" -- sh -c '
		ln -s /mint/in/node_modules /mint/work/node_modules
		cp /mint/in/ci/*.mjs /mint/work/ && cd /mint/in/tree || exit 4
		find . -path "*/.github/workflows/*.yml" -o -name action.yml -o -name gitlab.yml | sort |
			xargs node --import /mint/work/json-loader.mjs /mint/work/check-workflows.mjs' </dev/null
}
mkdir -p "$TAP_TMP/tree/.github" "$TAP_TMP/tree/ci"
cp -R .github/workflows "$TAP_TMP/tree/.github/"
cp action.yml "$TAP_TMP/tree/"
cp ci/gitlab.yml "$TAP_TMP/tree/ci/"
# What docs/actions.md has callers write.
{
	printf 'on: push\npermissions: {}\n'
	sed -n '/^    jobs:$/,/^$/s/^    //p' docs/actions.md
} >"$TAP_TMP/tree/.github/workflows/caller.yml"
check "the documented call is there" grep -q 'uses: OWNER/mintmark/.github/workflows/attest.yml@' "$TAP_TMP/tree/.github/workflows/caller.yml"
check "workflows and action are what GitHub's parser and our rules take" read_all "$TAP_TMP/tree"

# wrong RULE FILE SED NAME: a copy with one thing changed, in a folder that is called after what has to be said of it.
wrong()
{
	number=$((${number:-0} + 1))
	copy=$TAP_TMP/wrong/$number
	mkdir -p "$copy"
	cp -R "$TAP_TMP/tree/.github" "$TAP_TMP/tree/ci" "$TAP_TMP/tree/action.yml" "$copy/"
	sed "$3" "$TAP_TMP/tree/$2" >"$copy/$2"
	printf '%s\t%s\t%s\t%s\n' "$number" "$1" "$2" "$4" >>"$TAP_TMP/cases"
	! cmp -s "$TAP_TMP/tree/$2" "$copy/$2" || echo "$4: the edit changes nothing" >>"$TAP_TMP/odd"
}
w=.github/workflows
wrong PARSER $w/rebuild.yml 's/runs-on:/run-on:/' "a misspelled key"
wrong PARSER $w/rebuild.yml 's/\${{ inputs.mirror }}/${{ inptus.mirror }}/' "a context that there is not"
wrong PARSER $w/rebuild.yml 's/needs: \[first,/needs: [frist,/' "a job that there is not"
wrong PARSER $w/rebuild.yml 's/if: always()/if: allways()/' "a function that there is not"
wrong PARSER $w/check.yml 's/^      mirror: /      mirrors: /' "an input that a called workflow does not have"
wrong PARSER $w/check.yml '/^      mintmark: /d' "a call that does not say where mintmark is"
wrong PARSER $w/caller.yml '/^      commit: /d' "a caller elsewhere that does not say which commit"
wrong PARSER $w/caller.yml 's/recipe: /recipes: /' "a caller elsewhere with an input that there is not"
wrong PARSER $w/rebuild.yml 's/contents: read/content: read/' "a permission that there is not"
wrong PARSER $w/check.yml 's/^  push:/  psuh:/' "an event that there is not"
wrong PARSER $w/full.yml 's/17 3 \* \* 6/17 25 * * 6/' "an hour that there is not"
wrong PARSER $w/full.yml 's/^  full:/\tfull:/' "a tab"
wrong PARSER action.yml 's/using: composite/using: composit/' "an action of an unknown kind"
wrong PARSER action.yml 's/shell: sh/shel: sh/' "a step of an action with a misspelled key"
wrong PIN $w/rebuild.yml 's/\(checkout@\)[0-9a-f]*/\1v6/' "an action by its tag"
wrong PIN $w/attest.yml 's/\(provenance@\)\([0-9a-f]\{12\}\)[0-9a-f]*/\1\2/' "an action by a short commit"
wrong CACHE $w/rebuild.yml 's/actions\/download-artifact/actions\/cache/' "a restored cache"
wrong ARTIFACT $w/rebuild.yml 's/artifact-ids: .*needs.first.*/name: leg-first/' "a leg by a name that any job can take"
wrong INJECTION $w/release.yml 's/"\$GITHUB_REF_NAME"/${{ github.ref_name }}/' "an expression in a script"
wrong LOGIC $w/full.yml 's/run: ci\/runner make/run: make/' "a command that is not of ci/"
wrong LOGIC action.yml 's/run: ci\/runner make ci-leg/run: ci\/runner make ci-leg; true/' "two commands"
wrong CREDENTIALS $w/check.yml 's/persist-credentials: false/fetch-depth: 1/' "a checkout that leaves the token behind"
wrong PERMISSIONS $w/check.yml 's/^permissions: {}/permissions: read-all/' "permissions for all jobs"
wrong PERMISSIONS $w/full.yml 's/^      contents: read/      packages: write/' "a permission that nothing here needs"
wrong PERMISSIONS $w/check.yml '/^  tests:/,/^  rebuild:/{/^    permissions:/d;/^      contents: read/d;}' "a job without permissions of its own"
wrong TRIGGER $w/check.yml 's/^  pull_request:/  pull_request_target:/' "a trigger that runs others' changes with our rights"
wrong ORDER $w/release.yml 's/needs: \[rebuild, attest\]/needs: rebuild/' "a release before it is signed"
wrong ORDER $w/release.yml 's/    needs: rebuild$/    needs: []/;s/needs.rebuild.outputs.release/github.run_id/' "a signature before the legs agree"
wrong ORDER $w/release.yml 's/    if: vars/    if: always() \&\& vars/' "an entry in the log of what was not published"
wrong ORDER $w/log.yml 's/--withdraw "\$ENTRY" "\$REASON"/"$ENTRY" "$REASON"/' "a release that gets into the log beside the others"
wrong TIMEOUT $w/full.yml '/timeout-minutes/d' "a job without an end"
wrong GITLAB ci/gitlab.yml 's/needs: \[first/needs: [frist/' "a job of GitLab's that there is not"
wrong LOGIC ci/gitlab.yml 's/ci\/runner ci\/compare-legs/cmp/' "a comparison by hand"
check "every edit changes its file" [ ! -e "$TAP_TMP/odd" ]
read_all "$TAP_TMP/wrong" >"$TAP_TMP/said" 2>"$TAP_TMP/errors"
while IFS='	' read -r number rule file name; do
	grep -F "./$number/" "$TAP_TMP/said" >"$TAP_TMP/of" || true
	check "$name: $rule" grep -q "^\./$number/$file: $rule: " "$TAP_TMP/of"
done <"$TAP_TMP/cases"
check "of each, and of nothing else" sh -c '[ "$(grep "^\./" "$1" | cut -d / -f 2 | sort -u | wc -l)" -eq "$(wc -l <"$2")" ]' sh "$TAP_TMP/said" "$TAP_TMP/cases"
check "no commit stands for two versions, no action has two commits" sh -c '
	[ "$(grep -rhoE "[a-z/-]+@[0-9a-f]{40} # v[0-9.]+" "$1" | sort -u | cut -d @ -f 1 | uniq -d | wc -l)" -eq 0 ]' sh "$TAP_TMP/tree"
finish_tap
