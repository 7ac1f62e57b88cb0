# Cuts files of cases into one folder for each case, named NNN-FILE-NAME, with one file for each keyword.
# usage: awk -v out=DIRECTORY -f split.awk FILE.cases...   Prints the folders' names in order.

function fail(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what >"/dev/stderr"
	exit failed = 2
}

function store(file, text) {
	if (file != open) {
		if (open != "")
			close(open)
		open = file
	}
	print text >>file
}

FNR == 1 {
	class = FILENAME
	sub(/.*\//, "", class)
	sub(/\.cases$/, "", class)
	folder = body = ""
}

/^#/ || /^[ \t]*$/ { next }

/^\t/ {
	if (body == "")
		fail("an indented line belongs to layer, outer, tree or attributes")
	store(body, substr($0, 2))
	next
}

{
	keyword = $1
	rest = $0
	sub(/^[^ ]+ ?/, "", rest)
	body = ""
}

keyword == "case" {
	if (rest !~ /^[a-z0-9-]+$/ || seen[class "-" rest]++)
		fail("a new name of lower-case letters, digits and hyphens expected")
	folder = sprintf("%s/%03d-%s-%s", out, ++cases, class, rest)
	layers = 0
	system("mkdir " folder)
	print folder
	next
}

folder == "" { fail("a line before the first case") }

keyword == "layer" {
	layers++
	store(folder "/layer" layers ".how", rest == "" ? "none" : rest)
	body = folder "/layer" layers ".spec"
	printf "" >body
	close(body)
	next
}

keyword == "tree" || keyword == "attributes" || keyword == "outer" {
	if (keyword == "outer")
		store(folder "/outer.how", rest == "" ? "none" : rest)
	body = folder "/" keyword
	printf "" >body
	close(body)
	next
}

keyword ~ /^(why|as|option|ref|edit|text|nest|blob|put|remove|error|differs)$/ {
	store(folder "/" keyword, rest)
	next
}

{ fail("unknown keyword " keyword) }

END { exit failed }
