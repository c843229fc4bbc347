// Runs the rules of boundaries.config.ts over every package, and fails too when
// dependency-cruiser saw less than there is: without a parser that knows the
// syntax it finds nothing wrong with the almost nothing that it sees.
import { globSync } from "node:fs";
import { Visitor } from "@swc/core/Visitor.js";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { forbidden, options } from "../../boundaries.config.ts";
import { root } from "../tool.ts";

process.chdir(root);
teachUsing();

const files = globSync("*/src/**/*.ts").map((file) => file.replaceAll("\\", "/"));
const { output } = await cruise(files, { ...options, ruleSet: { forbidden }, validate: true });
if (typeof output === "string") throw new Error("dependency-cruiser returned text where a result was expected");
const problems = [...violations(output), ...blindSpots(output)];
for (const line of problems) process.stdout.write(`${line}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** swc parses `using` and `await using`; its visitor, which dependency-cruiser walks with, does not know them. */
/* oxlint-disable typescript/no-deprecated -- dependency-cruiser walks with this visitor as long as there is no other */
function teachUsing(): void {
  const { visitStatement } = Visitor.prototype;
  Visitor.prototype.visitStatement = function (statement) {
    if (!isUsing(statement)) return visitStatement.call(this, statement);
    statement.decls = this.visitVariableDeclarators(statement.decls);
    return statement;
  };
}

type Declarators = Parameters<Visitor["visitVariableDeclarators"]>[0];

function isUsing<T extends { readonly type: string }>(node: T): node is T & { decls: Declarators } {
  return node.type === "UsingDeclaration";
}

/* oxlint-enable typescript/no-deprecated */

function violations(result: ICruiseResult): string[] {
  const comments = new Map(forbidden.map((rule) => [rule.name, rule.comment]));
  return result.summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle === undefined ? to : cycle.map((step) => step.name).join(" → ");
    const comment = comments.get(rule.name);
    return `${rule.name}: ${from} → ${path}${comment === undefined ? "" : `\n    ${comment}`}`;
  });
}

function blindSpots(result: ICruiseResult): string[] {
  const seen = new Set(result.modules.map((module) => module.source));
  const unseen = files.filter((file) => !seen.has(file)).map((file) => `not seen by dependency-cruiser: ${file}`);
  // Listed is not parsed: sources import each other more often than not.
  const imports = result.summary.totalDependenciesCruised ?? 0;
  return imports >= files.length / 2
    ? unseen
    : [...unseen, `dependency-cruiser saw ${imports} imports in ${files.length} files`];
}
