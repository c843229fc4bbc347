import { createHash } from "node:crypto";
import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { runReader, type Problem, type StagedView } from "@kiln/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openHttpUpstream } from "../../adapters/http-upstream/http-upstream.ts";
import {
  startFakeUpstream,
  type FakeUpstream,
  type UpstreamFileToServe,
} from "../../adapters/http-upstream/testing.ts";
import { wheel } from "../../domain/staging/testing.ts";
import { twoStepPlan } from "../../domain/testing.ts";
import { insertRun } from "../../services/testing-index.ts";
import { temporaryFolder } from "@kiln/testkit";
import { startTestServer, TOKEN, type TestServer } from "./testing.ts";

const JSON_TYPE = "application/vnd.pypi.simple.v1+json";
const FILENAME = "demo_pkg-1.0-py3-none-any.whl";
const WHEEL = wheel({ name: "demo_pkg", metadata: ["Requires-Python: >=3.8"] });
const OTHER = Buffer.from("0123456789".repeat(50_000));

let stack: AsyncDisposableStack;
let projects: Map<string, Map<string, UpstreamFileToServe>>;
let upstream: FakeUpstream;
let server: TestServer;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  projects = new Map([["numpy", new Map([["numpy-1.0.tar.gz", { bytes: OTHER, yanked: "old" }]])]]);
  upstream = stack.use(await startFakeUpstream(projects));
  const folder = stack.use(temporaryFolder("kiln-index-")).path;
  const files = { bytesMax: 10_000_000, entriesMax: 10, ageMaxMs: 60_000 };
  const proxied = await openHttpUpstream(folder, { userIndexes: [upstream.url], torchIndex: null, files });
  server = stack.use(await startTestServer({ upstream: stack.use(proxied), limits: { jsonBytesMax: 100_000 } }));
  await insertRun(server.store, 7, twoStepPlan(["3.12"]), "Demo.Pkg");
});
afterEach(() => stack.disposeAsync());

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: basic("anybody", TOKEN), ...(init.headers as Record<string, string>) };
  return fetch(new URL(path, `${server.url}/index/r7/any/`), { redirect: "manual", ...init, headers });
}

interface Page {
  readonly versions: readonly string[];
  readonly files: readonly { readonly filename: string; readonly url: string; readonly yanked?: boolean | string }[];
}

async function page(path: string): Promise<Page & { readonly base: string }> {
  const response = await ask(path, { headers: { accept: JSON_TYPE } });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, JSON_TYPE]);
  return { ...((await response.json()) as Page), base: response.url };
}

async function problem(response: Response): Promise<{ status: number; type: string; detail: string }> {
  const { type, detail } = (await response.json()) as Problem;
  return { status: response.status, type: type.replace("urn:kiln:problem:", ""), detail };
}

type Fields = Readonly<Record<string, string>>;

function form(file: Uint8Array, filename = FILENAME, fields: Fields = {}): FormData {
  const body = new FormData();
  const all = { ":action": "file_upload", sha256_digest: sha256(file), name: "Demo-Pkg", version: "1.0", ...fields };
  for (const [name, value] of Object.entries(all)) if (value !== "") body.append(name, value);
  body.append("content", new Blob([new Uint8Array(file)]), filename);
  return body;
}

const upload = (body: FormData, path = "legacy/", headers: Fields = {}) => ask(path, { method: "POST", body, headers });
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("the token", () => {
  it("may be the password of any user, or a bearer's; a browser's challenge asks for it", async () => {
    for (const authorization of [basic("kiln", TOKEN), basic("", TOKEN), basic("a", TOKEN), `Bearer ${TOKEN}`]) {
      expect((await ask("simple/", { headers: { authorization } })).status).toBe(200);
    }
    for (const authorization of [basic(TOKEN, ""), basic("kiln", `${TOKEN}x`), "Basic !", "Basic", `Digest ${TOKEN}`]) {
      const response = await ask("simple/", { headers: { authorization } });
      expect(response.headers.get("www-authenticate")).toBe('Basic realm="kiln", charset="UTF-8"');
      expect(await problem(response)).toMatchObject({ status: 401, type: "unauthorized" });
    }
  });

  it("makes readers that read the index of their own run and nothing else", async () => {
    const headersOf = (run: number, password = runReader(TOKEN, run).password) => ({
      authorization: basic(`r${run}`, password),
    });
    const statusOf = async (path: string, headers: Fields, method = "GET"): Promise<number> =>
      (await ask(path, { headers, method })).status;
    expect(await statusOf("simple/demo-pkg/", headersOf(7))).toBe(200);
    expect(await statusOf("simple/demo-pkg/", headersOf(8))).toBe(403);
    expect(await statusOf("simple/demo-pkg/", headersOf(7, runReader(TOKEN, 8).password))).toBe(401);
    expect(await statusOf("simple/demo-pkg/", headersOf(7, `${runReader(TOKEN, 7).password}x`))).toBe(401);
    expect(await statusOf("legacy/", headersOf(7), "POST")).toBe(403);
    const upstream = `${server.url}/index/upstream/user/numpy/${"0".repeat(64)}/numpy-1.0-py3-none-any.whl`;
    expect((await fetch(upstream, { headers: headersOf(7) })).status).toBe(404);
    expect((await fetch(upstream, { headers: headersOf(7, "guess") })).status).toBe(401);
    expect((await fetch(`${server.url}/api/v1/runs`, { headers: headersOf(7) })).status).toBe(401);
  });

  it("as a password opens the index and nothing else", async () => {
    const headers = { authorization: basic("kiln", TOKEN) };
    expect((await fetch(`${server.url}/api/v1/runs`, { headers })).status).toBe(401);
  });
});

describe("a page of the candidate", () => {
  it("is JSON or HTML as asked for, with every fact that installers want", async () => {
    expect((await upload(form(WHEEL))).status).toBe(200);
    const { base, files, versions } = await page("simple/demo-pkg/");
    expect({ versions, files }).toEqual({
      versions: ["1.0"],
      files: [
        {
          filename: FILENAME,
          url: `../../files/${sha256(WHEEL)}/${FILENAME}`,
          hashes: { sha256: sha256(WHEEL) },
          "requires-python": ">=3.8",
          size: WHEEL.byteLength,
          "upload-time": "2026-01-02T03:04:05.000Z",
          "core-metadata": { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        },
      ],
    });
    const html = await ask("simple/demo-pkg/", { headers: { accept: "text/html" } });
    expect(html.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await html.text()).toContain(`href="../../files/${sha256(WHEEL)}/${FILENAME}#sha256=${sha256(WHEEL)}"`);

    const url = new URL(files[0]?.url ?? "", base).href;
    const bytes = await ask(url);
    expect(Buffer.from(await bytes.arrayBuffer()).equals(WHEEL)).toBe(true);
    expect(bytes.headers.get("cache-control")).toContain("immutable");
    const part = await ask(url, { headers: { range: "bytes=-4" } });
    expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, WHEEL.subarray(-4)]);
    const head = await ask(url, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(WHEEL.byteLength)]);
    const metadata = await (await ask(`${url}.metadata`)).text();
    expect(metadata).toContain("Name: demo_pkg\nVersion: 1.0\nRequires-Python: >=3.8\n");
    expect(sha256(Buffer.from(metadata))).toBe(
      (files[0] as unknown as { "core-metadata": { sha256: string } })["core-metadata"].sha256,
    );
  });

  it("is empty, and not upstream's, while nothing is staged", async () => {
    projects.set("demo-pkg", new Map([["demo_pkg-99.0-py3-none-any.whl", { bytes: WHEEL }]]));
    expect((await page("simple/demo-pkg/")).files).toEqual([]);
    expect(upstream.asked).toEqual([]);
  });

  it("has one address: other spellings and a missing slash are sent there", async () => {
    const found = async (path: string) => {
      const response = await ask(path);
      const location = response.headers.get("location") ?? "";
      return [response.status, new URL(location, response.url).pathname];
    };
    for (const path of [
      "simple/Demo.Pkg/",
      "simple/DEMO--pkg/",
      "simple/demo_pkg",
      "simple/demo-pkg",
      "simple/Demo%2EPkg/",
    ]) {
      expect([path, ...(await found(path))]).toEqual([path, 301, "/index/r7/any/simple/demo-pkg/"]);
    }
    expect(await found("simple")).toEqual([301, "/index/r7/any/simple/"]);
    expect(upstream.asked).toEqual([]);
  });

  it("is sent once to a client that asks whether it changed", async () => {
    const first = await ask("simple/demo-pkg/");
    const headers = { "if-none-match": first.headers.get("etag") ?? "" };
    expect([first.status, (await ask("simple/demo-pkg/", { headers })).status]).toEqual([200, 304]);
    await upload(form(WHEEL));
    expect((await ask("simple/demo-pkg/", { headers })).status).toBe(200);
    expect((await ask("simple/demo-pkg/", { headers: { ...headers, accept: JSON_TYPE } })).status).toBe(200);
  });

  it("is listed alone on the root", async () => {
    const response = await ask("simple/", { headers: { accept: JSON_TYPE } });
    expect(await response.json()).toEqual({ meta: { "api-version": "1.1" }, projects: [{ name: "demo-pkg" }] });
    expect(await (await ask("simple/")).text()).toContain('<a href="demo-pkg/">demo-pkg</a>');
  });

  it("is a problem that says what there is when the address or the media type is wrong", async () => {
    expect(await problem(await ask("../../r8/any/simple/x/"))).toMatchObject({ status: 404, type: "no-such-run" });
    expect(await problem(await ask("../../run/any/simple/x/"))).toMatchObject({ status: 404, type: "no-such-run" });
    const variant = await ask("../cu118/simple/demo-pkg/");
    expect(variant.statusText).toBe('r7 has no index "cu118"; it has any');
    expect(await problem(variant)).toMatchObject({ status: 404, type: "no-such-index" });
    for (const name of ["..%2f..%2fetc", "-x", "%00", "é", "x".repeat(900)]) {
      expect(await problem(await ask(`simple/${name}/`))).toMatchObject({ status: 404, type: "no-such-project" });
    }
    const xml = await ask("simple/demo-pkg/", { headers: { accept: "application/xml" } });
    expect(await problem(xml)).toMatchObject({ status: 406, type: "not-acceptable" });
    const file = await ask(`files/${sha256(OTHER)}/${FILENAME}`);
    expect(await problem(file)).toMatchObject({ status: 404, type: "no-such-file" });
  });
});

describe("a page of another project", () => {
  it("is upstream's, with links that lead here and a file that is checked on its way", async () => {
    const { base, files } = await page("simple/numpy/");
    const url = `../../../../upstream/user/numpy/${sha256(OTHER)}/numpy-1.0.tar.gz`;
    expect(files).toMatchObject([{ filename: "numpy-1.0.tar.gz", url, yanked: "old" }]);
    const coming = await ask(new URL(url, base).href);
    expect(coming.headers.get("content-length")).toBe(String(OTHER.byteLength));
    expect(Buffer.from(await coming.arrayBuffer()).equals(OTHER)).toBe(true);
    const kept = await vi.waitUntil(async () => {
      const part = await ask(new URL(url, base).href, { headers: { range: "bytes=0-3" } });
      return part.status === 206 ? part : null;
    });
    expect(await kept.text()).toBe("0123");
  });

  it("breaks the connection over a file with another digest, before it is whole", async () => {
    projects.get("numpy")?.set("numpy-2.0.tar.gz", { bytes: OTHER, sha256: "a".repeat(64) });
    const response = await ask(`../../upstream/user/numpy/${"a".repeat(64)}/numpy-2.0.tar.gz`);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it("is a problem when upstream does not have it, or fails", async () => {
    expect(await problem(await ask("simple/nothing/"))).toMatchObject({ status: 404, type: "no-such-project" });
    upstream.intercept = (_request, response) => {
      response.writeHead(500).end();
      return true;
    };
    expect(await problem(await ask("simple/scipy/"))).toMatchObject({
      status: 502,
      detail: "scipy cannot be had from the upstream index: it answers 500",
    });
  });

  it("says what to set where there is no upstream", async () => {
    await using alone = await startTestServer();
    await insertRun(alone.store, 1, twoStepPlan(["3.12"]));
    const headers = { authorization: `Bearer ${TOKEN}` };
    const { status, detail } = await problem(await fetch(`${alone.url}/index/r1/any/simple/numpy/`, { headers }));
    expect([status, detail]).toEqual([404, expect.stringContaining("KILN_UPSTREAM_INDEX")]);
  });

  it("has no files at addresses that no page has given", async () => {
    for (const path of [
      `evil/numpy/${sha256(OTHER)}/numpy-1.0.tar.gz`,
      `user/NumPy/${sha256(OTHER)}/numpy-1.0.tar.gz`,
      `user/numpy/${"b".repeat(64)}/numpy-1.0.tar.gz`,
      `user/numpy/unchecked/numpy-1.0.tar.gz`,
      `user/numpy/${sha256(OTHER)}/numpy-1.0.tar.gz.metadata`,
    ]) {
      expect(await problem(await ask(`../../upstream/${path}`))).toMatchObject({ status: 404, type: "no-such-file" });
    }
  });
});

describe("uploading", () => {
  it("stages a file once: the same bytes again are fine, others are refused as registries do", async () => {
    expect((await upload(form(WHEEL))).status).toBe(200);
    expect((await upload(form(WHEEL))).status).toBe(200);
    const other = wheel({ name: "demo_pkg", files: { "x.py": "x" } });
    const response = await upload(form(other));
    expect(response.statusText).toMatch(/^File already exists: demo_pkg-1\.0-py3-none-any\.whl with SHA-256/);
    expect(await problem(response)).toMatchObject({ status: 400, type: "file-exists" });
    expect(await server.blobs.size(sha256(other))).toBeNull();
  });

  it("takes an sdist with what its form says that it requires", async () => {
    const sdist = form(Buffer.from("sdist"), "demo_pkg-1.0.tar.gz", { requires_python: ">=3.10" });
    expect((await upload(sdist)).status).toBe(200);
    const { files } = await page("simple/demo-pkg/");
    expect(files).toMatchObject([{ filename: "demo_pkg-1.0.tar.gz", "requires-python": ">=3.10" }]);
    expect(files[0]).not.toHaveProperty("core-metadata");
  });

  it.each([
    ["no action", form(WHEEL, FILENAME, { ":action": "" }), /:action=file_upload/],
    ["another action", form(WHEEL, FILENAME, { ":action": "doc_upload" }), /:action=file_upload/],
    ["no digest", form(WHEEL, FILENAME, { sha256_digest: "" }), /sha256_digest before the file/],
    [
      "another digest",
      form(WHEEL, FILENAME, { sha256_digest: "a".repeat(64) }),
      /have the digest [0-9a-f]{64}, not a+/,
    ],
    [
      "another project's file",
      form(WHEEL, "numpy-1.0-py3-none-any.whl"),
      /it is of numpy, and this index stages demo-pkg only/,
    ],
    ["another project's name", form(WHEEL, FILENAME, { name: "numpy" }), /the form's name is "numpy"/],
    ["what is no distribution", form(WHEEL, "demo_pkg.exe"), /neither a wheel's \(PEP 427\) nor an sdist's/],
    ["a wheel that lies", form(WHEEL, "demo_pkg-2.0-py3-none-any.whl"), /dist-info is not that of its file name/],
    ["what is no wheel", form(OTHER), /it is not a readable zip archive/],
  ])("refuses a form with %s", async (_what, body, detail) => {
    const response = await upload(body);
    expect(await problem(response)).toMatchObject({ status: 400, detail: expect.stringMatching(detail) });
    expect((await page("simple/demo-pkg/")).files).toEqual([]);
  });

  it("refuses what is no such form", async () => {
    const send = (body: string, type: string) =>
      ask("legacy/", { method: "POST", body, headers: { "content-type": type } }).then(problem);
    expect(await send("{}", "application/json")).toMatchObject({ status: 400, detail: /multipart/ });
    expect(await send("x", "multipart/form-data")).toMatchObject({ status: 400, detail: /[Bb]oundary/ });
    expect(await send("x", "multipart/form-data; boundary=b")).toMatchObject({ status: 400, type: "upload-refused" });
    expect(await send("--b--\r\n", "multipart/form-data; boundary=b")).toMatchObject({ status: 400 });
    const fields = '--b\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n--b--\r\n';
    expect(await send(fields, "multipart/form-data; boundary=b")).toMatchObject({
      detail: "the form has no file in a field named content",
    });
    const digestLast = new FormData();
    digestLast.append("content", new Blob(["x"]), FILENAME);
    digestLast.append(":action", "file_upload");
    expect(await problem(await upload(digestLast))).toMatchObject({ status: 400, detail: /before the file/ });
  });

  it("refuses a file beyond the limit, announced or not", async () => {
    const large = Buffer.alloc(9 * 1024 * 1024, 1);
    expect(await problem(await upload(form(large)))).toMatchObject({ status: 413, type: "too-large" });
    const chunked = new Response(form(large));
    const headers = { "content-type": chunked.headers.get("content-type") ?? "" };
    const init = { method: "POST", body: chunked.body, headers, duplex: "half" } as RequestInit;
    const response = await ask("legacy/", init).catch(() => null);
    // Either the answer or, where the sender was too fast for it, a broken connection.
    if (response) expect(response.status).toBe(413);
    expect(await server.blobs.size(sha256(large))).toBeNull();
  });

  it("is not for web pages, which could send a password that the browser remembers", async () => {
    for (const headers of [{ origin: "http://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
      expect(await problem(await upload(form(WHEEL), "legacy/", headers as unknown as Fields))).toMatchObject({
        status: 400,
      });
    }
  });

  it("keeps nothing of a form that breaks off", async () => {
    const put = vi.spyOn(server.blobs, "put");
    const request = new Response(form(OTHER));
    const body = Buffer.from(await request.arrayBuffer());
    const socket = connect(server.port, "127.0.0.1");
    socket.write(
      `POST /index/r7/any/legacy/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n` +
        `Content-Type: ${request.headers.get("content-type")}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.subarray(0, body.length / 2));
    await vi.waitUntil(() => put.mock.results.length > 0);
    socket.destroy();
    await expect(put.mock.results[0]?.value).rejects.toThrow("broke off");
    expect(await server.blobs.size(sha256(OTHER))).toBeNull();
  });

  it("says so when too many are under way", async () => {
    await using busy = await startTestServer({ limits: { uploadsMax: 0 } });
    await insertRun(busy.store, 7, twoStepPlan(["3.12"]));
    const socket = connect(busy.port, "127.0.0.1");
    socket.write(
      `POST /index/r7/any/legacy/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n` +
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9\r\nConnection: close\r\n\r\n--b--\r\n\r\n",
    );
    expect(await readText(socket)).toContain("urn:kiln:problem:too-many-uploads");
    expect(busy.limitsReached).toEqual(["http-uploads"]);
  });
});

describe("what a run has staged", () => {
  const change = (path: string, body: object) =>
    server.get(`/runs/r7/staged/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });

  it("is listed, yanked with a reason, and taken back", async () => {
    await upload(form(WHEEL));
    const listed = (await (await server.get("/runs/r7/staged")).json()) as StagedView;
    expect(listed).toMatchObject({ files: [{ filename: FILENAME, job: null, yanked: null }], refused: [] });
    const yanked = await change(`${FILENAME}/yank`, { reason: "breaks on 3.12" });
    expect([yanked.status, await yanked.json()]).toMatchObject([200, { files: [{ yanked: "breaks on 3.12" }] }]);
    expect((await page("simple/demo-pkg/")).files).toMatchObject([{ yanked: "breaks on 3.12" }]);
    expect((await change(`${FILENAME}/unyank`, {})).status).toBe(200);
    expect((await page("simple/demo-pkg/")).files[0]).not.toHaveProperty("yanked");
  });

  it("is a problem where the run or the file is not there, or no reason is given", async () => {
    await upload(form(WHEEL));
    expect((await server.get("/runs/r8/staged")).status).toBe(404);
    expect((await change("other.whl/yank", { reason: "x" })).status).toBe(404);
    expect((await change(`${FILENAME}/yank`, { reason: "x", variant: "cu118" })).status).toBe(404);
    for (const body of [{}, { reason: "" }, { reason: "a\nb" }, { reason: "x".repeat(501) }]) {
      expect((await change(`${FILENAME}/yank`, body)).status).toBe(400);
    }
  });
});
