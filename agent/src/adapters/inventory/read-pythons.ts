import type { Interpreter } from "../../domain/interpreter.ts";
import { judgePython } from "../../domain/python-probe.ts";
import type { InventoryProblem } from "../../ports/inventory.ts";
import { findPythons } from "./find-pythons.ts";
import { ProbeCache } from "./probe-cache.ts";
import { probePython, type ProbeResult } from "./probe-python.ts";

/** Interpreters asked at a time. */
const PROBES_AT_ONCE = 8;

export interface PythonsOfHost {
  readonly pythons: readonly Interpreter[];
  readonly olderPythons: number;
  readonly problems: readonly InventoryProblem[];
}

/** Finds and asks every Python of this machine. `cachePath` is where answers are kept. */
export async function readPythons(env: NodeJS.ProcessEnv, cachePath: string): Promise<PythonsOfHost> {
  const found = await findPythons(env);
  const cache = new ProbeCache(cachePath);
  const answers = await inParallel(found, PROBES_AT_ONCE, ({ path }) => ask(path, cache));
  cache.save();
  const pythons: Interpreter[] = [];
  const problems: InventoryProblem[] = [];
  let olderPythons = 0;
  for (const [i, { path, foundBy }] of found.entries()) {
    const answer = answers[i];
    if (!answer?.ok) {
      problems.push({ subject: path, message: answer?.message ?? "" });
      continue;
    }
    const judged = judgePython(path, foundBy, answer.facts);
    if (judged.kind === "usable") pythons.push(judged.interpreter);
    else if (judged.kind === "problem") problems.push({ subject: path, message: judged.message });
    else if (judged.kind === "older") olderPythons++;
  }
  return { pythons: pythons.sort(byFeature), olderPythons, problems };
}

async function ask(path: string, cache: ProbeCache): Promise<ProbeResult> {
  const known = cache.find(path);
  if (known) return { ok: true, facts: known };
  const answer = await probePython(path);
  if (answer.ok) cache.add(path, answer.facts);
  return answer;
}

/** 3.8 before 3.10, 3.13 before 3.13t; the order found is kept among equals. */
function byFeature(a: Interpreter, b: Interpreter): number {
  const minor = ({ feature }: Interpreter): number => Number.parseInt(feature.slice(2), 10);
  return minor(a) - minor(b) || a.feature.length - b.feature.length;
}

async function inParallel<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
