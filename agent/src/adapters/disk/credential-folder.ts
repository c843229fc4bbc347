import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AGENT_ROLES, isAgentId } from "@kiln/proto";
import type { Credentials } from "../../ports/credentials.ts";
import { forgetJoiningKeys, keepJoiningKeys, type JoiningKeys } from "./joining-keys.ts";
import { writeDurably } from "./write-durably.ts";

const FILES = {
  privateKeyPem: "agent.key",
  certificatePem: "agent.pem",
  authorityPem: "ca.pem",
  natsSeed: "nats.seed",
  natsJwt: "nats.jwt",
  rest: "farm.json",
} as const;
/** Looks again while another process swaps the folders. */
const READ_TRIES = 3;

/**
 * An agent's credentials: a folder in its home that is replaced as a whole, so
 * that a key and its certificate always belong together. A folder called
 * `credentials.next` is complete, and newer than `credentials`.
 */
export class CredentialFolder {
  readonly #home: string;

  /** `home` is the agent's. */
  constructor(home: string) {
    this.#home = home;
  }

  get path(): string {
    return join(this.#home, "credentials");
  }

  get #next(): string {
    return join(this.#home, "credentials.next");
  }

  /** null: this machine has not joined a farm. Throws when what is there is not whole. */
  read(): Credentials | null {
    for (let tries = 0; tries < READ_TRIES; tries++) {
      const found = readFolder(this.#next) ?? readFolder(this.path);
      if (found) return found;
    }
    return null;
  }

  /** What this machine asks to join with by this token: the same every time, until it has joined. */
  joiningKeys(token: string, name: string): Promise<JoiningKeys> {
    return keepJoiningKeys(this.#home, token, name);
  }

  /** Replaces what is there. One process at a time: the one that holds the home's lock. */
  write(credentials: Credentials): void {
    const temporary = join(this.#home, "credentials.tmp");
    this.#settle();
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true, mode: 0o700 });
    chmodSync(temporary, 0o700);
    const { privateKeyPem, certificatePem, authorityPem, natsSeed, natsJwt, ...rest } = credentials;
    const texts = { privateKeyPem, certificatePem, authorityPem, natsSeed, natsJwt };
    for (const [field, text] of Object.entries(texts)) {
      writeDurably(join(temporary, FILES[field as keyof typeof texts]), text, 0o600);
    }
    writeDurably(join(temporary, FILES.rest), `${JSON.stringify(rest, null, 2)}\n`, 0o600);
    renameSync(temporary, this.#next);
    this.#settle();
    forgetJoiningKeys(this.#home);
  }

  /** The machine is no agent of that farm any more. */
  remove(): void {
    for (const path of [this.#next, this.path, join(this.#home, "credentials.old")]) {
      rmSync(path, { recursive: true, force: true });
    }
    forgetJoiningKeys(this.#home);
  }

  /** Puts a complete new folder into its place, also one that an ended process left there. */
  #settle(): void {
    const old = join(this.#home, "credentials.old");
    rmSync(old, { recursive: true, force: true });
    if (readFolder(this.#next) === null) return;
    renameIfThere(this.path, old);
    renameSync(this.#next, this.path);
    rmSync(old, { recursive: true, force: true });
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
}

function readFolder(folder: string): Credentials | null {
  let text: string;
  try {
    text = readFileSync(join(folder, FILES.rest), "utf8");
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw cause;
  }
  const file = (name: keyof typeof FILES): string => readFileSync(join(folder, FILES[name]), "utf8");
  try {
    return {
      ...parseRest(text),
      privateKeyPem: file("privateKeyPem"),
      certificatePem: file("certificatePem"),
      authorityPem: file("authorityPem"),
      natsSeed: file("natsSeed").trim(),
      natsJwt: file("natsJwt").trim(),
    };
  } catch (cause) {
    throw new Error(
      `${folder} does not hold whole credentials: remove it, and join the farm again with a new token (kiln agent token)`,
      { cause },
    );
  }
}

type Rest = Pick<Credentials, "agentId" | "issuedAtMs" | "notAfterMs" | "farm" | "labels" | "role">;

/** Throws. */
function parseRest(text: string): Rest {
  const value = JSON.parse(text) as { readonly [K in keyof Rest]?: unknown } | null;
  const { agentId, issuedAtMs, notAfterMs, farm, labels, role } = value ?? {};
  if (typeof agentId !== "string" || !isAgentId(agentId)) throw new Error("it names no agent");
  if (typeof issuedAtMs !== "number" || typeof notAfterMs !== "number") throw new Error("it has no lifetime");
  const { httpUrl, grpcAddress, natsUrl } = (farm ?? {}) as Record<string, unknown>;
  if (typeof httpUrl !== "string" || typeof grpcAddress !== "string" || typeof natsUrl !== "string") {
    throw new Error("it names no farm");
  }
  const pairs = Object.entries((labels ?? {}) as Record<string, unknown>).map(([name, one]) => [name, String(one)]);
  return {
    agentId,
    issuedAtMs,
    notAfterMs,
    farm: { httpUrl, grpcAddress, natsUrl },
    labels: Object.fromEntries(pairs) as Record<string, string>,
    role: AGENT_ROLES.find((one) => one === role) ?? "worker",
  };
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
