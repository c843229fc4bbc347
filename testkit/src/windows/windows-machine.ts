import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import type { Brought } from "../containers/daemon.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { NAMESPACES, WINE_ENVIRONMENT, wineRoot } from "./wine-root.ts";
import { windowsNode } from "./windows-node.ts";

/** What Windows programs are run with here: wine, and Node for Windows. */
export interface WindowsTestBed {
  readonly root: string;
  readonly node: string;
  /** A machine with a fresh drive C:, and this machine's network. */
  machine(): WindowsMachine;
}

export interface WindowsMachine extends Disposable {
  /** A folder of this machine that the Windows machine has as `Z:\shared`. */
  readonly shared: string;
  /** Starts a Windows program; `args[0]` is `node` for Node. Its output goes to files in `shared`. */
  start(args: readonly [string, ...string[]], env?: Readonly<Record<string, string>>): WindowsProcess;
}

export interface WindowsProcess extends AsyncDisposable {
  /** Resolves when a line of its standard output matches; rejects when it ends before. */
  line(pattern: RegExp): Promise<string>;
  /** Standard output so far, and standard error. */
  output(): string;
  errors(): string;
  /** Process ids, as Linux counts them, of the Windows processes whose command line matches. */
  pids(pattern: RegExp): readonly number[];
  /** Resolves with its exit code when it, and all that it left running, have ended. */
  readonly exited: Promise<number>;
}

/** Says in one line why Windows programs cannot be run here. */
export async function findWindows(env: NodeJS.ProcessEnv = process.env): Promise<Brought<WindowsTestBed>> {
  const root = await wineRoot(env);
  if (!root.ok) return root;
  const node = await windowsNode(env);
  if (!node.ok) return node;
  const bed = { root: root.value, node: node.value };
  return { ok: true, value: { ...bed, machine: () => makeMachine(bed) } };
}

function makeMachine({ root, node }: Pick<WindowsTestBed, "root" | "node">): WindowsMachine {
  const folder = temporaryFolder("kiln-windows-");
  const shared = join(folder.path, "shared");
  for (const name of ["shared", "upper", "work", "root"]) mkdirSync(join(folder.path, name));
  cpSync(node, join(shared, "node.exe"));
  let count = 0;
  return {
    shared,
    start: (args, env = {}) => startProgram({ root, folder: folder.path, shared, name: `p${++count}` }, args, env),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

interface Place {
  readonly root: string;
  readonly folder: string;
  readonly shared: string;
  readonly name: string;
}

/** $0: the folder with the layers, $1: the root beneath them. */
const SCRIPT = `
set -e
at=$0/root
mount -t overlay overlay -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" "$at"
shift
mount -t proc proc "$at/proc"
mount --rbind /dev "$at/dev"
mkdir -p "$at/shared"
mount --bind "$0/shared" "$at/shared"
exec chroot "$at" "$@"
`;

function startProgram(
  place: Place,
  args: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): WindowsProcess {
  const { folder, shared, name } = place;
  const out = join(shared, `${name}.out`);
  const err = join(shared, `${name}.err`);
  const [program, ...rest] = args;
  const variables = Object.entries({ ...env }).map(([key, value]) => `${key}=${value}`);
  const command = ["wine64", program === "node" ? "Z:\\shared\\node.exe" : program, ...rest];
  const inside = ["env", "-i", ...WINE_ENVIRONMENT, ...variables, ...command];
  const files = [openSync(out, "a"), openSync(err, "a")];
  const child = spawn("unshare", [...NAMESPACES, "sh", "-c", SCRIPT, folder, place.root, ...inside], {
    stdio: ["ignore", files[0], files[1]],
  });
  for (const fd of files) closeSync(fd);
  const exited = once(child, "exit").then(([code]: unknown[]) => (typeof code === "number" ? code : 128));
  return {
    line: (pattern) => waitForLine(out, err, pattern, exited),
    output: () => readFileSync(out, "utf8"),
    errors: () => readFileSync(err, "utf8"),
    pids: (pattern) => matchingProcesses(child, pattern),
    exited,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function waitForLine(out: string, err: string, pattern: RegExp, exited: Promise<number>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const look = (): void => {
    const found = readFileSync(out, "utf8")
      .split("\n")
      .find((line) => pattern.test(line));
    if (found !== undefined) resolve(found.trim());
  };
  const watcher = watch(out, look);
  void exited.then((code) => {
    look();
    reject(new Error(`it ended with ${code}:\n${readFileSync(out, "utf8")}${readFileSync(err, "utf8")}`.slice(-4_000)));
  });
  look();
  try {
    return await promise;
  } finally {
    watcher.close();
  }
}

/** Descendants of the process whose command line matches. */
function matchingProcesses(child: ChildProcess, pattern: RegExp): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : null;
    if (parent !== null) parents.set(Number(name), parent);
  }
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === child.pid) return true;
    return false;
  };
  return [...parents.keys()].filter((pid) => isOurs(pid) && pattern.test(commandLine(pid)));
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
