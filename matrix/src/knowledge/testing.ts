import cudaToolkits from "../../data/cuda-toolkits.json" with { type: "json" };
import gpus from "../../data/gpus.json" with { type: "json" };
import manylinux from "../../data/manylinux.json" with { type: "json" };
import pythons from "../../data/pythons.json" with { type: "json" };
import pytorchReleases from "../../data/pytorch-releases.json" with { type: "json" };
import type { Candidate, CellAxes } from "../plan/plan.ts";
import { KNOWLEDGE, type KnowledgeFiles } from "./knowledge.ts";
import { rulesOf, type Answer, type Rule } from "./rule.ts";

/** The committed data as JSON, for tests that read it without Kiln's readers. */
export const DATA = { cudaToolkits, gpus, manylinux, pythons, pytorchReleases } satisfies KnowledgeFiles;

export const DEMO: Candidate = {
  name: "demo",
  version: "1.0",
  requiresPython: null,
  requiresDist: null,
  factsFrom: "PKG-INFO",
};

export function rule(name: string, candidate: Partial<Candidate> = {}): Rule {
  const found = rulesOf(KNOWLEDGE, { ...DEMO, ...candidate }).find((one) => one.name === name);
  if (!found) throw new Error(`no rule is named ${name}`);
  return found;
}

/** A cell of CPython 3.10 on linux-x86_64 but for what is given. */
export function cell(axes: Partial<CellAxes>): CellAxes {
  const { os = "linux-x86_64", python = "3.10", ...others } = axes;
  const given = Object.entries(others).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(given), os, python };
}

/** What a rule answers in one word, or "silent". */
export function word(answer: Answer): string {
  return answer?.answer ?? "silent";
}
