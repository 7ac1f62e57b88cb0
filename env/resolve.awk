# Turns a want file and the archive's indexes into pins: "sha256 size path" lines, unsorted.
# Call: awk -v dir=INDEXES -v skip="pins of a base" -f resolve.awk WANT
# A dependency with alternatives takes the first that is chosen already, else the first that exists.

function fail(text)
{
	printf "lock: LOCK-WANT: %s line %d: %s\n", FILENAME, FNR, text > "/dev/stderr"
	failed = 1
	exit 3
}

function load_packages(suite,    file, line, name, stop)
{
	if (suite in loaded)
		return
	loaded[suite] = 1
	file = dir "/" suite ".Packages"
	while ((getline line < file) > 0) {
		if (line ~ /^Package: /)
			name = suite " " substr(line, 10)
		else if (line ~ /^(Pre-)?Depends: /) {
			sub(/^[^:]*: /, "", line)
			depends[name] = depends[name] (name in depends && depends[name] != "" ? ", " : "") line
		} else if (line ~ /^Provides: /) {
			sub(/^[^:]*: /, "", line)
			note_provides(suite, name, line)
		} else if (line ~ /^Filename: /)
			path[name] = substr(line, 11)
		else if (line ~ /^Size: /)
			size[name] = substr(line, 7)
		else if (line ~ /^SHA256: /)
			sha[name] = substr(line, 9)
	}
	close(file)
}

function note_provides(suite, name, line,    n, parts, i, virtual)
{
	n = split(line, parts, /, */)
	for (i = 1; i <= n; i++) {
		virtual = parts[i]
		sub(/[ (:].*/, "", virtual)
		if (!((suite " " virtual) in provider))
			provider[suite " " virtual] = name
	}
}

# The first suite wins for a dependency that several have: a package of sid runs on trixie's libraries.
function find(name,    i)
{
	for (i = 1; i <= suites; i++)
		if ((order[i] " " name) in path)
			return order[i] " " name
	for (i = 1; i <= suites; i++)
		if ((order[i] " " name) in provider)
			return provider[order[i] " " name]
	return ""
}

function choose(id,    n, parts, i)
{
	if (id in chosen)
		return
	chosen[id] = 1
	queue[++tail] = id
}

function follow(id,    n, parts, i, m, alternatives, j, name, first, done, target)
{
	n = split(depends[id], parts, /, */)
	for (i = 1; i <= n; i++) {
		m = split(parts[i], alternatives, / *\| */)
		first = ""
		done = 0
		for (j = 1; j <= m && !done; j++) {
			name = alternatives[j]
			sub(/[ (:].*/, "", name)
			if (name in without) {
				done = 1
				break
			}
			target = find(name)
			if (target != "" && target in chosen)
				done = 1
			else if (target != "" && first == "")
				first = target
		}
		if (done)
			continue
		if (first == "")
			fail("\"" id "\" needs \"" parts[i] "\", which no index has")
		choose(first)
	}
}

# The orig tarball of a source package: that of one upstream version, or the newest.
function source(suite, name, wanted,    file, line, here, in_sums, version, folder, parts, best, best_version)
{
	file = dir "/" suite ".Sources"
	while ((getline line < file) > 0) {
		if (line ~ /^Package: /) {
			here = (substr(line, 10) == name)
			in_sums = 0
		}
		if (!here)
			continue
		if (line ~ /^Directory: /)
			folder = substr(line, 12)
		if (line ~ /^[^ ]/)
			in_sums = (line ~ /^Checksums-Sha256:/)
		else if (in_sums) {
			split(line, parts, " ")
			if (parts[3] ~ /\.orig\.tar\.[a-z0-9]+$/) {
				version = parts[3]
				if (wanted != "" && index(version, name "_" wanted ".orig.tar.") != 1)
					continue
				if (best == "" || newer(version, best_version)) {
					best = parts[1] " " parts[2]
					best_version = version
				}
			}
		}
		if (line == "" && best_version != "" && !(best_version in where))
			where[best_version] = folder
	}
	close(file)
	if (best == "")
		fail("source \"" name "\" with an orig tarball" (wanted == "" ? "" : " of " wanted) " expected in " suite ", found none")
	print best, where[best_version] "/" best_version
}

function newer(a, b,    x, y, n, i)
{
	gsub(/[^0-9]+/, " ", a)
	gsub(/[^0-9]+/, " ", b)
	n = split(a, x, " ")
	split(b, y, " ")
	for (i = 1; i <= n; i++)
		if (x[i] + 0 != y[i] + 0)
			return x[i] + 0 > y[i] + 0
	return 0
}

BEGIN {
	while (skip != "" && (getline line < skip) > 0)
		if (line !~ /^#/ && split(line, part, " ") == 3)
			based[part[3]] = 1
}

/^#/ || NF == 0 || $1 == "base" { next }
$1 == "without" && NF == 2 { without[$2] = 1; next }
$1 == "package" && NF == 3 {
	if (!($2 in loaded))
		order[++suites] = $2
	load_packages($2)
	asked[++asks] = $2 " " $3
	next
}
$1 == "source" && (NF == 4 || NF == 5) && $4 == "orig" { source($2, $3, $5); next }
{ fail("package, source, without or base expected, found \"" $0 "\"") }

END {
	if (failed)
		exit 3
	for (i = 1; i <= asks; i++) {
		if (!(asked[i] in path))
			fail("package \"" asked[i] "\" expected in the index, found none")
		choose(asked[i])
	}
	for (head = 1; head <= tail; head++)
		follow(queue[head])
	for (i = 1; i <= tail; i++)
		if (!(path[queue[i]] in based))
			print sha[queue[i]], size[queue[i]], path[queue[i]]
}
