import { cudaWords } from "../known/cuda-value.ts";
import { compareVersions, withoutLocal } from "../pep440/compare-versions.ts";
import type { Cell } from "../plan/plan.ts";
import { INSTALLERS, type CellCoverage, type CoverageFinding, type Installer, type Pick } from "./coverage-report.ts";
import type { FileIndex } from "./file-index.ts";
import { fileVariant, isForCuda, isForTorch } from "./file-variant.ts";
import { parseWheelName } from "./wheel-name.ts";
import { whyNoWheel } from "./why-hole.ts";

/** What is wrong with what the installers take in a cell; empty when nothing is. */
export function cellFindings(cell: Cell, covered: CellCoverage, index: FileIndex): readonly CoverageFinding[] {
  const { environment, picks } = covered;
  if (environment === null) {
    const message = `Kiln does not know what wheels ${cell.axes.os} with CPython ${cell.axes.python} takes.`;
    return [{ kind: "unknown-cell", cell: cell.name, message }];
  }
  const findings: CoverageFinding[] = [];
  for (const [pick, installers] of byPick(picks)) {
    if (pick.kind !== "wheel") {
      const message = `Nothing can be installed: ${whyNoWheel(index, environment)}.`;
      if (pick.kind === "none") findings.push({ kind: "hole", cell: cell.name, installers, message });
      else findings.push(sourceOnly(cell, pick.file, installers, whyNoWheel(index, environment)));
    } else {
      findings.push(...wrongVariant(cell, pick, installers));
    }
    if (pick.kind !== "none") findings.push(...olderRelease(cell, pick, installers, index));
  }
  if (!isSame(picks.pip, picks.uv)) {
    const message = `pip takes ${pickWords(picks.pip)}, uv ${pickWords(picks.uv)}.`;
    findings.push({ kind: "installers-differ", cell: cell.name, picks, message });
  }
  return findings;
}

/** Installers with the same pick share its findings. */
function byPick(picks: CellCoverage["picks"]): readonly (readonly [Pick, readonly Installer[]])[] {
  if (isSame(picks.pip, picks.uv)) return [[picks.pip, INSTALLERS]];
  return INSTALLERS.map((installer) => [picks[installer], [installer]] as const);
}

function isSame(a: Pick, b: Pick): boolean {
  return (a.kind === "none" ? null : a.file) === (b.kind === "none" ? null : b.file);
}

function pickWords(pick: Pick): string {
  return pick.kind === "none" ? "nothing" : pick.file;
}

function sourceOnly(cell: Cell, file: string, installers: readonly Installer[], why: string): CoverageFinding {
  const message = `Only the source can be installed, ${file}: ${why}.`;
  return { kind: "source-only", cell: cell.name, installers, file, message };
}

function wrongVariant(
  cell: Cell,
  pick: Pick & { readonly kind: "wheel" },
  installers: readonly Installer[],
): readonly CoverageFinding[] {
  const read = parseWheelName(pick.file);
  if (!read.ok) return [];
  const named = fileVariant(read.wheel);
  const { cuda, torch } = cell.axes;
  const base = { cell: cell.name, installers, file: pick.file };
  const findings: CoverageFinding[] = [];
  if (named.cuda !== null && cuda !== undefined && !isForCuda(named.cuda, cuda)) {
    const message = `${pick.file} names ${cudaWords(named.cuda)}, and the cell has ${cudaWords(cuda)}: the newest local version is taken, whatever the machine has.`;
    findings.push({ kind: "wrong-cuda", ...base, named: named.cuda, wanted: cuda, message });
  }
  if (named.torch !== null && torch !== undefined && !isForTorch(named.torch, torch)) {
    const message = `${pick.file} names torch ${named.torch}, and the cell has torch ${torch}: the newest local version is taken, whatever is installed.`;
    findings.push({ kind: "wrong-torch", ...base, named: named.torch, wanted: torch, message });
  }
  return findings;
}

function olderRelease(
  cell: Cell,
  pick: Exclude<Pick, { readonly kind: "none" }>,
  installers: readonly Installer[],
  index: FileIndex,
): readonly CoverageFinding[] {
  const { newest } = index;
  if (newest === null || compareVersions(withoutLocal(pick.version), newest) >= 0) return [];
  const message = `${pick.file} is taken in silence: release ${newest} has nothing for the cell.`;
  return [{ kind: "older-release", cell: cell.name, installers, file: pick.file, newest, message }];
}
