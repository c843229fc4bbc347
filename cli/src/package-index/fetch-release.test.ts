import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { httpServer, type Handler } from "../testing/http-server.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { fetchRelease } from "./fetch-release.ts";

const BYTES = "the bytes of an sdist";
const SHA256 = createHash("sha256").update(BYTES).digest("hex");

async function fetchFrom(indexUrl: string, dir: string, overrides: { version?: string; sizeBytesMax?: number } = {}) {
  const notes: string[] = [];
  const path = await fetchRelease({
    name: "Hello.Native",
    version: overrides.version ?? "1.0",
    dir,
    env: {},
    indexUrl,
    signal: new AbortController().signal,
    note: (text) => notes.push(text),
    sizeBytesMax: overrides.sizeBytesMax ?? 1024,
  });
  return { path, notes };
}

function html(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/html" }).end(text);
}

test("a JSON index (PEP 691) is asked by the normal name, and the digest is checked", async () => {
  await using dir = await tempDir();
  await using server = await httpServer((request, response) => {
    if (request.url === "/files/a.tar.gz") return void response.end(BYTES);
    if (request.url !== "/simple/hello-native/") return void response.writeHead(404).end();
    expect(request.headers.accept).toContain("application/vnd.pypi.simple.v1+json");
    response.writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" });
    const file = {
      filename: "hello_native-1.0.tar.gz",
      url: "../../files/a.tar.gz",
      hashes: { sha256: SHA256 },
      yanked: "bad",
    };
    response.end(JSON.stringify({ meta: { "api-version": "1.1" }, name: "hello-native", files: [file] }));
  });
  const { path, notes } = await fetchFrom(`${server.url}/simple`, dir.path);
  expect(basename(path)).toBe("hello_native-1.0.tar.gz");
  expect(await readFile(path, "utf8")).toBe(BYTES);
  expect(notes).toEqual(["hello_native-1.0.tar.gz was yanked from the index by its maintainers."]);
});

test("an HTML index (PEP 503) behind a redirect is read relative to where it was found", async () => {
  await using dir = await tempDir();
  await using server = await httpServer((request, response) => {
    if (request.url === "/simple/hello-native/")
      return void response.writeHead(302, { location: "/mirror/hello-native/" }).end();
    if (request.url === "/mirror/files/Hello-Native-1.0.tar.gz?x=1&y=2") return void response.end(BYTES);
    html(
      response,
      `<!DOCTYPE html><html><body><a href="../files/Hello-Native-0.9.tar.gz">old</a>
       <a class='x' data-requires-python="&gt;=3.9" HREF='../files/Hello-Native-1.0.tar.gz?x=1&amp;y=2#sha256=${SHA256}'>new</a></body></html>`,
    );
  });
  const { path, notes } = await fetchFrom(`${server.url}/simple/`, dir.path);
  expect(await readFile(path, "utf8")).toBe(BYTES);
  expect(notes).toEqual([]);
});

test("bytes with another digest than the index promises are refused", async () => {
  await using dir = await tempDir();
  await using server = await httpServer((request, response) => {
    if (request.url?.endsWith(".tar.gz") === true) return void response.end("other bytes");
    html(response, `<a href="hello_native-1.0.tar.gz#sha256=${SHA256}">x</a>`);
  });
  await expect(fetchFrom(server.url, dir.path)).rejects.toThrow(`should be ${SHA256}`);
});

test("an index without digests is taken with a note", async () => {
  await using dir = await tempDir();
  await using server = await httpServer((request, response) => {
    if (request.url?.endsWith(".tar.gz") === true) return void response.end(BYTES);
    html(response, `<a href="hello_native-1.0.tar.gz">x</a>`);
  });
  const { notes } = await fetchFrom(server.url, dir.path);
  expect(notes).toEqual([`The index gives no SHA-256 for hello_native-1.0.tar.gz; what came has ${SHA256}.`]);
});

test("a file beyond the limit is not fetched to its end", async () => {
  await using dir = await tempDir();
  await using server = await httpServer((request, response) => {
    if (request.url?.endsWith(".tar.gz") === true) return void response.end("x".repeat(4096));
    html(response, `<a href="hello_native-1.0.tar.gz">x</a>`);
  });
  await expect(fetchFrom(server.url, dir.path)).rejects.toThrow("is refused: it is more than 1.0 KiB");
});

test("user and password of the index go to its own host only, and in no message", async () => {
  await using dir = await tempDir();
  const seen: (string | undefined)[] = [];
  const elsewhere = await httpServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end(BYTES);
  });
  await using _ = elsewhere;
  const wantsPassword: Handler = (request, response) => {
    if (request.headers.authorization !== `Basic ${Buffer.from("me:s cret").toString("base64")}`)
      return void response.writeHead(401).end();
    html(response, `<a href="http://localhost:${elsewhere.port}/hello_native-1.0.tar.gz">x</a>`);
  };
  await using server = await httpServer(wantsPassword);
  await fetchFrom(`http://me:s%20cret@127.0.0.1:${server.port}`, dir.path);
  expect(seen).toEqual([undefined]);
  const wrong = await fetchFrom(`http://me:wrong@127.0.0.1:${server.port}`, dir.path).catch((error: unknown) => error);
  expect(String(wrong)).toContain("answers 401");
  expect(String(wrong)).not.toContain("wrong");
});

test.each([
  ["3.0", "There is no sdist of Hello.Native 3.0", "Versions with an sdist: 1.0"],
  ["2.0", "has wheels only", "Submit the project's folder"],
])("version %s, which has no sdist, is refused with what there is", async (version, message, advice) => {
  await using dir = await tempDir();
  await using server = await httpServer((_request, response) =>
    html(response, `<a href="hello_native-1.0.tar.gz">x</a><a href="hello_native-2.0-py3-none-any.whl">x</a>`),
  );
  const error = await fetchFrom(server.url, dir.path, { version }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ message: expect.stringContaining(message), advice: expect.stringContaining(advice) });
});

test("a project that the index does not know, and an index that does not answer, are told apart", async () => {
  await using dir = await tempDir();
  const server = await httpServer((_request, response) => void response.writeHead(404).end());
  await expect(fetchFrom(server.url, dir.path)).rejects.toThrow("There is no project Hello.Native");
  await server.close();
  await expect(fetchFrom(server.url, dir.path)).rejects.toThrow("does not answer: connect ECONNREFUSED");
});

test("an index on disk is read as a folder of files", async () => {
  await using dir = await tempDir();
  await using index = await tempDir();
  await mkdir(join(index.path, "hello-native"));
  await writeFile(join(index.path, "hello-native", "hello_native-1.0.tar.gz"), BYTES);
  const { path } = await fetchFrom(pathToFileURL(index.path).href, dir.path);
  expect(await readFile(path, "utf8")).toBe(BYTES);
});
