#!/bin/sh
# attest site without a browser: well-formed pages whose links lead somewhere, the same bytes for the same releases, what they
# say, hostile words that stay words, and folders and logs that are refused. make test-site looks at the pages.
# Needs ATTEST (the command) and MKEVIDENCE (of mkevidence.c).
# shellcheck disable=SC2016 # the inner shells expand
set -u
. "${0%/*}/../tap.sh"
: "${ATTEST:=/mint/in/bin/attest}" "${MKEVIDENCE:=/mint/in/mkevidence}"
here=$(cd -- "${0%/*}" && pwd)
# shellcheck source=tests/attest/site.sh
. "$here/site.sh"
TAP_TMP=$(mktemp -d)
trap 'rm -rf "$TAP_TMP"' EXIT
cd "$TAP_TMP" || exit 4
export ATTEST MKEVIDENCE

openssl genpkey -algorithm ed25519 -out key.pem
three
realms
hostile
vkey=$(logged key.pem)

# site OUT WORDS...: without the log's key.
site()
{
	out=$1
	shift
	"$ATTEST" site --out "$out" "$@"
}
all()
{
	site "$1" --log log --log-key "$vkey" --title 'A & B' --files https://example.org/r one two three realm "$folder" worse
}
check "a site of a log and its releases" all pages
check "pages are well-formed, links lead to what is there, nothing but our script can act" "$here/pages.py" pages
check "again" all again
check "gives the same bytes" diff -r pages again
mkdir elsewhere && cp -pR log one two three realm one.boot.json three.boot.json "$folder" worse elsewhere/
check "in another folder, another order, another time zone and locale" sh -c 'cd elsewhere &&
	TZ=Asia/Tokyo LC_ALL=en_US.UTF-8 "$ATTEST" site --out pages --title "A & B" --files https://example.org/r --log log --log-key "$1" worse/ "$2" three realm ../elsewhere/two one &&
	diff -r pages ../pages' sh "$vkey" "$folder"
check "the files' times do not matter" sh -c 'find one log -exec touch -d 2001-01-01 {} + && "$0" "$@" && diff -r later pages' \
	"$ATTEST" site --out later --log log --log-key "$vkey" --title 'A & B' --files https://example.org/r one two three realm "$folder" worse

# says PAGE TEXT NAME
says()
{
	grep -qF -- "$2" "pages/$1"
	ok $? "$3"
}
says index.html "$(hex a3 48)" "the first page has the newest measurements"
says index.html "echo &#39;$(sha256sum <three/SHA256SUMS | cut -c 1-64)  SHA256SUMS&#39; |" "its commands hold the folder against the log"
says index.html "--log-key $vkey" "and name the log's key"
says index.html 'example.org/log' "the log's origin"
says index.html '2026-11-22T00:00:00Z' "and time"
says index.html 'href="https://example.org/r/three/"' "where the files are"
check "every page says that nobody has seen it on Nitro" sh -c '[ -z "$(grep -L "confirmed in QEMU, not yet on a Nitro instance" pages/*.html)" ]'
says release-0.html 'withdrawn</strong>: <bdi>a key leaked &lt;b onclick=&#39;alert(1)&#39;&gt;' "what was withdrawn, and why, in words"
says release-1.html "<tr><td><bdi>bash</bdi></td><td><bdi>5.1</bdi></td><td><bdi>5.2</bdi></td></tr>" "packages that changed"
grep -q '<bdi>zlib</bdi></td><td><bdi>1.2</bdi></td><td class="soft">none' pages/release-5.html
ok $? "packages that are gone"
grep -q '<bdi>CONFIG_NUMA' pages/release-5.html
ok $((! $?)) "kernel options that did not change are left out"
says release-1.html '<tr><td><bdi>CONFIG_PCI</bdi></td><td><bdi>y</bdi></td><td class="soft">none</td>' "kernel options that changed"
says release-1.html '<tr><td><bdi>/bin/hello</bdi></td><td>content</td></tr>' "files whose content changed"
says release-1.html '<tr><td><bdi>/etc/motd</bdi></td><td>mode 0644 to 0600</td></tr>' "or mode"
says release-5.html '<tr><td><bdi>/etc/issue</bdi></td><td>new file, 12 bytes</td></tr>' "new files"
says release-1.html 'the whole image, changed' "which registers changed"
says release-1.html 'kernel, command line and init, as before' "and which did not"
says release-5.html '<dd>335 ms</dd>' "boot times"
says image-hello.html '<title>2.0: 2.84 MiB</title>' "a chart of sizes"
says image-hello.html '<title>1.0: 410 ms</title>' "and one of boot times"
says index.html "outdated</strong>: security version 2 is asked for" "a release that another security version replaced"

# A realm, of which the log has a list: any of its RIMs will do, and the folder knows under which conditions which.
says release-6.html '<summary>14 values of RIM, any of which it may show</summary>' "a realm's RIMs, when somebody wants to see them"
says release-6.html "<dt>RIM, RMM 1.0, sha-256, qemu-rmm1, 512 MiB, 8 processors <span></span></dt><dd><code>$(hex c1 31)20</code>" "with the conditions of each"
says release-6.html '<dt>RIM, RMM 2.0, sha-256, qemu-2026, 512 MiB, 1 processor <span>' "one processor is not several"
says release-6.html "<dt>REM0, sha-256 <span>the launch configuration</span></dt><dd><code>$(hex e1 32)</code>" "and its first REM"
tr -d '\n' <pages/release-6.html | grep -q 'REM0, sha-512.*<details>.*RIM.*</details>'
ok $? "before them"
says release-6.html 'aria-label="Copy Linux of cca-aarch64"' "a realm's Linux"
says release-6.html '<dd>8.58 MiB (9000000 bytes)</dd>' "and its size"
says release-7.html '<summary>14 values of RIM, any of which it may show</summary>' "RIMs of a release that is in the log alone"
says release-7.html '<dt>RIM (2) <span>' "by numbers"
says image-vault.html '<title>1.0: 8.58 MiB</title>' "a realm's sizes"
says release-6.html '  --platform-key platform.pem' "and the key that its tokens want"
says release-6.html '  --reference cca-aarch64/reference.cbor' "in the command for a realm"
says release-1.html '  --reference nitro-x86_64/reference.cbor' "all targets of a platform are in one command"
grep -q 'platform-key' pages/release-1.html
ok $((! $?)) "that of enclaves wants no such key"
# told NAME MEASURED LINE: in a log of its own that names other measurements the folder realm is refused with such a line
told()
{
	rm -rf told
	printf '[{"type":"release","name":"vault","version":"1","security":0,"files":{"SHA256SUMS":"%s"},"measurements":{"cca-aarch64":%s}}]' \
		"$(sha256sum <realm/SHA256SUMS | cut -c 1-64)" "$2" >told.json
	"$ATTEST" log append --log told --key key.pem --origin example.org/told --at 2026-11-22 --entries told.json
	fails 1 "ATTEST-SITE-LOG: realm: $3" "refused: $1" site none --log told --log-key \
		"$("$ATTEST" log key --key key.pem --origin example.org/told)" realm
}
told "a log that has other RIMs than the folder" "[{\"RIM\":\"$(hex 40 32)\"},{\"RIM\":\"$(hex 41 32)\"}]" 'R[IE]M.*: the log.s values'
told "a log that has one RIM alone" "{\"RIM\":\"$(hex 40 32)\"}" 'R[IE]M.*: the log.s values'
check "the folder's own values are no others" sh -c '"$ATTEST" site --out own --log log --log-key "$1" realm realm-2' sh "$vkey"
check "well-formed, too" "$here/pages.py" own
tr -d '\n' <own/release-7.html | grep -q 'REM0, sha-256 <span>the launch configuration, as before.*RIM, RMM 1.0, sha-256 <span>as before.*qemu-rmm1, 512 MiB, 8 processors <span>changed'
ok $? "and which of them are as before"
grep -q '<bdi>zlib</bdi></td><td><bdi>1.c1</bdi></td><td><bdi>1.c2' own/release-7.html
ok $? "what changed in a realm"

# Hostile words.
grep -l '<script>alert\|<img\|<b>\|<b \|onmouseover="\|href="javascript' pages/* >found
ok $((! $?)) "no word of a release became markup" found
says index.html '&lt;script&gt;alert(1)&lt;/script&gt;' "they are shown as they are"
says release-2.html "cd -- &#39;hostile \$(touch pwned)&#39;\\&#39;&#39;&#39;" "a folder's name is one word of the shell's"
says release-3.html "$(printf 'safe\357\277\275gnp')" "characters that turn others are replaced"
sed -n 's/.*<pre>cd -- \(.*\) &amp;&amp;$/\1/p' pages/release-2.html | sed "s/&#39;/'/g" >word
check "which a shell takes for just that folder" sh -c '[ -d "$(eval "printf %s $(cat word)")" ] && [ ! -e pwned ]'

# Its three commands, as they stand on the page, of a release in a log of today.
mkdir today
cp -R three today/
"$ATTEST" log append --log today/log --key key.pem --origin example.org/log --release today/three --version 2.0
check "the site of a release in a log of today" site commands --log today/log --log-key "$vkey" today/three
check "its page's commands, from the folder and the log alone" "$here/outsider" today/three commands/release-0.html
cp "$TAP_TMP/tap.log" said
check "end in \"Verified\"" sh -c 'tail -n 1 said | grep -qx Verified'
mkdir other-day
cp -R today/three other-day/
"$ATTEST" log append --log other-day/log --key key.pem --origin example.org/log --release one --version 1.0
fails 1 'ATTEST-LOG-MISSING' "not with a log that lacks it" "$here/outsider" other-day/three commands/release-0.html
echo more >>other-day/three/nitro-x86_64/image.eif
fails 1 'image.eif: FAILED' "nor with a release that was altered" "$here/outsider" other-day/three commands/release-0.html

# Without a log, and what is refused.
check "without a log" site plain one three
check "well-formed, too" "$here/pages.py" plain
grep -q 'in no log' plain/release-0.html
ok $? "which says so"
check "a realm" site realms realm
check "well-formed, too" "$here/pages.py" realms
grep -q '<summary>14 values' realms/index.html && grep -q '<dt>RIM, RMM 1.0, sha-256 <span>' realms/index.html
ok $? "has RIMs with their conditions"
fails 2 'ATTEST-SITE-FOLDER' "a folder that is there" site plain one
fails 2 'ATTEST-USAGE' "nothing to show" site none
fails 2 'ATTEST-USAGE: .*--files' "an address that is a script" site none --files 'javascript:alert(1)' one
fails 2 'ATTEST-USAGE: .*--log-key' "a log without its key" site none --log log one
cp -R one other && sed 's/a1a1/a5a5/' one/nitro-x86_64/measurements.json >other/nitro-x86_64/measurements.json
fails 1 'ATTEST-SITE-SUMS: .*measurements.json' "a file that was changed" site none other
seal other
fails 1 'ATTEST-SITE-LOG: .*other: a release in the log expected' "a release that is not in the log" \
	site none --log log --log-key "$vkey" other
cp -R log forged && sed 's/1\.1/1.9/' log/tile/entries/000.p/8 >forged/tile/entries/000.p/8
fails 1 'ATTEST-LOG-(TILE|ENTRY)' "a log that was changed" site none --log forged --log-key "$vkey" one
rm -rf other && cp -R one other && echo '[' >other/nitro-x86_64/manifest.json && seal other && cp -R two next
fails 3 'ATTEST-SITE: .*manifest.json' "a manifest that is none" site none other next
rm -rf other && cp -R one other && printf 'CONFIG_A=\377\n' >other/nitro-x86_64/kernel.config && seal other
fails 3 'ATTEST-SITE: .*kernel.config' "a configuration that is not UTF-8" site none other next
cp one.boot.json next.boot.json && echo '{}' >next.boot.json
fails 3 'ATTEST-SITE: .*next.boot.json' "a boot time that is none" site none next
rm next.boot.json && echo "no sum" >>next/SHA256SUMS
fails 3 'ATTEST-SITE: .*SHA256SUMS' "sums that are none" site none next
fails 2 'ATTEST-USAGE' "an unknown option" "$ATTEST" site --nothing
check "attest site --help" sh -c '"$ATTEST" site --help | grep -q "^usage: attest site"'
check "nothing is left of what was refused" sh -c '[ -z "$(find . -maxdepth 1 -name "none*")" ]'
finish_tap
