import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeToken, parseToken, writePrivateFile } from "@kiln/identity";
import { errorCode } from "../program/cli-error.ts";

/**
 * The farm's own token, its owner's: made once for a farm's identity, readable by
 * its owner only. `renewed`: one of another identity, or of a Kiln before 0.2, was replaced.
 */
export async function readOrMakeToken(
  path: string,
  fingerprint: string,
): Promise<{ readonly token: string; readonly renewed: boolean }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const known = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  });
  const parsed = known === null ? null : parseToken(known);
  if (known !== null && parsed?.ok && parsed.token.kind === "api" && parsed.token.fingerprint === fingerprint) {
    return { token: known.trim(), renewed: false };
  }
  const token = makeToken("api", fingerprint);
  writePrivateFile(path, `${token}\n`);
  return { token, renewed: known !== null };
}
