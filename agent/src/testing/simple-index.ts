import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { runTool } from "../adapters/system/run-tool.ts";
import { normalName, parseWheelName } from "../domain/wheel-name.ts";

/** Writes a pure wheel: its name and version, the folder for it, and its only module's text, as JSON in the argument. */
const WHEEL_SCRIPT = `
import json, os, sys, zipfile
told = json.loads(sys.argv[1])
module, version = told["name"].replace("-", "_"), told["version"]
info = "%s-%s.dist-info/" % (module, version)
path = os.path.join(told["folder"], "%s-%s-py3-none-any.whl" % (module, version))
files = {
    module + ".py": told["text"],
    info + "METADATA": "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (told["name"], version),
    info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
files[info + "RECORD"] = "".join(name + ",,\\n" for name in list(files) + [info + "RECORD"])
with zipfile.ZipFile(path, "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
print(path)
`;

export interface WheelText {
  readonly name: string;
  readonly version: string;
  readonly text: string;
}

/** Makes a wheel of one module; returns its path in `folder`. */
export async function makeWheel(python: string, folder: string, wheel: WheelText): Promise<string> {
  const told = JSON.stringify({ ...wheel, folder });
  const { ok, output } = await runTool(python, ["-c", WHEEL_SCRIPT, told], { timeoutMs: 60_000, cwd: folder });
  if (!ok) throw new Error(output);
  return join(folder, basename(output.trim()));
}

export interface SimpleIndex extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
}

/** A simple index (PEP 503) with some wheels below one path: for those who know the password, in a run's for its reader. */
export async function serveIndex(path: string, password: string, wheels: readonly string[]): Promise<SimpleIndex> {
  const asked: string[] = [];
  const run = /^\/index\/r(\d+)\//.exec(path)?.[1];
  const user = run === undefined ? "kiln" : `r${run}`;
  const authorization = `Basic ${btoa(`${user}:${password}`)}`;
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    if (request.headers.authorization !== authorization) return response.writeHead(401).end();
    const file = wheels.find((one) => url === `/files/${encodeURIComponent(basename(one))}`);
    if (file !== undefined) return response.end(readFileSync(file));
    const project = url.startsWith(path) ? url.slice(path.length).replace(/\/$/, "") : "";
    const links = wheels
      .map((one) => basename(one))
      .filter((name) => normalName(parseWheelName(name)?.name ?? "") === project)
      .map((name) => `<a href="/files/${encodeURIComponent(name)}">${name}</a>`);
    if (links.length === 0) return response.writeHead(404).end();
    return response.writeHead(200, { "Content-Type": "text/html" }).end(`<html><body>${links.join("")}</body></html>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
