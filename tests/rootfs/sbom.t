#!/bin/sh
# Tests of rootfs sbom: what it finds in package databases, that its documents are SPDX 2.3 and CycloneDX 1.6
# (by the official schemas, SPDX's own validator, and jq: required members, identifiers, relations), that
# equal trees give equal documents, and that hostile databases are refused; prints TAP.
# Environment: ROOTFS the command. Never writes outside its own temporary folder.
# shellcheck disable=SC2016 # the inner shells expand
set -u
ROOTFS=${ROOTFS:?the path of the rootfs command}
here=$(cd "$(dirname "$0")" && pwd)
TAP_TMP=$(mktemp -d)
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
trap 'rm -rf "$TAP_TMP"' EXIT
cd "$TAP_TMP" || exit 99
umask 022

sha=$(printf linux | sha256sum) && sha=${sha%% *}
spdx() { "$ROOTFS" sbom "$@" --format spdx; }
cyclonedx() { "$ROOTFS" sbom "$@" --format cyclonedx; }
# is FILE FILTER: passes when jq's result is true.
is() { jq -e "$2" "$1" >/dev/null; }
fresh() { rm -rf root && mkdir -p root/etc root/var/lib/dpkg/status.d root/lib/apk/db root/usr/lib; }
debian() { printf 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n' >root/usr/lib/os-release
	ln -s ../usr/lib/os-release root/etc/os-release; }
locators() { spdx dir:root | jq -r '.packages[].externalRefs[]?.referenceLocator'; }
locates() { locators >found.txt && grep -qxF -- "$1" found.txt; }

# --- the documents ---------------------------------------------------------------------------
cat >valid-spdx.jq <<'END'
def only(keys): (keys_unsorted - keys) == [];
def id: type == "string" and test("^SPDXRef-[A-Za-z0-9.-]+$");
def licence: . == "NOASSERTION" or . == "NONE" or test("^[A-Za-z0-9.+ ()-]+$");
only(["spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo", "packages", "relationships"])
and .spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .SPDXID == "SPDXRef-DOCUMENT"
and (.name | type == "string" and length > 0)
and (.documentNamespace | test("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"))
and (.creationInfo | only(["created", "creators", "comment"])
	and (.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"))
	and (.creators | length > 0 and all(test("^(Tool|Person|Organization): ."))))
and ([.packages[].SPDXID] | length == (unique | length))
and all(.packages[];
	only(["SPDXID", "name", "versionInfo", "downloadLocation", "filesAnalyzed", "licenseConcluded", "licenseDeclared",
		"licenseComments", "copyrightText", "supplier", "sourceInfo", "externalRefs", "checksums",
		"primaryPackagePurpose", "comment"])
	and (.SPDXID | id) and (.name | length > 0) and (.versionInfo | length > 0) and .downloadLocation == "NOASSERTION"
	and .filesAnalyzed == false and (.licenseConcluded | licence) and (.licenseDeclared | licence)
	and (.supplier // "NOASSERTION" | . == "NOASSERTION" or test("^(Person|Organization): ."))
	and all(.checksums[]?; only(["algorithm", "checksumValue"]) and .algorithm == "SHA256" and (.checksumValue | test("^[0-9a-f]{64}$")))
	and all(.externalRefs[]?; only(["referenceCategory", "referenceType", "referenceLocator"])
		and .referenceCategory == "PACKAGE-MANAGER" and .referenceType == "purl"
		and (.referenceLocator | test("^pkg:(deb|apk|generic)/([A-Za-z0-9._~-]+/)?([A-Za-z0-9._~:-]|%[0-9A-F]{2})+@([A-Za-z0-9._~:-]|%[0-9A-F]{2})+(\\?[a-z]+=([A-Za-z0-9._~:-]|%[0-9A-F]{2})+(&[a-z]+=([A-Za-z0-9._~:-]|%[0-9A-F]{2})+)*)?$"))))
and (([.packages[].SPDXID] + ["SPDXRef-DOCUMENT"]) as $ids | all(.relationships[];
	only(["spdxElementId", "relationshipType", "relatedSpdxElement"])
	and (.relationshipType | IN("DESCRIBES", "CONTAINS"))
	and (.spdxElementId | IN($ids[])) and (.relatedSpdxElement | IN($ids[]))))
and ([.relationships[].relatedSpdxElement] | sort) == ([.packages[].SPDXID] | sort)
END
cat >valid-cyclonedx.jq <<'END'
def only(keys): (keys_unsorted - keys) == [];
def component:
	only(["type", "bom-ref", "name", "version", "description", "publisher", "hashes", "licenses", "purl", "properties"])
	and (.type | IN("application", "framework", "library", "container", "platform", "operating-system", "firmware", "file"))
	and (.name | length > 0)
	and all(.hashes[]?; only(["alg", "content"]) and .alg == "SHA-256" and (.content | test("^[0-9a-f]{64}$")))
	and (.licenses // [] | (length == 1 and (.[0] | only(["expression"]))) or all(.[]; only(["license"]) and (.license | only(["name"]))))
	and all(.properties[]?; only(["name", "value"]) and (.name | startswith("mintmark:")) and (.value | type == "string"));
only(["bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies"])
and .bomFormat == "CycloneDX" and .specVersion == "1.6" and .version == 1
and (.serialNumber | test("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"))
and (.metadata | only(["tools", "component"]) and (.component | component) and (.tools | only(["components"]) and all(.components[]; component)))
and all(.components[]; component)
and ([.metadata.component["bom-ref"], .components[]["bom-ref"]] | all(length > 0) and length == (unique | length))
and ([.metadata.component["bom-ref"], .components[]["bom-ref"]] as $refs
	| all(.dependencies[]; only(["ref", "dependsOn"]) and (.ref | IN($refs[])) and all(.dependsOn[]; IN($refs[]))
		and (.dependsOn | length == (unique | length))))
END
valid() { # DOCUMENT KIND
	jq -e -f "valid-$2.jq" "$1" >/dev/null && sh "$here/valid-sbom" "$2" "$1"
}

fresh
debian
cat >root/var/lib/dpkg/status <<'END'
Package: libc6
Status: install ok installed
Priority: optional
Section: libs
Installed-Size: 13000
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.41-12+deb13u4
Description: GNU C Library
 Contains the standard libraries that are used by nearly all programs.
 .
 Version: 9.9 is not the version.

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: bash
Status: hold ok installed
Architecture: amd64
Source: bash (5.2.37-2)
Version: 5.2.37-2+b10
Maintainer: Matthias Klose <doko@debian.org>
END
cat >root/var/lib/dpkg/status.d/tzdata <<'END'
Package: tzdata
Version: 1:2026a~rc1-0
Architecture: all
Description: without a maintainer
END
echo 'not a control file' >root/var/lib/dpkg/status.d/tzdata.md5sums
cp -R root saved

spdx dir:root >a.spdx.json && cyclonedx dir:root >a.cdx.json
check "SPDX: what the schema demands" valid a.spdx.json spdx
check "CycloneDX: what the schema demands" valid a.cdx.json cyclonedx
sed 's/"SPDXRef-DOCUMENT"/"SPDXRe-DOCUMENT"/' a.spdx.json >bad.spdx.json
fails 1 'spdx_id must' "SPDX's validator sees another identifier" sh "$here/valid-sbom" spdx bad.spdx.json
# refuses KIND DOCUMENT
refuses() { ! sh "$here/valid-sbom" "$@" >"$TAP_TMP/words" 2>&1 && [ -s "$TAP_TMP/words" ]; }
# odd NAME FILTER: CycloneDX's own schema refuses a document in which one thing is odd; odd_spdx: SPDX's does, by the words of the
# program that knows schemas.
odd() {
	jq "$2" a.cdx.json >bad.cdx.json
	check "CycloneDX's schema refuses $1" refuses cyclonedx bad.cdx.json
}
odd_spdx() {
	jq "$2" a.spdx.json >bad.spdx.json
	check "SPDX's schema refuses $1" refuses spdx bad.spdx.json
	check "and says so" grep -qF "doesn't validate with http://spdx.org/rdf/terms/2.3" "$TAP_TMP/words"
}
odd "another name" 'del(.specVersion) | .specVersio = "1.6"'
odd "a member that there is not" '.components[0].colour = "red"'
odd "a type that there is not" '.components[0].type = "libary"'
odd "a hash of the wrong length" '.components[0].hashes = [{"alg": "SHA-256", "content": "00"}]'
odd "a licence that is not on the list" '.components[0].licenses = [{"license": {"id": "GPL-9"}}]'
odd "a serial number that is none" '.serialNumber = "urn:uuid:1"'
jq . a.cdx.json >bad.cdx.json
check "and takes the same one without anything odd" sh "$here/valid-sbom" cyclonedx bad.cdx.json
odd_spdx "another name" 'del(.spdxVersion) | .spdxVersio = "SPDX-2.3"'
odd_spdx "a member that there is not" '.packages[0].colour = "red"'
odd_spdx "a relation that there is not" '.relationships[0].relationshipType = "HOLDS"'
odd_spdx "a package without a place" 'del(.packages[0].downloadLocation)'
odd_spdx "a digest that there is not" '.packages[0].checksums = [{"algorithm": "SHA257", "checksumValue": "00"}]'
odd_spdx "a number in a name's place" '.packages[0].name = 1'
jq . a.spdx.json >bad.spdx.json
check "and takes the same one without anything odd" sh "$here/valid-sbom" spdx bad.spdx.json
jq '.packages[0].colour = "red"' a.spdx.json >bad.spdx.json
check "SPDX: a member that there is not" sh -c '! jq -e -f valid-spdx.jq bad.spdx.json >/dev/null'
check "an empty tree has a valid SPDX document" sh -c 'mkdir -p empty && "$0" sbom dir:empty --format spdx >e.spdx.json' "$ROOTFS"
check "and it is valid" valid e.spdx.json spdx
check "an empty tree has a CycloneDX document" sh -c '"$0" sbom dir:empty --format cyclonedx >e.cdx.json' "$ROOTFS"
check "and it is valid, too" valid e.cdx.json cyclonedx
digest=$("$ROOTFS" describe dir:root --json | jq -r .TreeDigest)
check "SPDX names the tree digest" is a.spdx.json ".packages[0].versionInfo == \"$digest\""
check "CycloneDX names the tree digest" is a.cdx.json ".metadata.component.properties[0].value == \"$digest\""
check "installed packages of dpkg, with binNMUs" locates 'pkg:deb/debian/bash@5.2.37-2%2Bb10?arch=amd64&distro=debian-13'
check "held and other states count as what they are: 3 packages" is a.spdx.json '.packages | length == 4'
check "a removed package's settings are no package" is a.spdx.json '[.packages[].name] | index("gone") == null'
check "status.d counts, md5sums beside it does not; epoch and tilde in a purl" \
	locates 'pkg:deb/debian/tzdata@1:2026a~rc1-0?arch=all&distro=debian-13'
check "a description's lines are no fields" locates 'pkg:deb/debian/libc6@2.41-12%2Bdeb13u4?arch=amd64&distro=debian-13'
check "source package and version: named" is a.spdx.json '.packages[] | select(.name == "bash") | .sourceInfo == "built from source package bash 5.2.37-2"'
check "source package and version: named without version" is a.cdx.json \
	'.components[] | select(.name == "libc6") | [.properties[].value] == ["glibc", "2.41-12+deb13u4"]'
check "maintainer" is a.spdx.json '.packages[] | select(.name == "bash") | .supplier == "Person: Matthias Klose (doko@debian.org)"'
check "no maintainer" is a.spdx.json '.packages[] | select(.name == "tzdata") | .supplier == "NOASSERTION"'
check "the distribution is a component" is a.cdx.json '.components[0] | .type == "operating-system" and .name == "debian" and .version == "13"'
check "packages are sorted" is a.spdx.json '[.packages[1:][].name] == ["bash", "libc6", "tzdata"]'

# --- parts beside the tree -------------------------------------------------------------------
parts() { "$1" dir:root --component "linux=6.12.107=$sha" --component "init=git=7=$sha" --component "busybox=1.37.0=$sha"; }
parts spdx >b.spdx.json && parts cyclonedx >b.cdx.json
check "SPDX with parts" valid b.spdx.json spdx
check "CycloneDX with parts" valid b.cdx.json cyclonedx
check "parts are sorted by name, whatever their order" is b.spdx.json '[.packages[1:4][].name] == ["busybox", "init", "linux"]'
check "a part has its digest" is b.spdx.json ".packages[3] | .checksums[0].checksumValue == \"$sha\" and .versionInfo == \"6.12.107\""
check "a version may contain =" is b.cdx.json '.components[2] | .version == "git=7" and (.purl | startswith("pkg:generic/init@git%3D7?checksum=sha256:"))'
component() { # STATUS NAME TEXT ARGUMENT
	fails "$1" "$2" "a component: $3" spdx dir:root --component "$4"
}
component 2 'USAGE: ' "without a digest" "linux=6.12"
component 2 'SBOM-COMPONENT: ' "without a name" "=6.12=$sha"
component 2 'SBOM-COMPONENT: ' "without a version" "linux==$sha"
component 2 'SBOM-COMPONENT: ' "a short digest" "linux=6.12=${sha%?}"
component 2 'SBOM-COMPONENT: ' "upper case" "linux=6.12=A${sha#?}"
component 2 'SBOM-COMPONENT: ' "no UTF-8" "$(printf 'li\377nux')=6.12=$sha"
fails 2 'SBOM-COMPONENT: .*twice' "a component: twice" spdx dir:root --component "a=1=$sha" --component "a=1=$sha"
fails 2 'USAGE: ' "no format" "$ROOTFS" sbom dir:root
fails 2 'USAGE: ' "an unknown format" "$ROOTFS" sbom dir:root --format syft
fails 2 'USAGE: ' "no source" "$ROOTFS" sbom --format spdx

# --- equal trees, equal documents --------------------------------------------------------------
rm -rf other && mkdir other && (cd saved && tar -cf - var) | (cd other && tar -xf -) && (cd saved && tar -cf - lib etc usr) | (cd other && tar -xf -)
touch -d 2001-02-03 other/var/lib/dpkg/status
spdx dir:other >c.spdx.json && cyclonedx dir:other >c.cdx.json
check "another folder, other times, another order: the same SPDX" cmp a.spdx.json c.spdx.json
check "and the same CycloneDX" cmp a.cdx.json c.cdx.json
(cd saved && tar --format=gnu -cf ../saved.tar .)
check "the tree as a tarball: the same SPDX" sh -c '"$0" sbom tar:saved.tar --format spdx | cmp - a.spdx.json' "$ROOTFS"
check "-o writes the same" sh -c '"$0" sbom dir:root --format spdx -o o.json && cmp o.json a.spdx.json' "$ROOTFS"
check "the clock and the zone do not matter" sh -c 'TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$0" sbom dir:root --format spdx | cmp - a.spdx.json' "$ROOTFS"
echo x >root/etc/x && spdx dir:root >d.spdx.json
check "another tree: another namespace" sh -c '! [ "$(jq .documentNamespace a.spdx.json)" = "$(jq .documentNamespace d.spdx.json)" ]'
check "other parts: another serial number" sh -c '! [ "$(jq .serialNumber a.cdx.json)" = "$(jq .serialNumber b.cdx.json)" ]'
check "the formats have different identities" sh -c '! [ "$(jq .documentNamespace a.spdx.json)" = "$(jq .serialNumber a.cdx.json)" ]'

# --- apk -----------------------------------------------------------------------------------------
fresh
printf 'ID=alpine\nVERSION_ID=3.20.3\n' >root/etc/os-release
cat >root/lib/apk/db/installed <<'END'
C:Q1hdUpqRv5mYgJEqW52UmVsvmeysM=
P:musl
V:1.2.5-r0
A:x86_64
T:the musl c library (libc) implementation
L:MIT
o:musl
m:Timo Teras <timo.teras@iki.fi>
F:lib
M:0:0:755
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1abc=

P:ssl_client
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only AND (MIT OR Apache-2.0 WITH LLVM-exception)
o:busybox

P:odd
V:1-r0
A:noarch
L:custom AND GPL
END
spdx dir:root >a.spdx.json && cyclonedx dir:root >a.cdx.json
check "apk: SPDX is valid" valid a.spdx.json spdx
check "apk: CycloneDX is valid" valid a.cdx.json cyclonedx
check "apk: purl" locates 'pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.3'
check "apk: a licence expression is declared" is a.spdx.json '.packages[] | select(.name == "ssl_client") | .licenseDeclared == "GPL-2.0-only AND (MIT OR Apache-2.0 WITH LLVM-exception)"'
check "apk: what is no expression is a comment" is a.spdx.json '.packages[] | select(.name == "odd") | .licenseDeclared == "NOASSERTION" and (.licenseComments | endswith("custom AND GPL"))'
check "apk: and a name in CycloneDX" is a.cdx.json '.components[] | select(.name == "odd") | .licenses == [{"license": {"name": "custom AND GPL"}}]'
check "apk: the origin is the source" is a.cdx.json '.components[] | select(.name == "ssl_client") | .properties[0].value == "busybox"'
mkdir -p root/usr/lib/apk && mv root/lib/apk/db root/usr/lib/apk/ && rm -r root/lib && ln -s usr/lib root/lib
check "apk: through a link of merged /usr" locates 'pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.3'

# --- where databases may not lead, and what may be in them ---------------------------------------
fresh
secret=$TAP_TMP/secret
printf 'Package: stolen\nVersion: 1\n' >"$secret"
ln -s "$secret" root/var/lib/dpkg/status
ln -s ../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../"$secret" root/etc/os-release
check "links do not lead out of the root" sh -c '"$0" sbom dir:root --format spdx | jq -e ".packages | length == 1"' "$ROOTFS"
rm root/var/lib/dpkg/status && ln -s status root/var/lib/dpkg/status
check "a link to itself is no database" sh -c '"$0" sbom dir:root --format spdx | jq -e ".packages | length == 1"' "$ROOTFS"
rm root/var/lib/dpkg/status && mkdir root/var/lib/dpkg/status
check "a folder is none" sh -c '"$0" sbom dir:root --format spdx | jq -e ".packages | length == 1"' "$ROOTFS"
database() { # TEXT: as dpkg's status
	fresh
	printf '%b' "$1" >root/var/lib/dpkg/status
}
refused() { # REGEX NAME
	fails 3 "$1" "a database: $2" spdx dir:root
}
database 'Package: a\nStatus: install ok installed\n' && refused 'PACKAGES-FORMAT: var/lib/dpkg/status: a version' "no version"
database 'Version: 1\n' && refused 'PACKAGES-FORMAT: ' "no name"
database 'Package: a b\nVersion: 1\n' && refused 'PACKAGES-FORMAT: ' "a name with a space"
database 'Package: a/../b\nVersion: 1\n' && refused 'PACKAGES-FORMAT: ' "a name that is a path"
database 'Package: a\nVersion: 1"2\n' && refused 'PACKAGES-FORMAT: ' "a version with a quote"
database 'Package: a\nVersion: \377\n' && refused 'PACKAGES-FORMAT: ' "a version that is no UTF-8"
database 'Package: a\nVersion: 1\nVersion: 2\n' && refused 'PACKAGES-FORMAT: ' "a field twice"
database 'Package a\n' && refused 'PACKAGES-FORMAT: ' "no colon"
database 'Package: a\000b\nVersion: 1\n' && refused 'PACKAGES-FORMAT: ' "a NUL byte in a name"
database "Package: a\nVersion: 1\nMaintainer: $(printf '%09000d' 1)\n" && refused 'PACKAGES-FORMAT: .*8192' "a line that is too long"
database "Package: a\nVersion: 1\nDescription: $(printf '%0200000d' 1)\n"
check "a long line that nobody asks for is fine" locates 'pkg:deb/debian/a@1'
database 'Package: a\nVersion: 1\nMaintainer: \033[31m\377 <x@y>\n'
check "what a terminal would act on is replaced" sh -c '"$0" sbom dir:root --format spdx | grep -q "Person: ?\[31m? (x@y)"' "$ROOTFS"
database 'Package: a\r\nVersion: 1\r\n'
check "carriage returns are no part of a value" locates 'pkg:deb/debian/a@1'
database 'Package: a\nVersion: 1\n\n\n\nPackage: a\nVersion: 1\n'
check "a record twice is one package; empty lines are nothing" sh -c '"$0" sbom dir:root --format spdx | jq -e ".packages | length == 2"' "$ROOTFS"
database 'Package: a\nVersion: 1'
check "a last line without a newline counts" locates 'pkg:deb/debian/a@1'
awk 'BEGIN { for (i = 0; i <= 100000; i++) printf "Package: p%d\nVersion: 1\n\n", i }' >root/var/lib/dpkg/status
refused 'PACKAGES-LIMIT: ' "more packages than anybody has"
finish_tap
