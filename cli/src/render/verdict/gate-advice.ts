import type { GateView, VerdictView } from "@kiln/proto";
import { isOpen, orderGates } from "./order-gates.ts";

type Command = readonly [command: string, does: string];

/** What to do about a verdict: about the gates that are shut, in the order in which they decide. */
export function adviceFor(view: VerdictView): readonly Command[] {
  const { run } = view;
  const shut = orderGates(view).filter((gate) => !isOpen(gate));
  if (shut.length === 0) return [[`./kiln verdict ${run} --markdown`, "release notes with these tables"]];
  const commands = shut.flatMap((gate) => adviceOf(gate, run));
  const first = shut.find(({ id }) => id !== "M01");
  if (first && view.candidate.digest !== null) {
    commands.push([
      `./kiln waive ${run} ${first.id} --reason WHY --expires DAY`,
      "answer for it: this candidate, until that day",
    ]);
  }
  return [...new Map(commands).entries()];
}

function adviceOf({ id, outcome, evidence }: GateView, run: string): Command[] {
  const [job] = evidence.flatMap((one) => (one.kind === "job" ? [one.job] : []));
  if (id === "M01")
    return [[`./kiln approve ${run}`, "approve these bytes, by a token of the role or name that is missing"]];
  if (job !== undefined && outcome === "fail") return [[`./kiln logs ${run} ${job}`, "what went wrong"]];
  if (id === "G13") return [[`./kiln retry ${run} --failed --wait`, "run again what came to no result"]];
  if (outcome === "fail")
    return [[`./kiln submit SOURCE --reuse ${run} --wait`, "once it is mended: runs only what changed"]];
  return [[`./kiln show ${run} --jobs`, "what was run, and what not"]];
}
