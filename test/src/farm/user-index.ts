import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { keptFolder, userPip } from "../staging-index/python-tools.ts";

/** A package index on the loopback address with what was downloaded for a test. */
export interface UserIndex extends AsyncDisposable {
  /** Of the simple index. */
  readonly url: string;
}

const ARCH = process.arch === "arm64" ? "aarch64" : "x86_64";
const PLATFORMS = [17, 28].flatMap((minor) => ["--platform", `manylinux_2_${minor}_${ARCH}`]);

/**
 * Serves wheels of these requirements and of all that they need, for CPythons
 * of this platform. They are downloaded from the user's own indexes, as the
 * user's pip is set up, once a month, and kept. Throws when they cannot be had.
 */
export async function startUserIndex(
  title: string,
  pythons: readonly string[],
  requirements: readonly string[],
): Promise<UserIndex> {
  const digest = createHash("sha256")
    .update(JSON.stringify([pythons, requirements]))
    .digest("hex")
    .slice(0, 8);
  const folder = await keptFolder(`wheels-${title}-${digest}`, async (target) => {
    for (const python of pythons) {
      const of = ["--python-version", python, "--implementation", "cp", "--only-binary", ":all:", ...PLATFORMS];
      await userPip(["download", "--dest", target, ...of, ...requirements]);
    }
  });
  return serveWheels(folder);
}

async function serveWheels(folder: string): Promise<UserIndex> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".whl"));
  const files = new Map<string, string>();
  for (const name of names) files.set(name, await sha256Of(join(folder, name)));
  const server = createServer((request, response) => {
    const [, kind, name = ""] = (request.url ?? "").split("/").map(decodeURIComponent);
    if (kind === "files" && files.has(name)) return void createReadStream(join(folder, name)).pipe(response);
    const found = names.filter((file) => normalised(file.split("-")[0] ?? "") === name);
    if (kind !== "simple" || found.length === 0) return void response.writeHead(404).end();
    const links = found.map(
      (file) => `<a href="/files/${encodeURIComponent(file)}#sha256=${files.get(file)}">${file}</a>`,
    );
    response.writeHead(200, { "content-type": "text/html" }).end(`<!DOCTYPE html><html><body>${links.join("\n")}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/simple/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** PEP 503. */
function normalised(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
