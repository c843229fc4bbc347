import { capabilitiesOf, KNOWLEDGE, lacks, type AgentCapabilities } from "@kiln/matrix";
import type { Pool } from "./live-job.ts";
import type { AgentRow } from "./rows.ts";

/** Answers kept for one agent; past this they are all forgotten and asked again. */
const ANSWERS_MAX = 10_000;

/** What an agent can run, in the matrix's terms. */
export function abilitiesOf(row: AgentRow): AgentCapabilities {
  const { inventory, name, kinds, installsTorch, executors } = row;
  const { osRelease, pythons, gpus, cudaToolkits } = inventory;
  return capabilitiesOf({ name, kinds, osRelease, pythons, installsTorch, gpus, cudaToolkits, executors });
}

/** Whether an agent has what a pool requires. The scheduler asks for every pool at every decision: answers are kept. */
export function ableOf(row: AgentRow): (pool: Pool) => boolean {
  const capabilities = abilitiesOf(row);
  const answers = new Map<string, boolean>();
  return ({ key, requirement }) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (answers.size >= ANSWERS_MAX) answers.clear();
    const able = lacks(requirement, capabilities, KNOWLEDGE).length === 0;
    answers.set(key, able);
    return able;
  };
}
