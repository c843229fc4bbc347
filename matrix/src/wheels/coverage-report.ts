import type { SdistName } from "./sdist-name.ts";
import type { GenericSystems, WheelEnvironment } from "./wheel-environment.ts";
import type { WheelName } from "./wheel-name.ts";

export const INSTALLERS = ["pip", "uv"] as const;
export type Installer = (typeof INSTALLERS)[number];

export interface CoverageOptions {
  /** Files of other projects are refused. Default: the project that most files are of. */
  readonly project?: string;
  /** Offer pre-releases as releases are (`pip --pre`, `uv --prerelease allow`). Default: only where nothing else fits. */
  readonly prereleases?: boolean;
  /** What generic platforms stand for; default GENERIC_SYSTEMS. */
  readonly generic?: GenericSystems;
}

/** What an installer takes in a cell. */
export type Pick =
  | { readonly kind: "wheel"; readonly file: string; readonly version: string; readonly tag: string }
  | { readonly kind: "sdist"; readonly file: string; readonly version: string }
  /** Nothing fits. */
  | { readonly kind: "none" };

export interface CellCoverage {
  readonly cell: string;
  /** null when Kiln does not know the cell's system or Python: nothing can be said then. */
  readonly environment: WheelEnvironment | null;
  readonly picks: Readonly<Record<Installer, Pick>>;
}

/** `message` is a sentence. Findings of a cell name the installers that they are true for. */
export type CoverageFinding =
  /** Nothing can be installed. */
  | CellFinding<"hole", object>
  /** Only a source distribution: the user's machine has to build it. */
  | CellFinding<"source-only", { readonly file: string }>
  /** The file that is taken names another CUDA (`named`) than the cell's (`wanted`). */
  | CellFinding<
      "wrong-cuda" | "wrong-torch",
      { readonly file: string; readonly named: string; readonly wanted: string }
    >
  /** The newest release has nothing for the cell, and an older one is taken in silence. */
  | CellFinding<"older-release", { readonly file: string; readonly newest: string }>
  /** pip and uv take different files, or only one of them takes any. */
  | {
      readonly kind: "installers-differ";
      readonly cell: string;
      readonly picks: Readonly<Record<Installer, Pick>>;
      readonly message: string;
    }
  /** Kiln does not know the cell's system or Python. */
  | { readonly kind: "unknown-cell"; readonly cell: string; readonly message: string }
  /** No cell takes this wheel of the newest release; `instead` is what a cell takes that could use it, null when no cell could. */
  | {
      readonly kind: "unreachable-file";
      readonly file: string;
      readonly instead: string | null;
      readonly message: string;
    };

type CellFinding<Kind extends string, Facts> = Facts & {
  readonly kind: Kind;
  readonly cell: string;
  readonly installers: readonly Installer[];
  readonly message: string;
};

export interface CoverageReport {
  /** In the order given. */
  readonly cells: readonly CellCoverage[];
  /** Those of cells in the order of the cells, then those of files by name. */
  readonly findings: readonly CoverageFinding[];
  /** Names that installers pass over, by name. */
  readonly refused: readonly { readonly file: string; readonly problem: string }[];
}

export type DistributionFile = WheelName | SdistName;
