import type { Problem } from "@kiln/proto";
import { describe, expect, it } from "vitest";
import { runRow } from "../../domain/testing.ts";
import { LOG_KEY, sha256, startTestServer, type TestServer } from "./testing.ts";

const BYTES = Buffer.from("a wheel");
const DIGEST = sha256(BYTES);

async function refusal(response: Response): Promise<[number, string, string]> {
  const { type, detail } = (await response.json()) as Problem;
  return [response.status, type, detail];
}

async function insertRun(server: TestServer, finishedAtMs: number): Promise<void> {
  const run = { ...runRow(7), state: "finished", finishedAtMs } as const;
  await server.store.commit([{ op: "insert-run", run, planJson: "{}", jobs: [], builds: [] }]);
}

describe("what the retention removed", () => {
  it("is answered with 410, when it went and by which rule, and taken again when it is sent again", async () => {
    await using server = await startTestServer();
    await server.get(`/blobs/${DIGEST}`, { method: "PUT", body: BYTES });
    const noted = { sha256: DIGEST, sizeBytes: BYTES.length, removedAtMs: 1_767_225_600_000, rule: "it was old" };
    await server.store.retention.noteRemoved(noted);
    expect((await server.get(`/blobs/${DIGEST}`)).status).toBe(200);
    expect(await server.disk.remove(DIGEST, Date.now() + 1_000)).toBe(true);
    expect(await refusal(await server.get(`/blobs/${DIGEST}`))).toEqual([
      410,
      "urn:kiln:problem:gone",
      `the blob ${DIGEST} went on 2026-01-01T00:00:00.000Z: it was old`,
    ]);
    expect((await server.get(`/blobs/${DIGEST}`, { method: "HEAD" })).status).toBe(410);
    expect((await server.get(`/blobs/${DIGEST}`, { method: "PUT", body: BYTES })).status).toBe(201);
    expect((await server.get(`/blobs/${DIGEST}`)).status).toBe(200);
  });

  it("is a log, too, and one that is still there is shown", async () => {
    await using server = await startTestServer();
    server.farm.attempt = { finished: true, logBytes: 5, expired: { atMs: 1_767_225_600_000, rule: "it was old" } };
    await server.logs.write(LOG_KEY, 0, [Buffer.from("hello")]);
    const path = "/runs/r7/jobs/build-cp312/log";
    expect(await (await server.get(path)).text()).toBe("hello");
    await server.logs.removeRun(LOG_KEY.run);
    const [status, type, detail] = await refusal(await server.get(path));
    expect([status, type]).toEqual([410, "urn:kiln:problem:gone"]);
    expect(detail).toContain("went on 2026-01-01T00:00:00.000Z: it was old");
  });
});

describe("a pin", () => {
  it("is put and taken away, and refused for a run whose bytes went", async () => {
    await using server = await startTestServer();
    await insertRun(server, 1_000);
    expect((await server.get("/runs/r7/pin", { method: "PUT" })).status).toBe(200);
    expect((await server.store.run(7))?.pinnedAtMs).toBeGreaterThan(0);
    expect(await server.store.retention.expire(7, 2_000, "it was old")).toBe(false);
    expect((await server.get("/runs/r7/pin", { method: "DELETE" })).status).toBe(200);
    expect(await server.store.retention.expire(7, 2_000, "it was old")).toBe(true);
    expect((await refusal(await server.get("/runs/r7/pin", { method: "PUT" })))[0]).toBe(410);
    expect((await refusal(await server.get("/runs/r9/pin", { method: "PUT" })))[1]).toBe(
      "urn:kiln:problem:no-such-run",
    );
  });
});

describe("the limit of all that is stored", () => {
  it("refuses an upload with 507 before it is read, and takes what is there already", async () => {
    await using server = await startTestServer({ limits: { storedBytesMax: 10 } });
    expect((await server.get(`/blobs/${DIGEST}`, { method: "PUT", body: BYTES })).status).toBe(201);
    const other = Buffer.from("more");
    const [status, , detail] = await refusal(
      await server.get(`/blobs/${sha256(other)}`, { method: "PUT", body: other }),
    );
    expect(status).toBe(507);
    expect(detail).toContain("limit stored-bytes");
    expect(server.limitsReached).toEqual(["stored-bytes"]);
    expect((await server.get(`/blobs/${DIGEST}`, { method: "PUT", body: BYTES })).status).toBe(200);
    const farm = (await (await server.get("/farm")).json()) as { stored: unknown };
    expect(farm.stored).toEqual({ blobs: 1, bytes: BYTES.length, bytesMax: 10 });
  });
});
