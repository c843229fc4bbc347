import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CliError, errorCode } from "../program/cli-error.ts";

/** The farm's token: made once for a home, readable by its owner only. */
export async function readOrMakeToken(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const token = randomBytes(32).toString("base64url");
    await writeFile(path, `${token}\n`, { mode: 0o600, flag: "wx" });
    return token;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  const token = (await readFile(path, "utf8")).trim();
  if (/^[\w-]{16,200}$/.test(token)) return token;
  throw new CliError(`${path} holds no token.`, { advice: "Remove it: the next start makes a new one." });
}
