# Finds the source packages of pinned binary packages in the archive's indexes: exactly the version that each was built from,
# and what it says was built into it (Built-Using). Prints "# of PATH: NAME VERSION" for each of them, then "sha256 size
# path" of each of their files, in no order.
# Call: awk -v dir=INDEXES -v suites="SUITE ..." -f sources.awk PINS.LOCK

function fail(text)
{
	printf "lock: LOCK-SOURCE: %s: %s\n", FILENAME, text > "/dev/stderr"
	exit 3
}

# A binary package has this source.
function need(file, name, version)
{
	print "# of " file ": " name " " version
	wanted[name " " version] = file
}

# "name (= version), ...".
function built_using(file, line,    n, parts, i, part)
{
	n = split(line, parts, /, */)
	for (i = 1; i <= n; i++) {
		gsub(/[(=)]/, " ", parts[i])
		split(parts[i], part, " ")
		need(file, part[1], part[2])
	}
}

# A stanza names its source unless that has its own name, with the version unless that is its own, too.
function binary(    name, version)
{
	if (!(field["Filename"] in pinned))
		return
	delete pinned[field["Filename"]]
	name = field["Package"]
	version = field["Version"]
	if ("Source" in field) {
		name = version = field["Source"]
		sub(/ .*/, "", name)
		if (!sub(/.*\(/, "", version))
			version = field["Version"]
		sub(/\).*/, "", version)
	}
	need(field["Filename"], name, version)
	built_using(field["Filename"], field["Built-Using"])
	built_using(field["Filename"], field["Static-Built-Using"])
}

function read_packages(file,    line, key)
{
	split("", field)
	while ((getline line < file) > 0) {
		key = line
		sub(/:.*/, "", key)
		if (line == "") {
			binary()
			split("", field)
		} else if (key ~ /^(Package|Version|Source|Filename|Built-Using|Static-Built-Using)$/)
			field[key] = substr(line, length(key) + 3)
	}
	binary()
	close(file)
}

function source(    i, id)
{
	id = field["Package"] " " field["Version"]
	if (!(id in wanted))
		return
	if (!sums || field["Directory"] == "")
		fail("sha256 sums and Directory of the source \"" id "\" expected in the index, found none")
	delete wanted[id]
	for (i = 1; i <= sums; i++)
		print sum[i], field["Directory"] "/" name[i]
}

function read_sources(file,    line, key, part)
{
	split("", field)
	sums = 0
	while ((getline line < file) > 0) {
		key = line
		sub(/:.*/, "", key)
		if (line == "") {
			source()
			split("", field)
			sums = 0
		} else if (line !~ /^ /) {
			in_sums = key == "Checksums-Sha256"
			if (key ~ /^(Package|Version|Directory)$/)
				field[key] = substr(line, length(key) + 3)
		} else if (in_sums) {
			split(line, part, " ")
			sum[++sums] = part[1] " " part[2]
			name[sums] = part[3]
		}
	}
	source()
	close(file)
}

!/^#/ && NF == 3 { pinned[$3] }

END {
	n = split(suites, suite, " ")
	for (i = 1; i <= n; i++)
		read_packages(dir "/" suite[i] ".Packages")
	for (i = 1; i <= n; i++)
		read_sources(dir "/" suite[i] ".Sources")
	for (path in pinned)
		fail("a package that the index has expected, found " path)
	for (id in wanted)
		fail("the source \"" id "\" of " wanted[id] " expected in the index, found none")
}
