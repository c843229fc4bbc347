import { fingerprintOf, parseToken } from "@kiln/identity";
import { backoffMs } from "../../domain/backoff.ts";
import { isPassing, joinFailureWords } from "../../domain/join/join-failure.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Credentials, JoinSettings } from "../../ports/credentials.ts";
import type { Log } from "../../ports/log.ts";
import type { CredentialFolder } from "../disk/credential-folder.ts";
import { enrol, type JoinRequest } from "./enrol.ts";
import { JoinError } from "./join-error.ts";

/** A farm that starts together with its agents is there within this. */
const WAIT_MS = 60_000;
const BACKOFF = { baseMs: 200, capMs: 5_000 };

export interface JoinAtStartParts {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/**
 * The agent's credentials: those on its disk, else new ones by the token in its
 * configuration. A token of another farm than theirs replaces them; the same farm
 * may say where it is now. Throws a
 * JoinError when there are none to be had.
 */
export async function joinAtStart(
  config: { readonly name: string; readonly join: JoinSettings | null },
  folder: CredentialFolder,
  parts: JoinAtStartParts,
): Promise<Credentials> {
  const known = folder.read();
  const { join, name } = config;
  if (known && (join === null || !isOfAnotherFarm(join.token, known))) {
    return join?.moved ? { ...known, farm: { httpUrl: join.url, ...join.moved } } : known;
  }
  if (join === null) {
    throw new JoinError(
      "This machine has not joined a farm.\nOn the farm type kiln agent token; it prints the two lines to type here.",
    );
  }
  if (known)
    parts.log.warn({ farm: known.farm.httpUrl, agentId: known.agentId }, "the token is of another farm: joining that");
  const { url, token } = join;
  const keys = () => folder.joiningKeys(token, name);
  const credentials = await enrolPatiently({ url, token, name, keys }, parts);
  folder.write(credentials);
  parts.log.info({ farm: credentials.farm.httpUrl, agentId: credentials.agentId }, "joined the farm");
  return credentials;
}

function isOfAnotherFarm(token: string, { authorityPem }: Credentials): boolean {
  const parsed = parseToken(token);
  return parsed.ok && parsed.token.fingerprint !== fingerprintOf(authorityPem);
}

async function enrolPatiently(request: JoinRequest, parts: JoinAtStartParts): Promise<Credentials> {
  const { clock, env, log, random } = parts;
  const untilMs = clock.nowMs() + WAIT_MS;
  for (let failures = 1; ; failures++) {
    const result = await enrol(request, { env, nowMs: () => clock.nowMs() });
    if (result.ok) return result.credentials;
    const delayMs = backoffMs(failures, random(), BACKOFF);
    if (!isPassing(result.failure) || clock.nowMs() + delayMs > untilMs) throw JoinError.of(result.failure);
    log.warn({ reason: joinFailureWords(result.failure).message, delayMs }, "the farm could not be joined yet");
    // On its own: nothing else keeps a process alive that has not started.
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}
