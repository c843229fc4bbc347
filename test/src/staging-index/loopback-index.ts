import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { MadeWheel } from "./make-wheels.ts";

/** Another package index, as the farm's upstream: wheels by project. */
export interface LoopbackIndex extends AsyncDisposable {
  /** Of the simple index. */
  readonly url: string;
  readonly projects: Map<string, readonly MadeWheel[]>;
  /** Projects whose pages, and names of files that were asked for. */
  readonly asked: string[];
}

export async function startLoopbackIndex(): Promise<LoopbackIndex> {
  const projects = new Map<string, readonly MadeWheel[]>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const [, kind, project = "", filename = ""] = (request.url ?? "").split("/").map(decodeURIComponent);
    asked.push(filename || project);
    const wheels = projects.get(project);
    const wheel = wheels?.find((made) => made.filename === filename);
    if (kind === "files" && wheel) return void response.end(wheel.bytes);
    if (kind !== "simple" || !wheels) return void response.writeHead(404).end();
    const links = wheels.map(
      (made) => `<a href="/files/${project}/${made.filename}#sha256=${made.sha256}">${made.filename}</a>`,
    );
    response.writeHead(200, { "content-type": "text/html" }).end(`<!DOCTYPE html><html><body>${links.join("\n")}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/simple/`,
    projects,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
