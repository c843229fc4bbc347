import type { Judged } from "../compare/compare.ts";
import type { RunFacts } from "../facts.ts";
import type { KernelProfile } from "../profiles/kernel.ts";

/** What is to be released. */
export interface CandidateFact {
  readonly name: string;
  readonly version: string;
  /** SHA-256 over the digests of all its files: a new byte anywhere is another candidate. */
  readonly digest: string;
  /** Full hash of the source's commit; null when it is no checkout. */
  readonly commit: string | null;
  /** Newest version that was released before; null for a first release, absent when nobody knows. */
  readonly lastRelease?: string | null;
}

/** A place that is declared to hold the version. */
export interface VersionPlace {
  /** `pyproject.toml: project.version`. */
  readonly place: string;
  readonly file: string;
  /** From 1; null when nothing matched. */
  readonly line: number | null;
  /** What stands there; null when nothing matched. */
  readonly found: string | null;
}

export interface IndexFact {
  /** Name of the index the release goes to. */
  readonly index: string;
  /** Names of the project's files there. */
  readonly files: readonly string[];
}

export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** A file of the candidate. */
export interface ArtifactFact {
  readonly file: string;
  readonly sha256: string;
  /** The cell that built it; null for what all share. */
  readonly cell: string | null;
  /** Where variants have indexes of their own, the one that it is on; absent: it is on every one. */
  readonly index?: string;
}

/** Core metadata of one artifact, and what its checks found. */
export interface MetadataFact extends ArtifactFact {
  readonly requiresPython: string | null;
  readonly classifiers: readonly string[];
  /** The SPDX expression of `License-Expression`; null without. */
  readonly licenseExpression: string | null;
  /** Null: it was not rendered. */
  readonly readmeRenders: boolean | null;
  /** What a validator says against it, in sentences. */
  readonly problems: readonly string[];
}

/** What is inside one artifact. Null: it was not looked at. */
export interface ContentsFact extends ArtifactFact {
  /** Files whose RECORD hash does not hold, or that it misses. */
  readonly recordProblems: readonly string[] | null;
  readonly topLevels: readonly string[];
  readonly extensions: readonly string[];
  readonly entryPointsBroken: readonly string[] | null;
  /** Paths in which the wheel rebuilt from the sdist differs. */
  readonly rebuildDifferences: readonly string[] | null;
}

/** The audit of one wheel. Null: it could not be found out. */
export interface AuditFact extends ArtifactFact {
  /** `manylinux_2_28_x86_64`, as its name promises; null for a wheel that promises no policy. */
  readonly promisedPolicy: string | null;
  /** Whether its symbols and libraries keep that promise. */
  readonly keepsPolicy: boolean | null;
  /** Libraries it needs that neither it nor the policy brings. */
  readonly externalLibraries: readonly string[];
  readonly promisedSms: readonly string[];
  readonly foundSms: readonly string[] | null;
}

export interface InstallFact {
  readonly cell: string;
  readonly job: string;
  readonly freshEnvironment: boolean;
  readonly fromStagingOnly: boolean;
  readonly editable: boolean;
  readonly insideSourceTree: boolean;
  /** Null: the import was not reached. */
  readonly imports: boolean | null;
  readonly installedVersion: string | null;
}

/** Counts of one test job. */
export interface SuiteFact {
  readonly cell: string;
  readonly job: string;
  readonly executed: number;
  readonly failed: number;
  readonly errors: number;
  readonly skipped: number;
  readonly collectionErrors: number;
}

export interface CoverageFact {
  readonly cell: string;
  readonly job: string;
  readonly linesCovered: number;
  readonly linesTotal: number;
}

export const SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface ScanFinding {
  /** `CVE-2026-1234`. */
  readonly id: string;
  readonly severity: Severity;
  readonly where: string;
  readonly text: string;
}

export interface ScanFact {
  readonly tool: string;
  /** Of the tool's database of vulnerabilities; null when it does not say. */
  readonly databaseAtMs: number | null;
  readonly findings: readonly ScanFinding[];
}

export interface SbomFact extends ArtifactFact {
  readonly format: "CycloneDX" | "SPDX" | "unknown";
  readonly components: number;
  /** Whether it lies in a wheel's `.dist-info/sboms` (PEP 770). */
  readonly inWheel: boolean;
}

/** A measured value that may have a budget. */
export interface MeasuredFact {
  /** `train-step:peak-memory`. */
  readonly what: string;
  readonly cell: string;
  readonly value: number;
  readonly unit: string;
}

export interface ProfileFact {
  readonly cell: string;
  /** The commit that was profiled; null where nobody knows. */
  readonly commit: string | null;
  /** It is of the very wheel that is judged, whatever its commit is. */
  readonly isOfCandidate?: boolean;
  readonly candidate: readonly KernelProfile[];
  /** Null: the baseline has none. */
  readonly baseline: readonly KernelProfile[] | null;
  /** What the baseline is, `1.4.2`; null without one, absent where nobody knows. */
  readonly baselineVersion?: string | null;
}

export interface SoakFact {
  readonly cell: string;
  readonly job: string;
  readonly ranForMs: number;
  /** Resident memory at growing times, in bytes. */
  readonly memory: readonly { readonly atMs: number; readonly bytes: number }[];
}

export interface ExampleFact {
  readonly name: string;
  readonly cell: string;
  /** Null: it was not started or did not end. */
  readonly exitCode: number | null;
}

/** Roles of the farm whose people may approve; each may do all that those before it may. */
export const APPROVER_ROLES = ["releaser", "operator"] as const;
export type ApproverRole = (typeof APPROVER_ROLES)[number];

/** An approval by somebody whom the farm knows. */
export interface ApprovalFact {
  /** By whose token: its name. */
  readonly who: string;
  /** That the farm gave the token. */
  readonly role: ApproverRole;
  /** Of the candidate that was looked at. */
  readonly digest: string;
  readonly atMs: number;
}

/** All that gates may ask for. What is not known is absent: a gate that needs it is then not run. */
export interface GateFacts {
  /** Why facts are absent, in parts of sentences. */
  readonly absent?: Readonly<Partial<Record<FactName, string>>>;
  readonly nowMs?: number;
  readonly run?: RunFacts;
  readonly candidate?: CandidateFact;
  readonly versionPlaces?: readonly VersionPlace[];
  readonly index?: IndexFact;
  readonly changelog?: SourceText;
  readonly artifacts?: readonly ArtifactFact[];
  readonly metadata?: readonly MetadataFact[];
  /** `3.12`: minor versions of the matrix. */
  readonly matrixPythons?: readonly string[];
  readonly contents?: readonly ContentsFact[];
  readonly audits?: readonly AuditFact[];
  readonly installs?: readonly InstallFact[];
  readonly suites?: readonly SuiteFact[];
  readonly coverage?: readonly CoverageFact[];
  readonly scans?: readonly ScanFact[];
  readonly sboms?: readonly SbomFact[];
  readonly comparisons?: readonly Judged[];
  readonly measured?: readonly MeasuredFact[];
  /** Files of kernels that changed since the last release. */
  readonly changedKernelSources?: readonly string[];
  readonly profiles?: readonly ProfileFact[];
  readonly soaks?: readonly SoakFact[];
  readonly examples?: readonly ExampleFact[];
  readonly approvals?: readonly ApprovalFact[];
}

export type FactName = Exclude<keyof GateFacts, "absent">;
