#!/bin/sh
# Fetch under attack and in bad luck: wrong bytes, truncation, a full disk, a read-only or damaged cache,
# two at once, Ctrl-C. Runs in the test environment against a real HTTP server on loopback; never goes
# shellcheck disable=SC2016,SC2046,SC2086 # the inner shells expand; lists of process ids and hashes are split
# to a network. Call: fetch.t ENV_FOLDER
set -u
. "${0%/*}/../tap.sh"
env=${1:-/mint/in/env}
TAP_TMP=$(mktemp -d)
cd "$TAP_TMP" || exit 4
APT_CONFIG_DIR=$TAP_TMP/apt MINTMARK_CACHE=$TAP_TMP/cache MINTMARK_OUT=$TAP_TMP/out
export APT_CONFIG_DIR MINTMARK_CACHE MINTMARK_OUT

# The archive: three files and their pins.
mkdir -p archive/pool/a apt/sources.list.d
for f in one two three; do
	dd if=/dev/urandom of="archive/pool/a/$f" bs=1000 count=300 2>/dev/null
done
pin()
{
	echo "# pins of a test"
	for f; do
		sum=$(sha256sum <"archive/pool/a/$f")
		echo "${sum%% *} $(wc -c <"archive/pool/a/$f") pool/a/$f"
	done
}
pin one two three >pins.lock

"${BUSYBOX:-/mint/in/busybox/busybox}" ip link set lo up
# serve FOLDER PORT: an HTTP server; waits until it answers.
serve()
{
	python3 -m http.server --bind 127.0.0.1 --directory "$1" "$2" >"server.$2.log" 2>&1 &
	servers="${servers:-} $!"
	await "$2"
}
# await PORT: until somebody listens there; curl's 7 says that nobody does.
await()
{
	ticks=150
	status=7
	while [ $status -eq 7 ] && [ $ticks -gt 0 ]; do
		ticks=$((ticks - 1))
		sleep 0.2
		status=0
		curl -s -m 1 -o /dev/null "http://127.0.0.1:$1/" || status=$?
	done
}
trap 'kill $servers 2>/dev/null' EXIT
serve archive 8001

fetched()
{
	for f in one two three; do
		sum=$(sha256sum <"archive/pool/a/$f")
		cmp -s "archive/pool/a/$f" "cache/sha256/${sum%% *}" || return 1
	done
	[ -z "$(find cache -name '.part.*')" ]
}

# The ways to the right bytes.
MIRROR=http://127.0.0.1:8001 check "from MIRROR" "$env/fetch" pins.lock
check "the cache has exactly the pinned bytes" fetched
kill "$servers"
servers=
check "nothing is fetched when the cache has it (server down)" "$env/fetch" pins.lock
rm -rf cache
fails 4 'FETCH-NOWHERE: pool/a/' "no server, no cache: status 4" "$env/fetch" pins.lock
# Packages of npm are named without their registry, and no mirror of Debian is asked for them.
mkdir -p registry/@scope/name/-
cp archive/pool/a/one registry/@scope/name/-/name-1.0.tgz
sum=$(sha256sum <archive/pool/a/one)
echo "${sum%% *} 300000 npm/@scope/name/-/name-1.0.tgz" >npm.lock
NPM=file:$TAP_TMP/registry check "a package of npm, from NPM" "$env/fetch" npm.lock
check "it is the pinned one" cmp archive/pool/a/one "cache/sha256/${sum%% *}"
rm -rf cache
cp archive/pool/a/two registry/@scope/name/-/name-1.0.tgz
NPM=file:$TAP_TMP/registry fails 4 'FETCH-HASH: npm/@scope/name/-/name-1.0.tgz from file:.*expected sha256' "another package of that name" "$env/fetch" npm.lock
rm -rf cache
BUNDLE=$TAP_TMP/archive check "from BUNDLE, by path" "$env/fetch" pins.lock
check "the cache has exactly the pinned bytes" fetched
mkdir -p bundle
mv cache/sha256 bundle/sha256
rm -rf cache
BUNDLE=$TAP_TMP/bundle check "from BUNDLE, by hash" "$env/fetch" pins.lock
rm -rf cache
serve archive 8002
printf 'Types: deb\nURIs: http://127.0.0.1:8002/ http://127.0.0.1:8002/debian\n' >apt/sources.list.d/x.sources
mkdir -p archive/debian
ln -s ../pool archive/debian/pool
check "from the apt configuration, deb822 form" "$env/fetch" pins.lock
rm -rf cache apt/sources.list.d/x.sources
printf 'deb [signed-by=/x] http://127.0.0.1:8002/debian trixie main\n' >apt/sources.list
check "from the apt configuration, one-line form" "$env/fetch" pins.lock
rm -rf cache apt/sources.list
sed -i '1a # snapshot 20260101T000000Z' pins.lock
mkdir -p archive/snap/20260101T000000Z
ln -s ../../pool archive/snap/20260101T000000Z/pool
SNAPSHOT=http://127.0.0.1:8002/snap/@SNAPSHOTID@/ check "from the snapshot service" "$env/fetch" pins.lock
rm -rf cache
check_pair()
{
	MIRROR=http://127.0.0.1:8002 "$env/fetch" pins.lock &
	MIRROR=http://127.0.0.1:8002 "$env/fetch" pins.lock || return 1
	wait $! && fetched
}
check "two at once share a cache" check_pair

# Wrong bytes.
rm -rf cache
mkdir -p wrong/pool/a short/pool/a
for f in one two three; do
	tr 'a' 'b' <"archive/pool/a/$f" >"wrong/pool/a/$f"
	head -c 1000 "archive/pool/a/$f" >"short/pool/a/$f"
done
MIRROR=file:$TAP_TMP/wrong fails 4 'FETCH-HASH: pool/a/one from file:.*/wrong/pool/a/one: expected sha256 [0-9a-f]{64} \(300000 bytes\), found [0-9a-f]{64} \(300000 bytes\)' \
	"a mirror with wrong bytes is refused: file, place, expected, got" "$env/fetch" pins.lock
check "wrong bytes never get a name in the cache" sh -c '[ -z "$(find cache -type f)" ]'
serve wrong 8003
MIRROR=http://127.0.0.1:8003 SNAPSHOT=http://127.0.0.1:8002 check "a wrong mirror first, a right one next" "$env/fetch" pins.lock
check "the cache has exactly the pinned bytes" fetched
rm -rf cache
MIRROR=file:$TAP_TMP/short fails 4 'FETCH-HASH: .* found [0-9a-f]{64} \(1000 bytes\)' "a truncated download is refused" "$env/fetch" pins.lock
MIRROR=http://127.0.0.1:8002 check "and the next run succeeds" "$env/fetch" pins.lock

# BUNDLE as a tar file: the members that are asked for, and nothing else of it.
rm -rf cache bundle
mkdir -p bundle/sha256
for f in one two three; do
	sum=$(sha256sum <"archive/pool/a/$f")
	cp "archive/pool/a/$f" "bundle/sha256/${sum%% *}"
done
tar -c -f good.tar --format=ustar -C bundle sha256
BUNDLE=$TAP_TMP/good.tar check "from BUNDLE, a tar file" "$env/fetch" pins.lock
check "the cache has exactly the pinned bytes" fetched
rm -rf cache
cp good.tar host:good.tar
BUNDLE=host:good.tar check "a tar file by a relative path, with a name that tar could take for a host" "$env/fetch" pins.lock
rm -rf cache
mkdir applets
"$(command -v busybox)" --install -s applets 2>/dev/null
if [ -e applets/tar ]; then
	BUNDLE=good.tar PATH=$TAP_TMP/applets check "with a userland that is busybox alone" "$env/fetch" pins.lock
	check "the cache has exactly the pinned bytes" fetched
else
	skip "with a userland that is busybox alone" "no busybox with tar here"
fi

# falls_through NAME REGEX COMMAND...: BUNDLE is of no or little use, one line says why, the mirror has the rest.
falls_through()
{
	rm -rf cache
	name=$1
	regex=$2
	shift 2
	MIRROR=http://127.0.0.1:8002 "$@" "$env/fetch" pins.lock >log 2>&1
	ok $? "$name: the next place helps" log
	check "$name: the cache has exactly the pinned bytes" fetched
	check "$name: one line says so" [ "$(grep -cE "$regex" log)" = 1 ]
}
head -c 500000 good.tar >short.tar
BUNDLE=short.tar falls_through "a truncated tar file" 'FETCH-BUNDLE: .*/short.tar: a whole tar file expected, found one that ends early' env
rm -rf cache
BUNDLE=short.tar fails 4 '1 of 3 files fetched' "a truncated tar file still gives what it has" "$env/fetch" pins.lock
BUNDLE=nowhere.tar falls_through "no bundle" 'FETCH-BUNDLE: .*/nowhere.tar: a folder or a tar file expected, found none' env
BUNDLE=pins.lock falls_through "a file that is no tar" 'FETCH-BUNDLE: .* found another kind of file' env
gzip -k good.tar
BUNDLE=good.tar.gz falls_through "a compressed tar" 'FETCH-BUNDLE: .* found another kind of file' env
: >empty.tar
BUNDLE=empty.tar falls_through "an empty file" 'FETCH-BUNDLE: .* found another kind of file' env
mkfifo fifo
BUNDLE=fifo falls_through "a pipe" 'FETCH-BUNDLE: .* found a device or a pipe' env
BUNDLE=/dev/zero falls_through "a device" 'FETCH-BUNDLE: .* found a device or a pipe' env
chmod 0000 good.tar bundle
for BUNDLE in good.tar bundle; do
	export BUNDLE
	falls_through "$BUNDLE without permission" 'FETCH-BUNDLE: .* found one that cannot be read' \
		setpriv --bounding-set=-dac_override,-dac_read_search
done
unset BUNDLE
chmod 0755 good.tar bundle

# Hostile tar files. Each has a right second and third file, and something else for the first.
cat >hostile.pl <<'PL'
my ($kind, $first, @rest) = @ARGV;
sub member {
	my ($name, $type, $link, $data) = @_;
	my $h = pack("a100a8a8a8a12a12a8a1a100a6a2a32a32a8a8a155a12", $name, "0000644", "0000000", "0000000",
		sprintf("%011o", length $data), "00000000000", " " x 8, $type, $link, "ustar", "00", "", "", "0000000", "0000000", "", "");
	my $sum = 0;
	$sum += $_ for unpack("C*", $h);
	substr($h, 148, 8) = sprintf("%06o\0 ", $sum);
	print $h, $data, "\0" x (-length($data) % 512);
}
my $victim = "$ENV{TAP_TMP}/victim";
my %write = (
	content => sub { member("sha256/$first", "0", "", "evil" x 1000) },
	long => sub { member("sha256/$first", "0", "", "x" x 3000000) },
	symlink => sub { member("sha256/$first", "2", $victim, "") },
	hardlink => sub { member("sha256/$first", "1", $victim, "") },
	device => sub { member("sha256/$first", "3", "", "") },
	fifo => sub { member("sha256/$first", "6", "", "") },
	folder => sub { member("sha256/$first/", "5", "", ""); member("sha256/$first/../../victim", "0", "", "evil") },
	absolute => sub { member($victim, "0", "", "evil"); member("/sha256/$first", "0", "", "evil") },
	dots => sub { member("../victim", "0", "", "evil"); member("../sha256/$first", "0", "", "evil") },
	through => sub { member("sha256", "2", "$ENV{TAP_TMP}/outside", ""); member("sha256/$first", "0", "", "evil") },
);
binmode STDOUT;
$write{$kind}->();
for my $sha (@rest) {
	open my $f, "<:raw", "bundle/sha256/$sha" or die;
	local $/;
	member("sha256/$sha", "0", "", <$f>);
}
print "\0" x 1024;
PL
mkdir outside
echo precious >victim
export TAP_TMP
everything()
{
	find . ! -path './cache*' ! -name log ! -name '*.log' ! -name hostile.tar ! -name . -printf '%y %s %T@ %p %l\n' | sort
}
set -- $(awk '!/^#/ { print $1 }' pins.lock)
for kind in content long symlink hardlink device fifo folder absolute dots through; do
	perl hostile.pl "$kind" "$@" >hostile.tar
	everything >before.log
	rm -rf cache
	BUNDLE=hostile.tar fails 4 '2 of 3 files fetched' "hostile ($kind): not taken, the others are" "$env/fetch" pins.lock
	check "hostile ($kind): nothing appears in the cache" sh -c '[ "$(ls -A cache/sha256 | wc -l)" = 2 ]'
	everything >after.log
	check "hostile ($kind): nothing else is touched" cmp before.log after.log
done
rm -rf cache
perl hostile.pl long "$@" >hostile.tar
BUNDLE=hostile.tar fails 4 'FETCH-HASH: .* found [0-9a-f]{64} \(300000 bytes\)' \
	"of a member that is too long no more is read than the pin says" "$env/fetch" pins.lock
rm -rf cache
perl hostile.pl content "$@" >hostile.tar
BUNDLE=hostile.tar fails 4 'FETCH-HASH: pool/a/one from sha256/[0-9a-f]{64} in .*/hostile.tar: expected sha256 [0-9a-f]{64} \(300000 bytes\), found [0-9a-f]{64} \(4000 bytes\)' \
	"wrong content in a bundle is named: file, place, expected, got" "$env/fetch" pins.lock
MIRROR=http://127.0.0.1:8002 BUNDLE=hostile.tar check "and the next place helps" "$env/fetch" pins.lock
check "the cache has exactly the pinned bytes" fetched

# A transfer that breaks off in the middle: the server announces more than it sends.
rm -rf cache
cat >breaks.py <<'PY'
import http.server, os
count = {}
class Breaks(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        path = self.translate_path(self.path)
        data = open(path, 'rb').read()
        first = self.headers.get('Range')
        begin = int(first.split('=')[1].split('-')[0]) if first else 0
        self.send_response(206 if first else 200)
        if first:
            self.send_header('Content-Range', 'bytes %d-%d/%d' % (begin, len(data) - 1, len(data)))
        self.send_header('Content-Length', str(len(data) - begin))
        self.end_headers()
        n = count[path] = count.get(path, 0) + 1
        self.wfile.write(data[begin:] if n > 1 else data[begin:begin + 100000])
        self.close_connection = True
    def log_message(self, *args):
        pass
os.chdir('archive')
http.server.ThreadingHTTPServer(('127.0.0.1', 8004), Breaks).serve_forever()
PY
python3 breaks.py >breaks.log 2>&1 &
servers="$servers $!"
await 8004
MIRROR=http://127.0.0.1:8004 check "a transfer that broke off is tried again" "$env/fetch" pins.lock
check "the cache has exactly the pinned bytes" fetched

# A damaged cache.
victim=$(find cache/sha256 -type f | sort | head -n 1)
chmod u+w "$victim"
printf x | dd of="$victim" bs=1 seek=1000 conv=notrunc 2>/dev/null
MIRROR=http://127.0.0.1:8002 "$env/fetch" pins.lock >log 2>&1
ok $? "a damaged cache file is fetched again" log
check "with a line that says so" grep -q 'FETCH-CACHE: .*expected sha256 [0-9a-f]*, found [0-9a-f]*; fetching it again' log
check "the cache has exactly the pinned bytes" fetched
chmod u+w "$victim"
printf x | dd of="$victim" bs=1 seek=1000 conv=notrunc 2>/dev/null
fails 4 FETCH-NOWHERE "a damaged cache file and no server: status 4" "$env/fetch" pins.lock
check "the damaged file is gone" sh -c "[ ! -e $victim ]"
MIRROR=http://127.0.0.1:8002 check "and the next run succeeds" "$env/fetch" pins.lock

# A cache that cannot take anything: read-only, full.
mkdir -p fixed/sha256
mount -t tmpfs -o size=4k tmpfs fixed
mkdir -p fixed/sha256
mount -o remount,bind,ro fixed
MIRROR=http://127.0.0.1:8002 MINTMARK_CACHE=$TAP_TMP/fixed fails 4 'FETCH-CACHE: .*read-only' "a read-only cache" "$env/fetch" pins.lock
mount -o remount,bind,rw fixed
MIRROR=http://127.0.0.1:8002 MINTMARK_CACHE=$TAP_TMP/fixed fails 4 'FETCH-WRITE: .*disk full' "a full disk" "$env/fetch" pins.lock
check "a full disk leaves nothing behind" sh -c '[ -z "$(find fixed -type f)" ]'
umount fixed
mount -t tmpfs -o size=4m tmpfs fixed
MIRROR=http://127.0.0.1:8002 MINTMARK_CACHE=$TAP_TMP/fixed check "and the next run succeeds" "$env/fetch" pins.lock
mount -o remount,bind,ro fixed
MINTMARK_CACHE=$TAP_TMP/fixed check "a complete read-only cache is enough" "$env/fetch" pins.lock
umount fixed

# Ctrl-C in the middle.
rm -rf cache
cat >slow.py <<'PY'
import http.server, time
class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '300000')
        self.end_headers()
        for _ in range(300):
            self.wfile.write(b'x' * 1000)
            time.sleep(0.1)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(('127.0.0.1', 8005), Slow).serve_forever()
PY
python3 slow.py >slow.log 2>&1 &
servers="$servers $!"
await 8005
MIRROR=http://127.0.0.1:8005 setsid "$env/fetch" pins.lock >log 2>&1 &
fetch_pid=$!
sleep 2
kill -TERM $fetch_pid
wait $fetch_pid
ok $(($? != 130)) "an interrupted fetch ends at once" log
sleep 1
check "an interrupted fetch leaves nothing in the cache" sh -c '[ -z "$(find cache -type f)" ]'
MIRROR=http://127.0.0.1:8002 check "and the next run succeeds" "$env/fetch" pins.lock

# Lock files that are not ones.
echo 'abc 12 pool/a/one' >bad.lock
fails 3 'FETCH-PIN: bad.lock line 1' "a short hash" "$env/fetch" bad.lock
sed 's,pool/a,pool/../a,' pins.lock >bad.lock
fails 3 'FETCH-PIN: bad.lock line' "a path that leads out" "$env/fetch" bad.lock
fails 2 USAGE "no argument" "$env/fetch"
finish_tap
