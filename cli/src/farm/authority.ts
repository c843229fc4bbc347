import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CliError, errorMessage } from "../program/cli-error.ts";
import type { FarmAddress } from "./address.ts";
import { homeAt } from "./home.ts";
import { httpExchange, readText } from "./http-request.ts";

const ANSWER_MS = 20_000;
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * The certificate that a farm's answers are verified by: the one whose
 * fingerprint is in the token. From this machine where it is known, else from
 * the farm itself, and compared. null: the address is not https, or the token is
 * no farm's, and the system's own certificates have to do.
 *
 * Throws a CliError when what answers there is not the token's farm, and what
 * `httpExchange` throws.
 */
export async function findAuthority(address: FarmAddress, signal?: AbortSignal): Promise<string | null> {
  if (!address.url.startsWith("https:")) return null;
  const { fingerprintOf, parseToken } = await import("@kiln/identity");
  const parsed = parseToken(address.token);
  if (!parsed.ok) return null;
  const { fingerprint } = parsed.token;
  const home = homeAt(address.homeDir);
  const kept = join(home.authoritiesDir, `${fingerprint}.pem`);
  for (const path of [join(home.identityDir, "ca.pem"), kept]) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (fingerprintIn(text, fingerprintOf) === fingerprint) return text;
  }
  const response = await httpExchange({
    method: "GET",
    url: `${address.url}/ca.pem`,
    idleTimeoutMs: ANSWER_MS,
    // It is compared before anything is trusted or sent.
    trust: "anything",
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await readText(response, ANSWER_BYTES_MAX);
  const found = fingerprintIn(text, fingerprintOf);
  if (found !== fingerprint) throw notTheFarm(address, found, fingerprint);
  await keep(kept, text);
  return text;
}

function notTheFarm({ url, from }: FarmAddress, found: string | null, fingerprint: string): CliError {
  return found === null
    ? new CliError(`What answers at ${url} is not a Kiln farm: it has no certificate of one at /ca.pem.`, {
        advice: `The address comes from ${from}. If it is right, a proxy may stand before the farm.`,
      })
    : new CliError(`The farm at ${url} is not the one that the token is of: nothing was sent to it.`, {
        advice:
          `Its fingerprint is ${found}, the token's ${fingerprint}. ` +
          "Check address and token; a farm whose identity folder was lost has a new identity and needs new tokens.",
      });
}

function fingerprintIn(text: string, fingerprintOf: (pem: string) => string): string | null {
  try {
    return fingerprintOf(text);
  } catch {
    return null;
  }
}

/** For the next command; without it that one asks again. */
async function keep(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    process.emitWarning(`the farm's certificate cannot be kept: ${errorMessage(error)}`);
  }
}
