import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { registryAuth, type RegistryAuth } from "../../domain/registry-auth.ts";

const HELPER_TIMEOUT_MS = 30_000;
const HELPER_OUTPUT_BYTES_MAX = 64 * 1024;

export type RegistryLogin =
  | { readonly username: string; readonly password: string; readonly serveraddress: string }
  | { readonly identitytoken: string };

export type Credentials =
  /** null: the registry is asked without. */
  | { readonly ok: true; readonly auth: RegistryLogin | null }
  /** There are some, and they cannot be read. `message` holds no secret. */
  | { readonly ok: false; readonly message: string };

/**
 * What the user has for a registry: config.json in DOCKER_CONFIG or ~/.docker,
 * read anew each time, so that a `docker login` needs no restart of the agent.
 */
export async function registryCredentials(registry: string, env: NodeJS.ProcessEnv): Promise<Credentials> {
  const path = join(env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return { ok: true, auth: null };
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return { ok: false, message: `${path} is no JSON` };
  }
  return credentialsOf(registryAuth(config, registry), env);
}

async function credentialsOf(found: RegistryAuth, env: NodeJS.ProcessEnv): Promise<Credentials> {
  switch (found.kind) {
    case "none":
      return { ok: true, auth: null };
    case "password": {
      const { username, password, serverAddress } = found;
      return { ok: true, auth: { username, password, serveraddress: serverAddress } };
    }
    case "identity-token":
      return { ok: true, auth: { identitytoken: found.token } };
    case "helper":
      return askHelper(found.helper, found.serverAddresses, env);
  }
}

async function askHelper(helper: string, addresses: readonly string[], env: NodeJS.ProcessEnv): Promise<Credentials> {
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper)) return { ok: false, message: `"${helper}" is no name of a credential helper` };
  for (const address of addresses) {
    const { ok, output } = await runHelper(program, address, env);
    if (ok) return parseAnswer(program, address, output);
    // The text that the protocol of these programs prescribes (docker-credential-helpers).
    if (!/credentials not found/i.test(output)) return { ok: false, message: `${program} failed` };
  }
  return { ok: true, auth: null };
}

function parseAnswer(program: string, address: string, output: string): Credentials {
  try {
    const { Username: username, Secret: secret } = JSON.parse(output) as { Username?: unknown; Secret?: unknown };
    if (typeof username === "string" && typeof secret === "string") {
      // A user of this name means that the secret is a token.
      if (username === "<token>") return { ok: true, auth: { identitytoken: secret } };
      return { ok: true, auth: { username, password: secret, serveraddress: address } };
    }
  } catch {
    // As below.
  }
  return { ok: false, message: `${program} gave no credentials that can be read` };
}

function runHelper(
  program: string,
  address: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ ok: boolean; output: string }>();
  const child = spawn(program, ["get"], {
    env,
    stdio: ["pipe", "pipe", "ignore"],
    timeout: HELPER_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  child.stdout.on("data", (bytes: Buffer) => {
    if (output.length < HELPER_OUTPUT_BYTES_MAX) output += bytes.toString();
  });
  child.on("error", () => resolve({ ok: false, output: "" }));
  child.on("close", (code) => resolve({ ok: code === 0, output }));
  // It may end without reading.
  child.stdin.on("error", () => undefined);
  child.stdin.end(address);
  return promise;
}
