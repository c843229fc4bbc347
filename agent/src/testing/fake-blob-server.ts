import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeBlobServer extends AsyncDisposable {
  readonly url: string;
  /** By digest. */
  readonly blobs: Map<string, Buffer>;
  /** PUT requests so far. */
  readonly uploads: () => number;
}

/** The coordinator's blobs over HTTP, in memory. */
export async function startFakeBlobServer(): Promise<FakeBlobServer> {
  const blobs = new Map<string, Buffer>();
  let uploads = 0;
  const server = createServer((request, response) => {
    const digest = (request.url ?? "").split("/").at(-1) ?? "";
    if (request.method !== "PUT") {
      const known = blobs.get(digest);
      return void response.writeHead(known ? 200 : 404).end(request.method === "GET" ? known : undefined);
    }
    uploads++;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      blobs.set(digest, Buffer.concat(chunks));
      response.writeHead(201).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobs,
    uploads: () => uploads,
    [Symbol.asyncDispose]: async () => server.close().closeAllConnections(),
  };
}
