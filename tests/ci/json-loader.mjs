// json-loader: lets node import JSON as GitHub's parser does it, which is written for bundlers and does not say that it is JSON.
// For node --import alone; changes nothing else of how modules are found.
import { readFile } from "node:fs/promises";
import { register } from "node:module";

if (!import.meta.url.includes("?hooks"))
	register(`${import.meta.url}?hooks`);

export async function load(url, context, next) {
	if (!url.endsWith(".json"))
		return next(url, context);
	return { format: "module", shortCircuit: true, source: `export default ${await readFile(new URL(url), "utf8")}` };
}
