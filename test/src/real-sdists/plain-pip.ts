import { execFile } from "node:child_process";
import { mkdtemp, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Candidate } from "./candidates.ts";
import { withoutPlatform, type Outcome } from "./outcome.ts";

const TIMEOUT_MS = 300_000;

/** Where a step of plain pip ended. */
interface Ended {
  readonly ok: boolean;
  readonly output: string;
}

/**
 * What pip alone makes of a candidate: a fresh environment of this interpreter
 * with the pip that it carries, a wheel built from the sdist that pip finds on
 * the user's index, that wheel installed, and its test run in a folder that holds
 * nothing else. Throws when pip fails for another reason than the candidate.
 */
export async function plainPip(
  candidate: Candidate,
  python: string,
  scratch: string,
  /** Its sdist, unpacked; asked for when its own tests are run. */
  source: () => Promise<string>,
): Promise<Outcome> {
  const folder = await mkdtemp(join(scratch, "pip-"));
  const startedMs = performance.now();
  const ended = (kind: Outcome["kind"], wheel: string | null): Outcome => {
    return { kind, wheel, seconds: (performance.now() - startedMs) / 1000 };
  };
  const run = (program: string, args: readonly string[], cwd = folder): Promise<Ended> =>
    runProgram(program, args, { cwd, env: environment(candidate.env, join(folder, "venv")) });
  const inVenv = join(folder, "venv", "bin", "python");
  const pip = ["-m", "pip", "--no-cache-dir", "--disable-pip-version-check", "--no-input"];

  must(await run(python, ["-m", "venv", join(folder, "venv")]));
  const requirement = `${candidate.name}==${candidate.version}`;
  const dist = join(folder, "dist");
  const built = await run(inVenv, [
    ...[...pip, "wheel", "--no-deps", "--no-binary", candidate.name, "--wheel-dir", dist, requirement],
  ]);
  if (!built.ok) return ended(whyNotBuilt(built, candidate), null);
  const [filename = ""] = await readdir(dist);
  const wheel = withoutPlatform(filename);
  const requires = candidate.test?.requires ?? [];
  must(await run(inVenv, [...pip, "install", join(dist, filename), ...requires]));
  const tested = candidate.test
    ? await run(
        "/bin/sh",
        ["-c", candidate.test.command],
        await testFolder(folder, await source(), candidate.test.folder),
      )
    : await run(inVenv, ["-c", candidate.imports.map((name) => `import ${name}`).join("\n")]);
  return ended(tested.ok ? "works" : "tests-fail", wheel);
}

/** Tells the candidate's fault from everything else. */
function whyNotBuilt(built: Ended, { version }: Candidate): Outcome["kind"] {
  const ignored = built.output.split("\n").find((line) => line.includes("require a different python version"));
  if (ignored?.includes(`${version} Requires-Python`)) return "not-allowed";
  if (/Package '.*' requires a different Python/.test(built.output)) return "not-allowed";
  if (/Failed to build|Failed building wheel|metadata-generation-failed/.test(built.output)) return "does-not-build";
  throw new Error(`pip failed for a reason of its own:\n${built.output}`);
}

async function testFolder(folder: string, sourceFolder: string, name: string): Promise<string> {
  const place = await mkdtemp(join(folder, "test-"));
  must(await runProgram("cp", ["-R", join(sourceFolder, name), place], { cwd: folder, env: process.env }));
  return place;
}

/** The user's own, but what would lead Python into another environment. */
function environment(more: Readonly<Record<string, string>> = {}, venv: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(PYTHON|VIRTUAL_ENV|KILN_)/.test(name));
  const path = `${join(venv, "bin")}:${process.env["PATH"] ?? ""}`;
  return { ...Object.fromEntries(own), ...more, PATH: path, VIRTUAL_ENV: venv, PYTHONDONTWRITEBYTECODE: "1" };
}

function must(ended: Ended): void {
  if (!ended.ok) throw new Error(ended.output);
}

function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, [...args], { ...options, timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) =>
      resolve({
        ok: error === null,
        output: `$ ${program} ${args.join(" ")}\n${out}\n${err}\n${error?.message ?? ""}`,
      }),
    );
  });
}
