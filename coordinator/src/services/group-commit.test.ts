import { describe, expect, it } from "vitest";
import { createPrometheusMetrics } from "../adapters/prometheus/metrics.ts";
import type { StoreOp } from "../domain/store-op.ts";
import { agentRow } from "../domain/testing.ts";
import type { Store } from "../ports/store.ts";
import { GroupCommit } from "./group-commit.ts";

const op = (agentId: string): StoreOp => ({ op: "upsert-agent", row: agentRow(agentId, 1, []) });
const name = (entry: StoreOp): string => (entry.op === "upsert-agent" ? entry.row.agentId : entry.op);

/** A store that remembers its batches and fails when told to. */
function recording(failures: number) {
  const batches: string[][] = [];
  const trouble: unknown[] = [];
  let left = failures;
  const { promise: givenUp, resolve: onGivenUp } = Promise.withResolvers<unknown>();
  const commit = async (ops: readonly StoreOp[]): Promise<void> => {
    if (left > 0) {
      left -= 1;
      throw new Error("the disk is full");
    }
    batches.push(ops.map(name));
  };
  const store = { commit } as unknown as Store;
  const metrics = createPrometheusMetrics({ version: "0.0.0", limits: [] });
  const options = {
    gatherMs: () => 0,
    attemptsMax: 3,
    retryDelayMs: 1,
    onTrouble: (cause: unknown) => void trouble.push(cause),
    onGivenUp,
  };
  return { batches, trouble, givenUp, commits: new GroupCommit(store, metrics, options) };
}

describe("group commit", () => {
  it("makes everything of one turn of the event loop durable in one commit, in the order of the calls", async () => {
    const { batches, commits } = recording(0);
    await Promise.all([commits.add([op("a"), op("b")]), commits.add([]), commits.add([op("c")])]);
    await commits.add([op("d")]);
    expect(batches).toEqual([["a", "b", "c"], ["d"]]);
  });

  it("repeats a failed commit, tells of the trouble and of its end, and loses nothing", async () => {
    const { batches, trouble, commits } = recording(2);
    await Promise.all([commits.add([op("a")]), commits.add([op("b")])]);
    expect(batches).toEqual([["a", "b"]]);
    expect(trouble.map((cause) => cause instanceof Error)).toEqual([true, true, false]);
  });

  it("gives up after its last attempt, and nothing that waited counts as durable", async () => {
    const { batches, givenUp, commits } = recording(3);
    await expect(commits.add([op("a")])).rejects.toThrow("the disk is full");
    expect(await givenUp).toBeInstanceOf(Error);
    expect(batches).toEqual([]);
  });

  it("settles only after what was added before it", async () => {
    const { batches, commits } = recording(1);
    const first = commits.add([op("a")]);
    await commits.add([]);
    expect(batches).toEqual([["a"]]);
    await first;
  });
});
