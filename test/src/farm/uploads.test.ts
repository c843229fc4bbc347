import { describe, expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { Wire } from "./wire.ts";

const MB = 1_000_000;
const JOB = "build-cp312-linux-x86_64";

function specOf(bytes: number): string {
  return `
kiln: 1
matrix: {os: [linux-x86_64], python: ["3.12"]}
build: {env: {KILN_DUMMY: "upload ${bytes}"}}
retry: {infrastructure: 3}
gates: {artifact-contents: off} # what is uploaded is no wheel
`;
}

/** A farm whose agent sends blobs over a wire. */
async function farmOnWire(wire: Wire): Promise<Farm> {
  const env = { KILN_FARM_URL: wire.url, KILN_LEASE_TTL_MS: "5000" };
  const farm = await Farm.start({ executor: "dummy", slots: 1, agents: [], env });
  wire.leadTo(farm.coordinator.ready.httpUrl);
  await farm.startAgent("a1");
  return farm;
}

describe("an upload of an artifact", () => {
  it("of 500 MB goes on where it was when its agent was killed, and the log has the bytes that were sent", async () => {
    const sizeBytes = 500 * MB;
    await using wire = await Wire.listen();
    await using farm = await farmOnWire(wire);
    const halfway = wire.sent(200 * MB);
    const run = await farm.api.submit({
      ...{ spec: specOf(sizeBytes), name: "large", version: "1.0" },
      sdist: Buffer.from("a source"),
    });
    await halfway;
    await farm.agent("a1").kill();
    const sentByTheFirst = wire.sentBytes;
    await farm.startAgent("a1");
    const view = await farm.api.finished(run);
    expect(view.verdict).toBe("pass");

    const { history } = await farm.api.job(run, JOB);
    expect(history.map(({ outcome }) => outcome)).toEqual(["agent-lost", "passed"]);
    const log = (await farm.api.log(run, JOB, 2)).toString();
    const from = Number(/ are there: going on from byte (\d+)/.exec(log)?.[1]);
    // What was on its way when it was killed is lost, and no more: the buffers of two sockets and a coordinator.
    expect(from).toBeGreaterThan(sentByTheFirst - 32 * MB);
    expect(log).toContain(`sent ${sizeBytes - from} bytes of large-1.0-cp312-none-any.whl, from byte ${from}`);
    expect(wire.sentBytes).toBeLessThan(sizeBytes + 32 * MB);
    const [wheel] = history[1]?.artifacts ?? [];
    expect(wheel?.blob.sizeBytes).toBe(sizeBytes);
    const head = await farm.api.fetch(`/api/v1/blobs/${wheel?.blob.sha256}`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(sizeBytes));
  });

  it("with a byte that was flipped on the way is broken off by TLS, and goes on to the bytes that were promised", async () => {
    const sizeBytes = 20 * MB;
    await using wire = await Wire.listen();
    wire.flipByteAt(10 * MB);
    await using farm = await farmOnWire(wire);
    const run = await farm.api.submit({
      ...{ spec: specOf(sizeBytes), name: "flipped", version: "1.0" },
      sdist: Buffer.from("another source"),
    });
    expect((await farm.api.finished(run)).verdict).toBe("pass");
    const { history } = await farm.api.job(run, JOB);
    expect(history).toHaveLength(1);
    const log = (await farm.api.log(run, JOB, 1)).toString();
    const from = Number(/sent \d+ bytes of \S+, from byte (\d+)\n/.exec(log)?.[1]);
    // Not a byte after the flipped one was taken, and those before it are not sent again.
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThan(10 * MB);
    expect(wire.sentBytes).toBeGreaterThan(sizeBytes);
    const [wheel] = history[0]?.artifacts ?? [];
    expect((await farm.api.fetch(`/api/v1/blobs/${wheel?.blob.sha256}`, { method: "HEAD" })).status).toBe(200);
  });
});
