import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import { CliError } from "../program/cli-error.ts";
import { runChild, type ChildResult } from "../program/run-child.ts";

const GIT_TIMEOUT_MS = 120_000;
/** More between two releases is a mistake in one of the two names, more often than not. */
const COMMITS_MAX = 100_000;

export interface Commit {
  /** The whole hash. */
  readonly hash: string;
  /** The first line of its message. */
  readonly subject: string;
}

/** Commits after `good` up to `bad`, oldest first, along first parents: what was merged counts as one. */
export async function commitsBetween(folder: string, good: string, bad: string): Promise<readonly Commit[]> {
  for (const name of [good, bad]) {
    const known = await git(folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
    if (known.exitCode !== 0) {
      throw new CliError(`${folder} has no commit ${JSON.stringify(name)}.`, {
        advice: "Name a tag, a branch or a hash with --good and --bad; git fetch --tags brings what the remote has.",
      });
    }
  }
  const ancestor = await git(folder, ["merge-base", "--is-ancestor", good, bad]);
  if (ancestor.exitCode !== 0) {
    throw new CliError(`${good} is not an ancestor of ${bad}, so that no commit lies between them.`, {
      advice: "Name the two the other way round, or the commit at which the release's branch began.",
    });
  }
  const listed = await git(folder, ["log", "--first-parent", "--reverse", "--format=%H %s", `${good}..${bad}`]);
  if (listed.exitCode !== 0) throw new CliError(`git could not list commits: ${listed.stderr.trim()}`);
  const lines = listed.stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
  if (lines.length === 0) throw new CliError(`There is no commit between ${good} and ${bad}.`);
  if (lines.length > COMMITS_MAX)
    throw new CliError(
      `There are ${lines.length} commits between ${good} and ${bad}; at most ${COMMITS_MAX} are searched.`,
    );
  return lines.map((line) => ({ hash: line.slice(0, 40), subject: line.slice(41) }));
}

/**
 * Writes a commit's files into a new folder, with the benchmark's own files as
 * `bad` has them: every commit is measured by the same benchmark.
 */
export async function writeCommit(
  folder: string,
  commit: Commit,
  target: string,
  overlay: { readonly bad: string; readonly files: readonly string[] },
): Promise<void> {
  await unpack(folder, [commit.hash], target);
  if (overlay.files.length > 0) await unpack(folder, [overlay.bad, "--", ...overlay.files], target);
}

/** The tag of a release: `v1.4.2` or `1.4.2`. */
export async function findRelease(folder: string, version: string): Promise<string> {
  // A local version names a variant of the release, which is made of the same commit.
  const released = version.replace(/\+.*$/, "");
  for (const tag of new Set([`v${version}`, version, `v${released}`, released])) {
    const known = await git(folder, ["rev-parse", "--verify", "--quiet", `refs/tags/${tag}^{commit}`]);
    if (known.exitCode === 0) return tag;
  }
  throw new CliError(
    `${folder} has no tag v${version} or ${version}: where the release ${version} was made is not known.`,
    {
      advice:
        "Name its commit with --good; git fetch --tags brings what the remote has. --source names another folder.",
    },
  );
}

/** The text of a file as a commit has it. */
export async function fileAt(folder: string, revision: string, file: string): Promise<string> {
  const shown = await git(folder, ["show", `${revision}:./${file}`]);
  if (shown.exitCode !== 0) {
    throw new CliError(`${revision} has no ${file} in ${folder}.`, {
      advice: "Name the spec that the run had with --spec FILE.",
    });
  }
  return shown.stdout.toString("utf8");
}

async function unpack(folder: string, what: readonly string[], target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const file = join(target, ".kiln-bisect.tar");
  const archived = await git(folder, ["archive", "--format=tar", `--output=${file}`, ...what]);
  if (archived.exitCode !== 0)
    throw new CliError(`git could not write ${what[0]?.slice(0, 12)}: ${archived.stderr.trim()}`);
  await extract({ file, cwd: target });
  await rm(file);
}

function git(folder: string, args: readonly string[]): Promise<ChildResult> {
  return runChild("git", ["-C", folder, ...args], { timeoutMs: GIT_TIMEOUT_MS });
}
