import type { Cell } from "../plan/plan.ts";
import { compareVersions, withoutLocal } from "../pep440/compare-versions.ts";
import { cellFindings } from "./cell-findings.ts";
import type {
  CellCoverage,
  CoverageFinding,
  CoverageOptions,
  CoverageReport,
  Installer,
  Pick,
} from "./coverage-report.ts";
import { indexFiles, tagsOf, type FileIndex } from "./file-index.ts";
import { pickFile, tagsInUse } from "./pick-file.ts";
import { environmentOf, GENERIC_SYSTEMS, type WheelEnvironment } from "./wheel-environment.ts";

/**
 * What pip and uv take in each cell when all `files` (names of wheels and source
 * distributions of one project) lie on one index, and what is wrong with it. Give it
 * the files of one index: variants that are told apart by their index are told apart
 * by asking once for each. The report is independent of the order of the files.
 */
export function wheelCoverage(
  files: readonly string[],
  cells: readonly Cell[],
  options: CoverageOptions = {},
): CoverageReport {
  const index = indexFiles(files, options.project ?? null);
  const environments = new Map<string, InEnvironment>();
  const covered = cells.map((cell) => coverCell(cell, index, environments, options));
  return {
    cells: covered,
    findings: [
      ...cells.flatMap((cell, place) => cellFindings(cell, covered[place] as CellCoverage, index)),
      ...unreachableFiles(index, [...environments.values()]),
    ],
    refused: index.refused,
  };
}

/** Cells with the same Python and system take the same files. */
interface InEnvironment {
  readonly environment: WheelEnvironment;
  readonly picks: Readonly<Record<Installer, Pick>>;
}

function coverCell(
  cell: Cell,
  index: FileIndex,
  environments: Map<string, InEnvironment>,
  options: CoverageOptions,
): CellCoverage {
  const environment = environmentOf(cell.axes, options.generic ?? GENERIC_SYSTEMS);
  if (environment === null) return { cell: cell.name, environment, picks: { pip: NOTHING, uv: NOTHING } };
  const key = JSON.stringify([environment.python, environment.system]);
  const known = environments.get(key);
  if (known) return { cell: cell.name, ...known };
  const pick = (installer: Installer): Pick => pickFile(index, environment, installer, options.prereleases ?? false);
  const found = { environment, picks: { pip: pick("pip"), uv: pick("uv") } };
  environments.set(key, found);
  return { cell: cell.name, ...found };
}

const NOTHING: Pick = { kind: "none" };

/** Wheels of the newest release that nobody takes. Older releases are there for those who pin them. */
function unreachableFiles(index: FileIndex, environments: readonly InEnvironment[]): readonly CoverageFinding[] {
  const taken = new Set(environments.flatMap(({ picks }) => [fileOf(picks.pip), fileOf(picks.uv)]));
  const left = index.wheels.filter(({ file }) => !taken.has(file.file) && isNewest(index, file.version));
  if (left.length === 0) return [];
  const takers = takersByTag(index, environments);
  return left.map(({ file }) => {
    const taker = tagsOf(file).flatMap((tag) => takers.get(tag) ?? [])[0];
    const instead = taker === undefined ? null : (fileOf(taker.picks.pip) ?? fileOf(taker.picks.uv));
    const why = instead === null ? "none can use its tags" : `those that can use it take ${instead}`;
    return { kind: "unreachable-file", file: file.file, instead, message: `No cell takes ${file.file}: ${why}.` };
  });
}

function takersByTag(index: FileIndex, environments: readonly InEnvironment[]): ReadonlyMap<string, InEnvironment> {
  const takers = new Map<string, InEnvironment>();
  for (const one of environments) {
    for (const tag of tagsInUse(index, one.environment)) if (!takers.has(tag)) takers.set(tag, one);
  }
  return takers;
}

function isNewest(index: FileIndex, version: string): boolean {
  return index.newest !== null && compareVersions(withoutLocal(version), index.newest) >= 0;
}

function fileOf(pick: Pick): string | null {
  return pick.kind === "none" ? null : pick.file;
}
