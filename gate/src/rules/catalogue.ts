import { absoluteBudget } from "./absolute-budget.ts";
import { approval } from "./approval.ts";
import { artifactContents } from "./artifact-contents.ts";
import { benchmarkRegression } from "./benchmark-regression.ts";
import { changelogEntry } from "./changelog-entry.ts";
import { cleanInstall } from "./clean-install.ts";
import { coverage } from "./coverage.ts";
import { examplesRun } from "./examples-run.ts";
import { matrixCompleteness } from "./matrix-completeness.ts";
import { metadataValidity } from "./metadata-validity.ts";
import { platformTag } from "./platform-tag.ts";
import { profileFreshness } from "./profile-freshness.ts";
import type { Rule } from "./rule.ts";
import { sbomAndAssets } from "./sbom-and-assets.ts";
import { soakLeak } from "./soak-leak.ts";
import { testSuite } from "./test-suite.ts";
import { variantFilenameUnique } from "./variant-filename-unique.ts";
import { versionCanonicalUnique } from "./version-canonical-unique.ts";
import { versionConsistency } from "./version-consistency.ts";
import { vulnerabilityScan } from "./vulnerability-scan.ts";

/** The gates that can be judged, by their number in the catalogue. */
export const CATALOGUE = {
  G01: versionConsistency,
  G02: versionCanonicalUnique,
  G05: changelogEntry,
  G09: metadataValidity,
  G10: artifactContents,
  G11: platformTag,
  G12: cleanInstall,
  G13: matrixCompleteness,
  G14: testSuite,
  G16: coverage,
  G17: variantFilenameUnique,
  G20: vulnerabilityScan,
  G21: sbomAndAssets,
  G22: benchmarkRegression,
  G23: absoluteBudget,
  G24: profileFreshness,
  G25: soakLeak,
  G27: examplesRun,
  M01: approval,
} as const;

export type GateId = keyof typeof CATALOGUE;

type OptionsOf<R> = R extends Rule<infer O> ? O : never;
export type GateOptions<I extends GateId> = OptionsOf<(typeof CATALOGUE)[I]>;

/** Which gates a release asks for, each with what differs from its defaults. */
export type GatePolicy = { readonly [I in GateId]?: Partial<GateOptions<I>> };
