import type { ExampleFact } from "./gate-facts.ts";
import { decide, rule, statement } from "./rule.ts";

const EXAMPLE: ExampleFact = { name: "examples/quickstart.py", cell: "cp312-linux-x86_64", exitCode: 0 };

/** G27: each example exits 0. */
export const examplesRun = rule({
  id: "G27",
  name: "examples-run",
  needs: ["examples"],
  defaults: {},
  judge: ({ examples }) => {
    const problems = examples.flatMap(({ name, cell, exitCode }) =>
      exitCode !== null && exitCode !== 0 ? [statement(`${name} in ${cell} exited with ${exitCode}`)] : [],
    );
    const doubts = examples.flatMap(({ name, cell, exitCode }) =>
      exitCode === null ? [statement(`${name} in ${cell} did not end`)] : [],
    );
    if (examples.length === 0) doubts.push(statement("no example was run"));
    return decide({ problems, doubts }, `${examples.length} examples exit 0`);
  },
  cases: {
    pass: { facts: { examples: [EXAMPLE] }, options: {} },
    fail: { facts: { examples: [{ ...EXAMPLE, exitCode: 1 }] }, options: {} },
    cannotTell: { facts: { examples: [{ ...EXAMPLE, exitCode: null }] }, options: {} },
  },
});
