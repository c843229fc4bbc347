// Everything that is checked without running the product: `./kiln check`, or
// `./kiln check lint types` for some of it.
import { CHECKS, reportChecks } from "./check/checks.ts";

const names = process.argv.slice(2);
const unknown = names.filter((name) => !CHECKS.some((check) => check.name === name));
if (unknown.length > 0) {
  process.stderr.write(`no such check: ${unknown.join(", ")}\n`);
  process.stderr.write(`checks: ${CHECKS.map((check) => check.name).join(", ")}\n`);
  process.exit(64);
}
const { failed } = await reportChecks(
  names.length === 0 ? CHECKS : CHECKS.filter((check) => names.includes(check.name)),
);
process.exitCode = failed === 0 ? 0 : 1;
