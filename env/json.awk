# Prints the strings, numbers and words of a JSON document, one "PATH<TAB>VALUE" each: .config.digest, .layers[0].size.
# In a name . [ and \ have a \ before them, so that each path is that of one place. A string is printed without its quotes and as it stands, escapes and all. Judges nothing: what reads the document in
# earnest does.

function path(    i, text)
{
	for (i = 1; i <= depth; i++)
		text = text (kind[i] == "[" ? "[" place[i] "]" : "." place[i])
	return text
}

{
	line = $0
	while (match(line, /^[ \t\r]*("([^"\\]|\\.)*"|[][{},:]|[^][{},: \t\r"]+)/)) {
		token = substr(line, 1, RLENGTH)
		line = substr(line, RLENGTH + 1)
		sub(/^[ \t\r]+/, "", token)
		if (token == "{" || token == "[") {
			kind[++depth] = token
			place[depth] = token == "[" ? 0 : ""
			naming = token == "{"
		} else if (token == "}" || token == "]") {
			depth--
			naming = 0
		} else if (token == ",") {
			if (kind[depth] == "[")
				place[depth]++
			naming = kind[depth] == "{"
		} else if (token == ":") {
			naming = 0
		} else {
			gsub(/^"|"$/, "", token)
			if (naming) {
				gsub(/[].[\\]/, "\\\\&", token)
				gsub(/\t/, "\\t", token)
				place[depth] = token
			} else {
				printf "%s\t%s\n", path(), token
			}
		}
	}
}
