import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { ImageReference } from "../../domain/image-reference.ts";
import type { SecretBook } from "../../domain/redaction/secret-book.ts";
import type { Secret } from "../../domain/redaction/secret-forms.ts";
import { PullProgress, type PullEvent } from "../../domain/pull-progress.ts";
import { engineMessage, statusOf } from "./engine.ts";
import { registryCredentials, type RegistryLogin } from "./registry-credentials.ts";

/** Between two lines of progress. */
const REPORT_INTERVAL_MS = 2_000;
/** A pull that says nothing for this long has failed. */
const STALL_MS = 5 * 60_000;

export type PullResult =
  | { readonly ok: true }
  /** `isMissing`: the registry answered, and has no such image for this user. */
  | { readonly ok: false; readonly isMissing: boolean; readonly message: string };

/** Pulls an image, with the user's credentials for its registry. `report` gets a line now and then. Never rejects. */
export async function pullImage(
  docker: Docker,
  reference: ImageReference,
  user: { readonly env: NodeJS.ProcessEnv; readonly secrets: SecretBook },
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<PullResult> {
  const credentials = await registryCredentials(reference.registry, user.env);
  if (!credentials.ok) report(`no credentials for ${reference.registry}: ${credentials.message}`);
  const auth = credentials.ok ? credentials.auth : null;
  if (auth) user.secrets.learn(secretOf(auth));
  const stall = new AbortController();
  try {
    const stream = (await docker.pull(reference.text, {
      ...(auth === null ? {} : { authconfig: auth }),
      abortSignal: AbortSignal.any([signal, stall.signal]),
    })) as Readable;
    await follow(stream, report, () => stall.abort());
    return { ok: true };
  } catch (cause) {
    if (stall.signal.aborted) return failure(`nothing came from ${reference.registry} for 5 minutes`);
    const message = engineMessage(cause);
    // Engines give the registry's refusals with statuses of their own, and its text.
    if (/unauthorized|denied|authentication required|no basic auth/i.test(message)) {
      const has = auth === null ? "there are no credentials for it" : "the credentials for it were refused";
      return failure(`${message} (${has}: docker login ${reference.registry} as the agent's user)`);
    }
    const isMissing = statusOf(cause) === 404 || /manifest unknown|not found/i.test(message);
    return { ok: false, isMissing, message };
  }
}

function secretOf(auth: RegistryLogin): Secret {
  if ("identitytoken" in auth) return { value: auth.identitytoken };
  return { value: auth.password, user: auth.username };
}

function failure(message: string): PullResult {
  return { ok: false, isMissing: false, message };
}

/** Rejects with what the engine says went wrong: its answer begins before it knows. */
async function follow(stream: Readable, report: (line: string) => void, stalled: () => void): Promise<void> {
  const progress = new PullProgress();
  let reportedMs = performance.now();
  let timer = setTimeout(stalled, STALL_MS);
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      clearTimeout(timer);
      timer = setTimeout(stalled, STALL_MS);
      const event = parseEvent(line);
      if (event?.error !== undefined) throw new Error(event.error);
      if (event) progress.apply(event);
      if (performance.now() - reportedMs < REPORT_INTERVAL_MS) continue;
      reportedMs = performance.now();
      report(progress.line());
    }
    if (progress.line() !== "") report(progress.line());
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

function parseEvent(line: string): (PullEvent & { readonly error?: string }) | null {
  try {
    return JSON.parse(line) as PullEvent;
  } catch {
    return null;
  }
}
