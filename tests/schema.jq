# Checks a document against a JSON schema: prints a line for each thing that is wrong, nothing when all is well.
# Knows the words that the schemas in docs/ use for their documents; an unknown one is an error, so that none is
# passed over. jq -r --slurpfile schema SCHEMA -f schema.jq DOCUMENT

def words: ["$schema", "$ref", "$defs", "title", "description", "type", "const", "enum", "pattern", "minLength",
	"minimum", "maximum", "required", "properties", "additionalProperties", "items", "minItems", "maxItems", "oneOf",
	"contentEncoding"];

def fits($name):
	if $name == "integer" then type == "number" and . == floor else type == $name end;

def wrong($s; $defs; $at):
	. as $v
	| if $s == true then empty
	elif $s == false then "\($at): not allowed"
	else
		(($s | keys) - words | select(length > 0) | "\($at): unknown words in the schema: \(join(" "))"),
		(if $s["$ref"] then wrong($defs[$s["$ref"] | ltrimstr("#/$defs/")]; $defs; $at) else empty end),
		(if $s.type and (fits($s.type) | not) then "\($at): \($s.type) expected, found \(type)" else empty end),
		(if ($s | has("const")) and $v != $s.const then "\($at): \($s.const) expected, found \($v)" else empty end),
		(if $s.enum and ($s.enum | index([$v]) | not) then "\($at): one of \($s.enum) expected, found \($v)" else empty end),
		(if $s.oneOf and ([$s.oneOf[] | . as $one | select([$v | wrong($one; $defs; $at)] == [])] | length) != 1
			then "\($at): exactly one of several forms expected" else empty end),
		(if type == "string" then
			(if $s.pattern and (test($s.pattern) | not) then "\($at): \($s.pattern) expected, found \($v)" else empty end),
			(if $s.minLength and length < $s.minLength then "\($at): too short" else empty end)
		elif type == "number" then
			(if $s.minimum and $v < $s.minimum then "\($at): at least \($s.minimum) expected, found \($v)" else empty end),
			(if $s.maximum and $v > $s.maximum then "\($at): at most \($s.maximum) expected, found \($v)" else empty end)
		elif type == "array" then
			(if $s.minItems and length < $s.minItems then "\($at): \($s.minItems) items expected, found \(length)" else empty end),
			(if $s.maxItems and length > $s.maxItems then "\($at): at most \($s.maxItems) items expected, found \(length)" else empty end),
			(if $s.items then range(length) as $i | $v[$i] | wrong($s.items; $defs; "\($at)[\($i)]") else empty end)
		elif type == "object" then
			(($s.required // [])[] | select(. as $key | $v | has($key) | not) | "\($at).\(.): expected, found none"),
			(keys_unsorted[] as $key | $v[$key] | wrong(
				if ($s.properties // {}) | has($key) then $s.properties[$key]
				elif $s | has("additionalProperties") then $s.additionalProperties
				else true end; $defs; "\($at).\($key)"))
		else empty end)
	end;

$schema[0] as $s | wrong($s; $s["$defs"]; "")
