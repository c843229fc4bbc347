import { cudaVariant } from "../known/cuda-value.ts";
import { platformOf } from "../known/os-target.ts";
import { satisfies } from "../pep440/satisfies.ts";
import type { Candidate, CellAxes } from "../plan/plan.ts";
import { quote } from "../spec/quote.ts";
import { axesOfVariables, cellEnvironment } from "./cell-environment.ts";
import { parseDependency, type Dependency } from "./dependency.ts";
import { evaluateMarker, markerVariables } from "./marker.ts";
import { remembered } from "./remembered.ts";
import type { Answer, Rule } from "./judge.ts";

/**
 * What the candidate's own dependencies (Requires-Dist, PEP 508) say of the torch
 * axis: a package that pins torch==2.2.0 cannot be installed beside another. Says
 * nothing when the dependencies are not known before a build, or do not name torch.
 */
export function candidatePinRule({ name, version, requiresDist, factsFrom }: Candidate): Rule {
  const rule = "candidate-pin";
  const candidate = version === null ? name : `${name} ${version}`;
  const pins = (requiresDist ?? []).flatMap((text) => {
    const dependency = parseDependency(text);
    return dependency?.name === "torch" ? [{ text: text.trim(), dependency }] : [];
  });
  const dependsOn = axesOf(pins.map(({ dependency }) => dependency));
  const said = { rule, source: `Requires-Dist in ${factsFrom}`, asOf: "" };
  return {
    name: rule,
    axes: dependsOn,
    judge: remembered(dependsOn, (axes): Answer => {
      const { torch } = axes;
      if (torch === undefined || pins.length === 0) return null;
      let worst: Answer = null;
      for (const { text, dependency } of pins) {
        const answer = judgePin(dependency, torch, axes);
        if (answer === null) continue;
        const reason = `${candidate} depends on ${quote(text)}${consequence(answer, dependency, torch)}`;
        if (worst === null || SEVERITY[answer] > SEVERITY[worst.answer]) worst = { answer, ...said, reason };
      }
      return worst;
    }),
  };
}

type Kind = NonNullable<Answer>["answer"];
const SEVERITY: Readonly<Record<Kind, number>> = { possible: 0, unknown: 1, impossible: 2 };

function consequence(answer: Kind, { specifiers, url, marker }: Dependency, torch: string): string {
  if (answer === "possible") return "";
  if (answer === "impossible") {
    const pinned = /^={2,3}\s*[\w.+!]+$/.test(specifiers ?? "") && marker === null;
    const note = pinned ? "; a package that pins torch can have no other in its torch axis" : "";
    return `, so it cannot be installed beside torch ${torch}${note}`;
  }
  if (url !== null) return `, and which torch that URL holds cannot be told`;
  if (specifiers === null) return ", which is no version specifier of PEP 440";
  if (marker === "malformed") return ", whose marker is none of PEP 508";
  return `, and whether that holds beside torch ${torch} cannot be told from the cell's Python and platform`;
}

/** Null: the dependency does not hold in the cell. */
function judgePin({ specifiers, marker }: Dependency, torch: string, axes: CellAxes): Kind | null {
  const holds = marker === "malformed" ? null : marker === null || evaluateMarker(marker, cellEnvironment(axes));
  if (holds === false) return null;
  if (specifiers === null) return "unknown";
  const results = new Set(installedVersions(torch, specifiers, axes).map((version) => satisfies(version, specifiers)));
  if (results.size > 1) return "unknown";
  if (results.has(true)) return holds === null && marker === "malformed" ? "unknown" : "possible";
  return holds === null ? "unknown" : "impossible";
}

/**
 * What may be installed for the cell's torch. Specifiers pass over a local version
 * unless they name one themselves (PEP 440), `==2.1.2+cu118`: then the cell's CUDA
 * counts, which wheels of PyTorch's index for Linux and Windows have as their local version.
 */
function installedVersions(torch: string, specifiers: string, { cuda, os }: CellAxes): readonly string[] {
  if (!specifiers.includes("+")) return [torch];
  const platform = platformOf(os);
  if (platform.startsWith("macos-")) return [torch];
  const locals = cuda === undefined ? localsOf(specifiers) : [cudaVariant(cuda)];
  const withLocal = locals.map((local) => `${torch}+${local}`);
  return cuda !== undefined && platform.endsWith("x86_64") ? withLocal : [torch, ...withLocal];
}

function localsOf(specifiers: string): readonly string[] {
  return [...specifiers.matchAll(/\+([A-Za-z0-9.]+)/g)].flatMap(([, local]) => local ?? []);
}

function axesOf(dependencies: readonly Dependency[]): readonly string[] {
  const axes = new Set(["torch"]);
  for (const { marker, specifiers } of dependencies) {
    if (marker !== null && marker !== "malformed") {
      for (const axis of axesOfVariables(markerVariables(marker))) axes.add(axis);
    }
    if (specifiers?.includes("+")) for (const axis of ["cuda", "os"]) axes.add(axis);
  }
  return [...axes];
}
