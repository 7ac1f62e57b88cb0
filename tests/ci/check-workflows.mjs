// check-workflows FILE...: reads workflows (.github/workflows/*.yml) and actions (action.yml) with GitHub's own parser and holds
// them against the rules of docs/actions.md; prints one line for each finding, "FILE: RULE: what". Exit 1 when there is one.
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { convertWorkflowTemplate, parseWorkflow, NoOperationTraceWriter } from "@actions/workflow-parser";
import { parseAction, convertActionTemplate } from "@actions/workflow-parser/actions/index";
import { parse } from "yaml";

// What this repository's jobs may ever be granted; each grant stands at the one job that needs it.
const grants = { contents: ["read", "write"], "id-token": ["write"], attestations: ["write"] };
let findings = 0;

function finding(file, rule, text) {
	findings++;
	console.log(`${file}: ${rule}: ${text}`);
}

function checkUses(file, uses) {
	if (uses.startsWith("./"))
		return;
	if (!/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)+@[0-9a-f]{40}$/.test(uses))
		finding(file, "PIN", `an action by its commit of 40 digits expected, found ${uses}`);
	if (/^actions\/(cache|setup-)/.test(uses))
		finding(file, "CACHE", `no restored results expected, found ${uses}`);
}

// A script in a workflow cannot be tried at home, and what GitHub puts into one is executed.
function checkRun(file, run) {
	if (run.includes("${{"))
		finding(file, "INJECTION", `values as variables (env:) expected, found an expression in: ${run.trim()}`);
	if (!/^(ci\/|\.ci\/run$)[^\n;&|]*\n?$/.test(run))
		finding(file, "LOGIC", `one command, of ci/, expected, found: ${run.trim()}`);
}

function checkSteps(file, steps) {
	for (const step of steps ?? []) {
		if (step.uses !== undefined)
			checkUses(file, step.uses);
		if (step.run !== undefined)
			checkRun(file, step.run);
		if (/^actions\/checkout@/.test(step.uses ?? "") && step.with?.["persist-credentials"] !== false)
			finding(file, "CREDENTIALS", "persist-credentials: false expected of a checkout");
		// By a name any job of the run can hand in what another was to make.
		if (/^actions\/download-artifact@/.test(step.uses ?? "") && step.with?.["artifact-ids"] === undefined)
			finding(file, "ARTIFACT", "artifact-ids, from the job that made it, expected of a download");
	}
}

function checkGrants(file, job, permissions) {
	if (permissions === undefined || typeof permissions !== "object" || permissions === null)
		return finding(file, "PERMISSIONS", `job ${job}: permissions, one by one, expected, found ${permissions ?? "none"}`);
	for (const [scope, access] of Object.entries(permissions))
		if (!grants[scope]?.includes(access))
			finding(file, "PERMISSIONS", `job ${job}: one of ${Object.keys(grants).join(", ")} expected, found ${scope}: ${access}`);
}

function ancestors(jobs, name, found = new Set()) {
	for (const before of [jobs[name]?.needs ?? []].flat())
		if (!found.has(before))
			ancestors(jobs, before, found.add(before));
	return found;
}

// The log's time and withdrawals are of no release, so that nothing comes before them.
function addsNoRelease(job) {
	const allowed = /^(ci\/runner make tools|ci\/extend-log \S+( --withdraw "\$ENTRY" "\$REASON")?)\n?$/;
	return job.environment === "log" && (job.steps ?? []).every((step) => step.run === undefined || allowed.test(step.run));
}

// Nothing is signed that two legs did not come to, nothing published that was not signed, and nothing of it done all the same. What a
// called workflow may do, its caller grants, and is asked here.
function checkOrder(file, workflow) {
	for (const [name, job] of Object.entries(workflow.jobs)) {
		if (workflow.on?.workflow_call !== undefined || !Object.values(job.permissions ?? {}).includes("write"))
			continue;
		if (addsNoRelease(job))
			continue;
		const before = [...ancestors(workflow.jobs, name)].map((other) => basename(workflow.jobs[other]?.uses ?? "").replace(/@.*/, ""));
		for (const needed of job.permissions.contents === "write" ? ["rebuild.yml", "attest.yml"] : ["rebuild.yml"])
			if (!before.includes(needed))
				finding(file, "ORDER", `job ${name}: after a job of ${needed} expected, found ${before.join(", ") || "none"} before it`);
		if (/always\(|failure\(|cancelled\(/.test(job.if ?? ""))
			finding(file, "ORDER", `job ${name}: only after success expected, found if: ${job.if}`);
	}
}

function checkWorkflow(file, workflow) {
	checkOrder(file, workflow);
	if (JSON.stringify(workflow.permissions) !== "{}")
		finding(file, "PERMISSIONS", "permissions: {} at the top expected");
	if (workflow.on?.pull_request_target !== undefined || workflow.on?.workflow_run !== undefined)
		finding(file, "TRIGGER", "no trigger that runs others' changes with this repository's rights expected");
	for (const [name, job] of Object.entries(workflow.jobs)) {
		checkGrants(file, name, job.permissions);
		if (job.uses !== undefined)
			checkUses(file, job.uses);
		else if (job["timeout-minutes"] === undefined)
			finding(file, "TIMEOUT", `job ${name}: timeout-minutes expected, found none`);
		checkSteps(file, job.steps);
	}
}

// What a workflow here calls is read from beside it, so that inputs and outputs are checked, too; so is what the documented caller in another
// repository calls.
function provider(folder) {
	return {
		async getFileContent(reference) {
			if (reference.repository !== undefined && `${reference.owner}/${reference.repository}` !== "OWNER/mintmark")
				throw new Error(`${reference.path} of another repository`);
			return { name: reference.path, content: readFileSync(join(folder, basename(reference.path)), "utf8") };
		},
	};
}

async function parserErrors(file, content) {
	const trace = new NoOperationTraceWriter();
	const name = basename(file);
	if (name === "action.yml") {
		const result = parseAction({ name, content }, trace);
		if (result.value)
			convertActionTemplate(result.context, result.value);
		return result.context.errors.getErrors();
	}
	const result = parseWorkflow({ name, content }, trace);
	if (result.value)
		await convertWorkflowTemplate(result.context, result.value, provider(dirname(file)), { fetchReusableWorkflowDepth: 2 });
	return result.context.errors.getErrors();
}

// GitLab's file has no parser here but YAML's: that what one job names of another is there.
function checkGitlab(file, content) {
	const tree = parse(content);
	for (const [name, job] of Object.entries(tree)) {
		if (name === "variables" || name === "stages")
			continue;
		for (const other of [job.extends ?? [], job.needs ?? []].flat())
			if (tree[other] === undefined)
				finding(file, "GITLAB", `${name}: a job ${other} expected, found none`);
		if (job.stage !== undefined && !tree.stages.includes(job.stage))
			finding(file, "GITLAB", `${name}: one of the stages expected, found ${job.stage}`);
		for (const line of job.script ?? [])
			if (!/^([A-Z]+="[^"]*" )*ci\/[^;&|]*$/.test(line))
				finding(file, "LOGIC", `one command, of ci/, expected, found: ${line}`);
	}
}

for (const file of process.argv.slice(2)) {
	const content = readFileSync(file, "utf8");
	if (basename(file) === "gitlab.yml") {
		checkGitlab(file, content);
		continue;
	}
	const errors = await parserErrors(file, content);
	for (const error of errors)
		finding(file, "PARSER", error.message);
	if (errors.length > 0)
		continue;
	const tree = parse(content);
	if (basename(file) === "action.yml")
		checkSteps(file, tree.runs.steps);
	else
		checkWorkflow(file, tree);
}
process.exitCode = findings > 0 ? 1 : 0;
