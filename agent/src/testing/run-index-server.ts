import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { IndexAccess } from "../adapters/host/run-index.ts";
import { indexAccess } from "./index-access.ts";

export interface ServedFile {
  readonly filename: string;
  readonly bytes: Buffer;
}

/** The index `any` of run 1, as a coordinator serves it to its reader. */
export interface RunIndexServer extends AsyncDisposable {
  readonly access: IndexAccess;
  /** Of its reader. */
  readonly password: string;
  /** By normalised project. */
  readonly projects: Map<string, readonly ServedFile[]>;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** What it says of projects that it does not have. */
  detail: string;
}

export async function startRunIndex(): Promise<RunIndexServer> {
  const readersPassword = "password-of-this-test";
  const projects = new Map<string, readonly ServedFile[]>();
  const asked: string[] = [];
  const password = btoa(`r1:${readersPassword}`);
  const state = { detail: "there is no such project" };
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    const given = request.headers.authorization;
    if (given !== `Basic ${password}`) {
      return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
    }
    const [, kind, name = ""] = /^\/index\/r1\/any\/(simple|files)\/([^/]+)\/?$/.exec(url) ?? [];
    if (kind === "files") {
      const file = [...projects.values()].flat().find(({ filename }) => filename === decodeURIComponent(name));
      return void (file ? response.end(file.bytes) : response.writeHead(404).end());
    }
    const files = kind === "simple" ? projects.get(name) : undefined;
    if (!files) {
      response.writeHead(404, { "content-type": "application/problem+json" });
      return void response.end(JSON.stringify({ detail: state.detail }));
    }
    const links = files.map(({ filename, bytes }) => {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return `<a href="../../files/${encodeURIComponent(filename)}#sha256=${sha256}">${filename}</a>`;
    });
    response.writeHead(200, { "content-type": "text/html" }).end(`<!DOCTYPE html><html><body>${links.join("\n")}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    access: indexAccess(`http://127.0.0.1:${port}`, readersPassword),
    password: readersPassword,
    projects,
    asked,
    get detail() {
      return state.detail;
    },
    set detail(text) {
      state.detail = text;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
