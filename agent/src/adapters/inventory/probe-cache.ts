import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { PythonFacts } from "../../domain/python-probe.ts";
import { parseFacts } from "./probe-python.ts";
import { replaceFile } from "../disk/replace-file.ts";

/**
 * What interpreters answered, kept on disk by path, time of change and size, so
 * that starting an agent does not start every Python. Only answers of sound
 * interpreters are kept: what is missing may be installed any time without the
 * executable changing.
 */
export class ProbeCache {
  readonly #path: string;
  readonly #known: ReadonlyMap<string, PythonFacts>;
  readonly #next = new Map<string, PythonFacts>();

  constructor(path: string) {
    this.#path = path;
    this.#known = load(path);
  }

  find(python: string): PythonFacts | null {
    const key = keyOf(python);
    const facts = key === null ? undefined : this.#known.get(key);
    if (!key || !facts || !isCurrent(facts)) return null;
    this.#next.set(key, facts);
    return facts;
  }

  add(python: string, facts: PythonFacts): void {
    const key = keyOf(python);
    if (key !== null && isCurrent(facts)) this.#next.set(key, facts);
  }

  /** Keeps what was found or added since, and nothing else. Best effort. */
  save(): void {
    try {
      const temporary = `${this.#path}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify(Object.fromEntries(this.#next)), { mode: 0o600 });
      replaceFile(temporary, this.#path);
    } catch {
      // The next start asks again.
    }
  }
}

function isCurrent(facts: PythonFacts): boolean {
  const isComplete = facts.missing.length === 0 && facts.pipWheel !== "" && existsSync(facts.pipWheel);
  // What is never used needs nothing.
  return isComplete || facts.implementation !== "cpython" || facts.isVirtual || /^(?:2|3\.[0-7])\./.test(facts.version);
}

function keyOf(python: string): string | null {
  try {
    const { mtimeMs, size } = statSync(python);
    return `${python}\0${mtimeMs}\0${size}`;
  } catch {
    return null;
  }
}

function load(path: string): ReadonlyMap<string, PythonFacts> {
  const known = new Map<string, PythonFacts>();
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    for (const [key, entry] of Object.entries(value)) {
      const facts = parseFacts(JSON.stringify(entry));
      if (facts) known.set(key, facts);
    }
  } catch {
    // None yet, or damaged: everything is asked again.
  }
  return known;
}
