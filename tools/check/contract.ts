// Fails when the contract breaks buf's style rules, or what was released of it.
import { buf, RELEASED_IMAGE } from "../proto.ts";

const problems: string[] = [];
for (const args of [["lint"], ["breaking", "--against", RELEASED_IMAGE]]) {
  try {
    await buf(args);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
}
process.stdout.write(problems.join("\n"));
process.exitCode = problems.length === 0 ? 0 : 1;
