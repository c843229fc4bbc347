import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { findProgram, startDaemon, type Brought, type Daemon } from "./daemon.ts";

export interface TestRegistry extends AsyncDisposable {
  /** "127.0.0.1:5000", as images are named. */
  readonly host: string;
  readonly process: Daemon["process"];
}

/** bcrypt of "kiln-password". */
const HTPASSWD = "kiln-user:$2a$05$nZYo8KL5NvSPLDAgO/94YOVPPCQZAbDpY5hPia/BN7Dym0.bZcd4m\n";
export const REGISTRY_USER = "kiln-user";
export const REGISTRY_PASSWORD = "kiln-password";

/** A registry on the loopback address that knows one user. Says in one line why there is none. */
export async function startRegistry(dir: string): Promise<Brought<TestRegistry>> {
  const program = findProgram("docker-registry");
  if (program === null) return { ok: false, reason: "docker-registry is not installed (Debian: docker-registry)" };
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const users = join(dir, "htpasswd");
  const config = join(dir, "registry.yml");
  writeFileSync(users, HTPASSWD);
  writeFileSync(
    config,
    `version: 0.1
storage:
  filesystem:
    rootdirectory: ${join(dir, "registry")}
http:
  addr: ${host}
auth:
  htpasswd:
    realm: kiln
    path: ${users}
`,
  );
  const started = await startDaemon([program, "serve", config], (line) => line.includes("listening on"));
  if (!started.ok) return started;
  const { process, [Symbol.asyncDispose]: stop } = started.value;
  return { ok: true, value: { host, process, [Symbol.asyncDispose]: stop } };
}
