import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { IndexPage } from "../../domain/staging/index-page.ts";
import type { Upstream, UpstreamFile, WantedFile } from "../../ports/upstream.ts";
import { openHttpUpstream, type UpstreamOptions } from "./http-upstream.ts";
import { startFakeUpstream, type FakeUpstream, type UpstreamFileToServe } from "./testing.ts";

const USER = { kind: "user" } as const;
const TORCH = { kind: "torch", variant: "cu118" } as const;
const WHEEL = "numpy-1.0-py3-none-any.whl";
const BYTES = Buffer.from("0123456789".repeat(100_000));
const FILES = { bytesMax: 100_000_000, entriesMax: 100, ageMaxMs: 3_600_000 };

let folder: string;
let stack: AsyncDisposableStack;
let projects: Map<string, Map<string, UpstreamFileToServe>>;
let server: FakeUpstream;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kiln-upstream-"));
  stack = new AsyncDisposableStack();
  projects = new Map([["numpy", new Map([[WHEEL, { bytes: BYTES, metadata: "Name: numpy\n" }]])]]);
  server = stack.use(await startFakeUpstream(projects));
});
afterEach(async () => {
  await stack.disposeAsync();
  await rm(folder, { recursive: true });
});

async function open(options: Partial<UpstreamOptions> = {}): Promise<Upstream> {
  const userIndexes = [server.url];
  return stack.use(await openHttpUpstream(folder, { userIndexes, torchIndex: null, files: FILES, ...options }));
}

async function pageOf(upstream: Upstream, project = "numpy"): Promise<IndexPage> {
  const outcome = await upstream.page(USER, project);
  if (!outcome.ok) throw new Error(`no page: ${JSON.stringify(outcome)}`);
  return outcome.page;
}

function wanted(set: Partial<WantedFile> = {}): WantedFile {
  return { project: "numpy", filename: WHEEL, sha256: sha256(BYTES), metadata: false, ...set };
}

async function bytesOf(file: UpstreamFile): Promise<Buffer> {
  if (!file.ok) throw new Error(`no file: ${JSON.stringify(file)}`);
  return buffer(file.kind === "kept" ? file.read() : file.body);
}

/** The file, once it is kept: keeping it goes on after the last byte was given. */
const kept = (upstream: Upstream, file = wanted()) =>
  vi.waitUntil(async () => {
    const found = await upstream.file(USER, file);
    if (found.ok && found.kind === "coming") found.body.destroy();
    return found.ok && found.kind === "kept" ? found : null;
  });

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

describe("a page from upstream", () => {
  it("is fetched once, however many ask at once and after that", async () => {
    const upstream = await open();
    const pages = await Promise.all(Array.from({ length: 10 }, () => pageOf(upstream)));
    expect(new Set([...pages, await pageOf(upstream)]).size).toBe(1);
    expect(server.asked).toEqual(["/simple/numpy/"]);
    expect(pages[0]?.files).toMatchObject([{ filename: WHEEL, sha256: sha256(BYTES), sizeBytes: BYTES.length }]);
  });

  it("is fetched again when it is too old, or others took its place", async () => {
    projects.set("scipy", new Map());
    const old = await open({ limits: { pageAgeMaxMs: 1 } });
    await pageOf(old);
    await vi.waitUntil(async () => {
      await pageOf(old);
      return server.asked.length > 1;
    });
    server.asked.length = 0;
    const small = await open({ limits: { pagesMax: 1 } });
    for (const project of ["numpy", "scipy", "numpy"]) await pageOf(small, project);
    expect(server.asked).toEqual(["/simple/numpy/", "/simple/scipy/", "/simple/numpy/"]);
  });

  it("has only files that can be the project's: an index cannot smuggle in another's", async () => {
    const files = projects.get("numpy");
    files?.set("candidate-9.0-py3-none-any.whl", { bytes: BYTES });
    files?.set("numpy-1.0.exe", { bytes: BYTES });
    expect((await pageOf(await open())).files.map(({ filename }) => filename)).toEqual([WHEEL]);
  });

  it("is read as HTML too, with what PEPs 503 and 592 put into it", async () => {
    projects.get("numpy")?.set("numpy-0.9.tar.gz", { bytes: BYTES, yanked: "bad &amp; old" });
    const html = stack.use(await startFakeUpstream(projects, "html"));
    const page = await pageOf(await open({ userIndexes: [html.url] }));
    expect(page.versions).toBeNull();
    expect(page.files).toMatchObject([
      { filename: WHEEL, sha256: sha256(BYTES), yanked: null, sizeBytes: null },
      { filename: "numpy-0.9.tar.gz", yanked: "bad & old" },
    ]);
  });

  it("that is not there is asked of the next index, and its absence is believed for a while", async () => {
    const second = stack.use(await startFakeUpstream(new Map([["other", new Map<string, UpstreamFileToServe>()]])));
    const upstream = await open({ userIndexes: [server.url, second.url] });
    expect(await upstream.page(USER, "other")).toMatchObject({ ok: true });
    expect(await upstream.page(USER, "nothing")).toEqual({ ok: false, reason: "unknown-project" });
    expect(await upstream.page(USER, "nothing")).toEqual({ ok: false, reason: "unknown-project" });
    expect(second.asked).toEqual(["/simple/other/", "/simple/nothing/"]);
    expect(await upstream.page(TORCH, "torch")).toEqual({ ok: false, reason: "not-configured" });
  });

  it("comes from PyTorch's index of the variant, whose denial means that it has no such project", async () => {
    const paths: string[] = [];
    server.intercept = (request, response) => {
      paths.push(request.url ?? "");
      response.writeHead(403).end();
      return true;
    };
    const upstream = await open({ torchIndex: server.url.replace("/simple", "/whl/{variant}") });
    expect(await upstream.page(TORCH, "torch")).toEqual({ ok: false, reason: "unknown-project" });
    expect(paths).toEqual(["/whl/cu118/torch/"]);
    expect(await upstream.page(USER, "torch")).toMatchObject({
      reason: "failed",
      detail: /^it answers 403: put a user/,
    });
  });

  it("that cannot be had is said to be so, in words without the password, and asked for again", async () => {
    const answers: [number, string, string][] = [
      [500, "text/html", ""],
      [200, "application/json", "{"],
      [200, "application/json", "[]"],
      [200, "text/html", "\u0000\u0001"],
    ];
    let next = 0;
    server.intercept = (_request, response) => {
      const [status, type, body] = answers[next++] ?? [200, "text/html", "<html>"];
      response.writeHead(status, { "content-type": type }).end(body);
      return true;
    };
    const upstream = await open({ userIndexes: [server.url.replace("//", "//me:secret@")] });
    const details: string[] = [];
    for (const _answer of answers) {
      const outcome = await upstream.page(USER, "numpy");
      if (!outcome.ok && outcome.reason === "failed") details.push(outcome.detail);
    }
    expect(details).toEqual([
      "it answers 500",
      "its page is not JSON, though it says so",
      "its page has no list of files",
      "its page is neither HTML nor JSON",
    ]);
    expect(server.authorizations).toContain(`Basic ${Buffer.from("me:secret").toString("base64")}`);
    await server[Symbol.asyncDispose]();
    const gone = await upstream.page(USER, "scipy");
    expect(gone).toMatchObject({
      reason: "failed",
      detail: expect.stringMatching(/^it cannot be reached: .*ECONNREFUSED/),
    });
    expect(JSON.stringify(gone)).not.toContain("secret");
  });

  it("is given up when it is too large or the upstream too silent", async () => {
    const small = await open({ limits: { pageBytesMax: 100 } });
    expect(await small.page(USER, "numpy")).toMatchObject({ detail: "its page of numpy has more than 100 bytes" });
    server.intercept = () => true;
    const hasty = await open({ limits: { answerMs: 30 } });
    expect(await hasty.page(USER, "numpy")).toMatchObject({ detail: "it was silent for 30 ms" });
  });

  it("waits for no other once as many are on their way as may be", async () => {
    const upstream = await open({ limits: { pagesAtOnceMax: 1 } });
    const first = upstream.page(USER, "numpy");
    expect(await upstream.page(USER, "scipy")).toEqual({ ok: false, reason: "busy", limit: 1 });
    expect(await first).toMatchObject({ ok: true });
  });

  it("comes from a folder as well, but a page from the network cannot name a file of this machine", async () => {
    const index = join(folder, "an-index");
    await mkdir(join(index, "numpy"), { recursive: true });
    await writeFile(join(index, "numpy", WHEEL), BYTES);
    const upstream = await open({ userIndexes: [pathToFileURL(index).href] });
    expect((await pageOf(upstream)).files).toMatchObject([{ filename: WHEEL, sha256: null }]);
    const file = await upstream.file(USER, wanted({ sha256: null }));
    expect(BYTES.equals(await bytesOf(file))).toBe(true);

    server.intercept = (_request, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end(`<html><a href="file:///etc/${WHEEL}">x</a><a href="javascript:${WHEEL}">x</a>`);
      return true;
    };
    expect((await pageOf(await open())).files).toEqual([]);
  });
});

describe("a file from upstream", () => {
  it("is fetched once for all who ask at once, then comes from here, whole or in part, also after a restart", async () => {
    const upstream = await open();
    const files = await Promise.all(Array.from({ length: 5 }, () => upstream.file(USER, wanted())));
    for (const file of files) expect(BYTES.equals(await bytesOf(file))).toBe(true);
    const here = await kept(upstream);
    expect((await buffer(here.read({ start: 5, end: 9 }))).toString()).toBe("56789");
    expect(server.asked.filter((path) => path.startsWith("/files/"))).toHaveLength(1);
    await server[Symbol.asyncDispose]();
    const again = await open();
    expect(BYTES.equals(await bytesOf(await again.file(USER, wanted())))).toBe(true);
  });

  it("is followed by a reader while it is coming", async () => {
    const more = Promise.withResolvers<void>();
    server.intercept = (request, response) => {
      if (!request.url?.startsWith("/files/")) return false;
      response.writeHead(200, { "content-length": BYTES.length });
      response.write(BYTES.subarray(0, 500_000));
      void more.promise.then(() => response.end(BYTES.subarray(500_000)));
      return true;
    };
    const file = await (await open()).file(USER, wanted());
    if (!file.ok || file.kind !== "coming") throw new Error("it is not coming");
    expect(file.sizeBytes).toBe(BYTES.length);
    let received = 0;
    for await (const chunk of file.body) {
      received += (chunk as Buffer).length;
      if (received >= 400_000) more.resolve();
    }
    expect(received).toBe(BYTES.length);
  });

  it("never arrives whole when its digest is not the page's, and is not kept", async () => {
    projects.get("numpy")?.set(WHEEL, { bytes: BYTES, sha256: "a".repeat(64) });
    const upstream = await open();
    const file = await upstream.file(USER, wanted({ sha256: "a".repeat(64) }));
    if (!file.ok || file.kind !== "coming") throw new Error("it is not coming");
    let received = 0;
    const reading = (async () => {
      for await (const chunk of file.body) received += (chunk as Buffer).length;
    })();
    await expect(reading).rejects.toThrow(`SHA-256 is ${sha256(BYTES)}, and its page says aaaa`);
    expect(received).toBeLessThan(BYTES.length);
    await vi.waitUntil(async () => (await readdir(folder)).length === 0);
  });

  it("fails its readers when it breaks off, ends early or is too large", async () => {
    const answers = [(length: number) => ({ "content-length": length }), () => ({})];
    for (const headers of answers) {
      server.intercept = (request, response) => {
        if (!request.url?.startsWith("/files/")) return false;
        response.writeHead(200, headers(BYTES.length));
        response.write(BYTES.subarray(0, 500_000), () => response.destroy());
        return true;
      };
      await expect((await open()).file(USER, wanted()).then(bytesOf)).rejects.toThrow(/cannot be reached/);
    }
    server.intercept = () => false;
    const small = await open({ limits: { fileBytesMax: 1_000 } });
    await expect(small.file(USER, wanted()).then(bytesOf)).rejects.toThrow("the file has more than 1000 bytes");
    await vi.waitUntil(async () => (await readdir(folder)).length === 0);
  });

  it("without a digest on its page is passed on and not kept", async () => {
    projects.get("numpy")?.set(WHEEL, { bytes: BYTES, sha256: null });
    const upstream = await open();
    for (let n = 0; n < 2; n += 1) {
      expect(BYTES.equals(await bytesOf(await upstream.file(USER, wanted({ sha256: null }))))).toBe(true);
      await vi.waitUntil(async () => (await readdir(folder)).length === 0);
    }
    expect(server.asked.filter((path) => path.startsWith("/files/"))).toHaveLength(2);
  });

  it("has its METADATA beside it where the page says so", async () => {
    const upstream = await open();
    const metadata = await upstream.file(USER, wanted({ metadata: true }));
    expect((await bytesOf(metadata)).toString()).toBe("Name: numpy\n");
    projects.get("numpy")?.set("numpy-2.0-py3-none-any.whl", { bytes: BYTES });
    const other = await open();
    const none = wanted({ filename: "numpy-2.0-py3-none-any.whl", metadata: true });
    expect(await other.file(USER, none)).toEqual({ ok: false, reason: "unknown-file" });
  });

  it("that no page lists is not asked for, whatever the address says", async () => {
    const upstream = await open();
    for (const set of [{ filename: "evil-1.0.tar.gz" }, { sha256: "b".repeat(64) }, { sha256: null }]) {
      expect(await upstream.file(USER, wanted(set))).toEqual({ ok: false, reason: "unknown-file" });
    }
    expect(await upstream.file(USER, wanted({ project: "nothing" }))).toMatchObject({ ok: false });
    expect(server.asked.filter((path) => path.startsWith("/files/"))).toEqual([]);
  });

  it("stops coming when nobody waits for it any more, and comes again when somebody asks", async () => {
    let closed = 0;
    server.intercept = (request, response) => {
      if (!request.url?.startsWith("/files/")) return false;
      if (closed > 0) return false;
      response.once("close", () => (closed += 1));
      response.writeHead(200, { "content-length": BYTES.length });
      response.write(BYTES.subarray(0, 500_000));
      return true;
    };
    const upstream = await open();
    const file = await upstream.file(USER, wanted());
    if (!file.ok || file.kind !== "coming") throw new Error("it is not coming");
    await file.body[Symbol.asyncIterator]().next();
    file.body.destroy();
    await vi.waitUntil(() => closed === 1);
    expect(BYTES.equals(await bytesOf(await upstream.file(USER, wanted())))).toBe(true);
  });

  it("makes room: the least recently used go when the bytes or the entries are too many", async () => {
    const files = new Map<string, UpstreamFileToServe>();
    const sets = [1, 2, 3].map((n) => {
      const bytes = Buffer.alloc(1_000, n);
      files.set(`numpy-${n}.0.tar.gz`, { bytes });
      return wanted({ filename: `numpy-${n}.0.tar.gz`, sha256: sha256(bytes) });
    });
    projects.set("numpy", files);
    for (const limit of [{ bytesMax: 2_500 }, { entriesMax: 2 }]) {
      const upstream = await open({ files: { ...FILES, ...limit } });
      for (const set of sets) {
        await bytesOf(await upstream.file(USER, set));
        await kept(upstream, set);
      }
      await vi.waitUntil(async () => (await readdir(folder)).length === 2);
      expect((await readdir(folder)).toSorted()).toEqual(
        sets
          .slice(1)
          .map((set) => String(set.sha256))
          .toSorted((a, b) => (a < b ? -1 : 1)),
      );
    }
  });

  it("of an earlier process that was left half written is removed", async () => {
    await writeFile(join(folder, "tmp-1-1"), "half");
    await open();
    expect(await readdir(folder)).toEqual([]);
  });

  it("fails at once when the upstream refuses it", async () => {
    server.intercept = (request, response) => {
      if (!request.url?.startsWith("/files/")) return false;
      response.writeHead(503).end();
      return true;
    };
    const upstream = await open({ limits: { downloadsAtOnceMax: 1 } });
    const [first, second] = await Promise.all([
      upstream.file(USER, wanted()),
      upstream.page(USER, "numpy").then(() => upstream.file(USER, wanted({ metadata: true }))),
    ]);
    expect([first, second]).toEqual(
      expect.arrayContaining([{ ok: false, reason: "failed", detail: "it answers 503" }]),
    );
  });
});
