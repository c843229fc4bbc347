import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { SECRET_BYTES_MAX, SECRET_BYTES_MIN, type Secret } from "./domain/redaction/secret-forms.ts";
import type { Credentials } from "./ports/credentials.ts";
import { netrcPasswords, urlPasswords } from "./domain/redaction/url-passwords.ts";

const FILE_BYTES_MAX = 1024 * 1024;

/**
 * What must not be in anything that this agent reports: the token that it joins with, values
 * of the variables that KILN_REDACT names ("NAME1,NAME2"), and passwords in the
 * addresses of any variable. `problems` gets a sentence for each that cannot be
 * kept secret, without its value.
 */
export function environmentSecrets(env: NodeJS.ProcessEnv, problems: string[]): readonly Secret[] {
  const secrets = Object.values(env).flatMap((value) => urlPasswords(value ?? ""));
  for (const name of ["KILN_JOIN_TOKEN", "KILN_TOKEN"]) {
    const token = env[name]?.trim();
    if (token) secrets.push({ value: token });
  }
  for (const name of (env["KILN_REDACT"] ?? "").split(",").map((one) => one.trim())) {
    if (name === "") continue;
    const value = env[name];
    if (value === undefined || value === "") {
      problems.push(`KILN_REDACT names ${name}, which is not set: set it, or take its name out`);
    } else if (Buffer.byteLength(value) < SECRET_BYTES_MIN) {
      problems.push(
        `KILN_REDACT names ${name}, whose value is shorter than ${SECRET_BYTES_MIN} bytes: too short to find`,
      );
    } else if (value.split(/[\r\n]/).some((line) => Buffer.byteLength(line) > SECRET_BYTES_MAX)) {
      problems.push(`KILN_REDACT names ${name}, which has a line longer than ${SECRET_BYTES_MAX} bytes`);
    } else secrets.push({ value });
  }
  return secrets;
}

/** What of an agent's credentials opens the farm: the lines of its key, and the seed of its NATS user. */
export function credentialSecrets(credentials: Pick<Credentials, "privateKeyPem" | "natsSeed">): readonly Secret[] {
  const lines = credentials.privateKeyPem.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  return [...lines, credentials.natsSeed].map((value) => ({ value }));
}

/** Passwords of package indexes in the files that pip reads ("Configuration" in its documentation) and in .netrc. */
export function indexSecrets(env: NodeJS.ProcessEnv): readonly Secret[] {
  const home = homedir();
  const configHome = env["XDG_CONFIG_HOME"] || join(home, ".config");
  const configFolders = (env["XDG_CONFIG_DIRS"] || "/etc/xdg").split(":");
  const pip = [
    env["PIP_CONFIG_FILE"] ?? "",
    join(configHome, "pip", "pip.conf"),
    join(home, ".pip", "pip.conf"),
    join(home, "Library", "Application Support", "pip", "pip.conf"),
    ...(env["APPDATA"] ? [join(env["APPDATA"], "pip", "pip.ini")] : []),
    ...configFolders.map((folder) => join(folder, "pip", "pip.conf")),
    "/etc/pip.conf",
    join(configHome, "uv", "uv.toml"),
    "/etc/uv/uv.toml",
  ];
  const netrc = [env["NETRC"] ?? "", join(home, ".netrc"), join(home, "_netrc")];
  return [
    ...pip.flatMap((path) => urlPasswords(textOf(path))),
    ...netrc.flatMap((path) => netrcPasswords(textOf(path))),
  ];
}

/** Empty where there is nothing to read: what the agent cannot read, no job of its user can. */
function textOf(path: string): string {
  if (path === "") return "";
  try {
    return readFileSync(path, { encoding: "utf8" }).slice(0, FILE_BYTES_MAX);
  } catch {
    return "";
  }
}
