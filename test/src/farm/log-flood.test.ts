import { describe, expect, it } from "vitest";
import { residentMb } from "./process-memory.ts";
import { Farm } from "./farm.ts";

const MIB = 1024 * 1024;
const LIMIT_MIB = 256;
/** Buffers on their way: the agent's window of 32 MiB, and what the collector has not taken back yet. */
const GROWTH_MB_MAX = 160;

describe("a job that floods its log", () => {
  it("is stopped at its limit, with a mark, and costs the coordinator no more memory than a quiet one", async () => {
    await using farm = await Farm.start({ executor: "dummy", slots: 1 });
    const beforeMb = residentMb(farm.coordinator.pid);
    const spec = `
kiln: 1
matrix: {os: [linux-x86_64], python: ["3.12"]}
build: {env: {KILN_DUMMY: "flood 4000000000"}, log-limit: ${LIMIT_MIB}MiB}
`;
    const run = await farm.api.submit({ spec, name: "flood", version: "1.0", sdist: Buffer.from("a source") });
    const view = await farm.api.finished(run);
    const afterMb = residentMb(farm.coordinator.pid);
    expect(view.jobs.map(({ outcome }) => outcome)).toEqual(["out-of-resources", "not-run"]);
    const [attempt] = (await farm.api.job(run, "build-cp312-linux-x86_64")).history;
    expect(attempt?.summary).toContain(`${LIMIT_MIB} MiB`);
    expect(attempt?.logBytes).toBeLessThanOrEqual(LIMIT_MIB * MIB);
    expect(attempt?.logBytes).toBeGreaterThan((LIMIT_MIB - 1) * MIB);
    const log = await farm.api.log(run, "build-cp312-linux-x86_64", 1);
    expect(log.subarray(-200).toString()).toContain("limit");
    // Where /proc does not say how large a process is, the rest of the test still holds.
    if (beforeMb !== null && afterMb !== null) expect(afterMb - beforeMb).toBeLessThan(GROWTH_MB_MAX);
  });
});
