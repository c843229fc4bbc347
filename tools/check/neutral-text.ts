// Fails when a tracked file names the host of a package registry or a path of
// somebody's machine: both differ from one place to the next, and what a
// registry is called is for npm's, pip's and apt's own configuration to say.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tool.ts";

interface Rule {
  readonly pattern: RegExp;
  readonly message: string;
}

/** Put together here, so that this file does not name what it looks for. */
const HOSTS = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["pypi", "org"],
  ["files", "pythonhosted", "org"],
  ["deb", "debian", "org"],
  ["archive", "ubuntu", "com"],
].map((labels) => labels.join("\\."));

/** Names that stand for anybody. */
const ANYBODY = "you|me|user|name|someone|alice|bob|kiln|runner|builder";

const RULES: readonly Rule[] = [
  { pattern: new RegExp(`(?:${HOSTS.join("|")})`, "iu"), message: "the host of a package registry" },
  {
    pattern: new RegExp(`(?<![\\w.~$}>-])/(?:home|Users)/(?!(?:${ANYBODY})\\b)\\w`, "u"),
    message: "a path of somebody's machine",
  },
  { pattern: /(?<![\w.~$}>-])\/(?:root|work)\/\w/u, message: "a path of somebody's machine" },
  {
    pattern: new RegExp(`[A-Z]:\\\\+Users\\\\+(?!(?:${ANYBODY})\\b)\\w`, "iu"),
    message: "a path of somebody's machine",
  },
];

const FILE_BYTES_MAX = 2 * 1024 * 1024;

/** Tracked files and those that are about to be. */
function files(): readonly string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  // A file with a merge conflict is listed once for each side.
  return [...new Set(listed)];
}

let problems = 0;
let read = 0;
for (const file of files()) {
  const path = join(root, file);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > FILE_BYTES_MAX) continue;
  const text = readFileSync(path, "utf8");
  read += 1;
  if (text.includes("\0")) continue;
  for (const [index, line] of text.split("\n").entries()) {
    for (const { pattern, message } of RULES) {
      if (!pattern.test(line)) continue;
      process.stdout.write(`${file}:${index + 1}: ${message}: ${line.trim().slice(0, 160)}\n`);
      problems += 1;
    }
  }
}
if (read === 0) process.stdout.write("read no file at all\n");
process.exitCode = problems === 0 && read > 0 ? 0 : 1;
