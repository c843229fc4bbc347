import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { httpServer } from "../testing/http-server.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { FarmClient } from "./client.ts";
import { downloadFile } from "./download-file.ts";
import { uploadFile } from "./upload-file.ts";

const MIB = 1024 * 1024;
const BYTES = Buffer.alloc(4 * MIB, "0123456789abcdef!");
const SHA256 = createHash("sha256").update(BYTES).digest("hex");
const FILE = { sha256: SHA256, sizeBytes: BYTES.length };
const signal = new AbortController().signal;
const options = { signal, retryMs: 1, progress: () => {} };

const problem = (name: string, status: number) =>
  JSON.stringify({ type: `urn:kiln:problem:${name}`, title: name, status, detail: name });

type Fate = "take" | "break" | "damage";

/** A farm's blobs that break, or come damaged, as often as is said. */
async function blobFarm(fates: Fate[]) {
  const state = { kept: Buffer.alloc(0), ranges: [] as (string | undefined)[], stored: null as Buffer | null };
  const server = await httpServer(async (request, response) => {
    if (request.url?.endsWith("/upload") === true) {
      return void response.end(JSON.stringify({ sha256: SHA256, receivedBytes: state.kept.length }));
    }
    const fate = fates.shift() ?? "take";
    if (request.method === "PUT") return takeUpload(state, fate, request, response);
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    state.ranges.push(request.headers.range);
    const rest = Buffer.from(BYTES.subarray(from));
    if (fate === "damage") rest[0] = 0;
    response.writeHead(from > 0 ? 206 : 200, { "content-length": rest.length });
    if (fate === "break") response.write(rest.subarray(0, MIB), () => response.destroy());
    else response.end(rest);
  });
  const client = new FarmClient({ url: server.url, token: "", from: "", homeDir: "/nonexistent" });
  return { state, client, [Symbol.asyncDispose]: () => server.close() };
}

async function takeUpload(
  state: { kept: Buffer; ranges: (string | undefined)[]; stored: Buffer | null },
  fate: Fate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const range = request.headers["content-range"];
  state.ranges.push(range);
  const from = Number(/^bytes (\d+)-/.exec(range ?? "")?.[1] ?? 0);
  let whole = state.kept.subarray(0, from);
  for await (const chunk of request as AsyncIterable<Buffer>) {
    whole = Buffer.concat([whole, chunk]);
    if (fate === "break" && whole.length - from >= MIB) {
      state.kept = whole;
      return void request.socket.destroy();
    }
  }
  state.kept = Buffer.alloc(0);
  if (fate === "damage") return void response.writeHead(400).end(problem("digest-mismatch", 400));
  state.stored = whole;
  response.writeHead(201).end("{}");
}

describe("sending a file", () => {
  test("goes on where a connection broke, however often", async () => {
    await using dir = await tempDir();
    await using farm = await blobFarm(["break", "break", "break"]);
    const path = join(dir.path, "sdist");
    await writeFile(path, BYTES);
    await uploadFile(farm.client, { ...FILE, path }, options);
    expect(farm.state.stored?.equals(BYTES)).toBe(true);
    const starts = farm.state.ranges.map((range) => Number(/^bytes (\d+)-/.exec(range ?? "")?.[1] ?? 0));
    expect(starts).toHaveLength(4);
    for (const [index, start] of starts.entries()) expect(start).toBeGreaterThanOrEqual(index * MIB);
  });

  test("begins again when its bytes came damaged, and gives up when they always do", async () => {
    await using dir = await tempDir();
    const path = join(dir.path, "sdist");
    await writeFile(path, BYTES);
    await using farm = await blobFarm(["damage"]);
    await uploadFile(farm.client, { ...FILE, path }, options);
    expect([farm.state.stored?.equals(BYTES), farm.state.ranges]).toEqual([true, [undefined, undefined]]);
    await using bad = await blobFarm(Array.from({ length: 9 }, () => "damage" as const));
    await expect(uploadFile(bad.client, { ...FILE, path }, options)).rejects.toThrow("digest-mismatch");
    expect(bad.state.ranges).toHaveLength(4);
  });
});

describe("saving a blob", () => {
  test("goes on where a connection broke, also with what an earlier process left", async () => {
    await using dir = await tempDir();
    await using farm = await blobFarm(["break", "take"]);
    const path = join(dir.path, "wheel");
    await writeFile(`${path}.part`, BYTES.subarray(0, MIB));
    expect(await downloadFile(farm.client, FILE, path, options)).toBe(3 * MIB);
    expect((await readFile(path)).equals(BYTES)).toBe(true);
    const starts = farm.state.ranges.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
    expect(starts).toHaveLength(2);
    expect(starts[0]).toBe(MIB);
    expect(starts[1]).toBeGreaterThan(MIB);
  });

  test("whose bytes came damaged is fetched again, and nothing stands under its name before it is right", async () => {
    await using dir = await tempDir();
    await using farm = await blobFarm(["damage", "take"]);
    const path = join(dir.path, "wheel");
    await downloadFile(farm.client, FILE, path, options);
    expect((await readFile(path)).equals(BYTES)).toBe(true);
    await using bad = await blobFarm(Array.from({ length: 4 }, () => "damage" as const));
    const other = join(dir.path, "other");
    await expect(downloadFile(bad.client, FILE, other, options)).rejects.toThrow("another digest");
    await expect(readFile(other)).rejects.toThrow("ENOENT");
  });

  test("does nothing when the file is there, and never replaces another one", async () => {
    await using dir = await tempDir();
    await using farm = await blobFarm([]);
    const path = join(dir.path, "wheel");
    await writeFile(path, BYTES);
    expect(await downloadFile(farm.client, FILE, path, options)).toBe(0);
    await writeFile(path, "mine");
    await expect(downloadFile(farm.client, FILE, path, options)).rejects.toThrow("has other bytes");
    expect(await readFile(path, "utf8")).toBe("mine");
  });
});
