import type {
  ArtifactFact,
  AuditFact,
  CoverageFact,
  ExampleFact,
  FactSources,
  InstallFact,
  JobFact,
  SuiteFact,
} from "@kiln/gate";
import type { Plan, PlannedBuild, PlannedJob, PlannedTest } from "@kiln/matrix";
import type { Report } from "@kiln/proto";
import { eq, valid } from "@renovatebot/pep440";
import type { AttemptRow, Blob, JobRow } from "../rows.ts";
import { parseDistribution } from "../staging/distribution-name.ts";
import { ANY_VARIANT } from "../staging/staged-file.ts";
import { commandName } from "./command-name.ts";
import { foreignLibraries, glibcMinor } from "./platform-libraries.ts";

/** A wheel of the run, with what its build job was to make. */
export interface BuiltFile extends ArtifactFact {
  readonly sizeBytes: number;
}

/** A file that a scan or check left in KILN_RESULTS. */
export interface ScanFile {
  /** Of the command, `trivy`. */
  readonly command: string;
  readonly job: string;
  readonly blob: Blob;
  /** When its job ended. */
  readonly atMs: number | null;
}

/** What the rows and reports of jobs say of a candidate. */
export interface JobFacts {
  readonly jobs: readonly JobFact[];
  readonly built: readonly BuiltFile[];
  readonly audits: readonly AuditFact[];
  readonly suites: readonly SuiteFact[];
  readonly coverage: readonly CoverageFact[];
  readonly installs: readonly InstallFact[];
  /** Undefined where no command runs any. */
  readonly examples: readonly ExampleFact[] | undefined;
  readonly scanFiles: readonly ScanFile[];
  /** Digests of wheels whose README a scan has rendered (true) or refused (false). */
  readonly rendered: ReadonlyMap<string, boolean>;
}

/** The outcomes of test jobs that came as far as to say something of the candidate. */
const TRIED = new Set(["passed", "tests-failed", "regressed", "timed-out", "out-of-resources"]);

/** Gathers facts job by job, so that the reports of a large run need not be in memory together. */
export class JobFactsBuilder {
  readonly #plan: Plan;
  readonly #sources: FactSources;
  readonly #jobs: JobFact[] = [];
  readonly #built: BuiltFile[] = [];
  readonly #wheelOf = new Map<string, BuiltFile>();
  readonly #audits: AuditFact[] = [];
  readonly #suites: SuiteFact[] = [];
  readonly #coverage: CoverageFact[] = [];
  readonly #installs: InstallFact[] = [];
  readonly #examples: ExampleFact[] = [];
  readonly #scanFiles: ScanFile[] = [];
  readonly #rendered = new Map<string, boolean>();
  #hasExamples = false;

  constructor(plan: Plan, sources: FactSources) {
    this.#plan = plan;
    this.#sources = sources;
  }

  /** Jobs in the order of the plan; `attempt` is the one whose result the job has. */
  add(row: JobRow, attempt: AttemptRow | null): void {
    const planned = this.#plan.jobs[row.job];
    if (!planned || row.outcome === null) throw new Error(`r${row.run} has no finished job ${row.job}`);
    const { name, kind, needs } = planned;
    const compares = planned.kind === "bench" && planned.baseline.kind === "none" ? { compares: false } : {};
    this.#jobs.push({ name, kind, needs, outcome: row.outcome, summary: row.summary, ...compares });
    switch (planned.kind) {
      case "build":
        return this.#addBuild(planned, row, attempt);
      case "test":
        return this.#addTest(planned, row, attempt);
      case "check":
      case "scan":
        return this.#addCommand(planned, row, attempt);
      case "bench":
      case "profile":
        return;
    }
  }

  facts(): JobFacts {
    return {
      jobs: this.#jobs,
      built: this.#built,
      audits: this.#audits,
      suites: this.#suites,
      coverage: this.#coverage,
      installs: this.#installs,
      examples: this.#hasExamples ? this.#examples : undefined,
      scanFiles: this.#scanFiles,
      rendered: this.#rendered,
    };
  }

  #addBuild(planned: PlannedBuild, row: JobRow, attempt: AttemptRow | null): void {
    const blob = attempt?.artifacts.find(({ role }) => role === "wheel")?.blob;
    if (row.outcome !== "passed" || !blob) return;
    const { index } = planned.wheel;
    const file: BuiltFile = {
      file: blob.filename,
      sha256: blob.sha256,
      sizeBytes: blob.sizeBytes,
      cell: planned.cell,
      ...(index === null || index === ANY_VARIANT ? {} : { index }),
    };
    this.#built.push(file);
    this.#wheelOf.set(planned.name, file);
    this.#audits.push(auditOf(file, planned, reportOf(attempt, "wheel")));
  }

  #addTest(planned: PlannedTest, row: JobRow, attempt: AttemptRow | null): void {
    if (row.outcome === null || !TRIED.has(row.outcome)) return;
    const { cell, name: job } = planned;
    const report = reportOf(attempt, "test");
    if (report) {
      // pytest tells a file that it could not collect as an error with these words (its junitxml plugin).
      const collection = report.failures.filter(
        ({ outcome, message }) => outcome === "error" && message.startsWith("collection failure"),
      ).length;
      const { tests, failed, skipped } = report;
      const errors = Math.max(0, report.errors - collection);
      this.#suites.push({
        cell,
        job,
        executed: tests - skipped,
        failed,
        errors,
        skipped,
        collectionErrors: collection,
      });
    }
    if (report?.coverage) {
      const { linesCovered, lines } = report.coverage;
      this.#coverage.push({ cell, job, linesCovered, linesTotal: lines });
    }
    const passed = row.outcome === "passed";
    const wheel = this.#wheelOf.get(planned.wheelOf);
    this.#installs.push({
      cell,
      job,
      // Agents make an environment for each job, install by name and version from the run's index, compare what
      // is installed with the wheel file by file, and keep the source away from the tests.
      ...{ freshEnvironment: true, fromStagingOnly: true, editable: false, insideSourceTree: false },
      imports: passed ? true : null,
      installedVersion: wheel && (passed || report) ? this.#installed(wheel, planned) : null,
    });
  }

  /** As the plan writes it, where it is that version: with the local part that the plan itself gives, or in another form. */
  #installed({ file }: BuiltFile, test: PlannedTest): string | null {
    const version = parseDistribution(file)?.version ?? null;
    const wanted = this.#plan.candidate.version;
    if (version === null || wanted === null) return version;
    const build = this.#plan.jobs.find(({ name }) => name === test.wheelOf);
    const local = build?.kind === "build" ? build.wheel.localVersion : null;
    const own = local === null ? version : (version.split("+", 1)[0] ?? version);
    return valid(own) !== null && valid(wanted) !== null && eq(own, wanted) ? wanted : version;
  }

  #addCommand(planned: PlannedJob & { kind: "check" | "scan" }, row: JobRow, attempt: AttemptRow | null): void {
    const command = commandName(planned) ?? "";
    for (const { role, blob } of attempt?.artifacts ?? []) {
      if (role === "scan") this.#scanFiles.push({ command, job: planned.name, blob, atMs: row.finishedAtMs });
    }
    const { examples, readmeScan } = this.#sources;
    if (examples?.includes(command) ?? command.startsWith("example")) {
      this.#hasExamples = true;
      this.#examples.push({ name: command, cell: planned.cell, exitCode: exitCodeOf(row, attempt) });
    }
    if (command !== readmeScan || planned.kind !== "scan") return;
    const wheel = this.#wheelOf.get(planned.wheelOf);
    if (wheel && row.outcome === "passed") this.#rendered.set(wheel.sha256, true);
    if (wheel && row.outcome === "tests-failed") this.#rendered.set(wheel.sha256, false);
  }
}

type ReportOf<K extends Report["kind"]> = Extract<Report, { readonly kind: K }>;

function reportOf<K extends Report["kind"]>(attempt: AttemptRow | null, kind: K): ReportOf<K> | undefined {
  return attempt?.reports.find((report): report is ReportOf<K> => report.kind === kind);
}

/** Null where the command did not come to its own end. */
function exitCodeOf(row: JobRow, attempt: AttemptRow | null): number | null {
  if (row.outcome === "passed") return 0;
  return row.outcome === "tests-failed" ? (attempt?.steps.at(-1)?.exitCode ?? null) : null;
}

/** Without a report, what its name and the plan promise was not audited. */
function auditOf(file: BuiltFile, { wheel }: PlannedBuild, report: ReportOf<"wheel"> | undefined): AuditFact {
  const { sizeBytes: _size, ...artifact } = file;
  const platforms = /-([^-]+)\.whl$/.exec(file.file)?.[1]?.split(".") ?? [];
  const promised = platforms.filter((platform) => glibcMinor(platform) !== null);
  // The oldest is what the name promises most.
  const [oldest] = promised.toSorted((a, b) => (glibcMinor(a) ?? 0) - (glibcMinor(b) ?? 0));
  return {
    ...artifact,
    promisedPolicy: oldest ?? null,
    keepsPolicy: oldest === undefined || !report ? null : keeps(oldest, report),
    externalLibraries: oldest === undefined || !report ? [] : foreignLibraries(report.external, wheel),
    promisedSms: wheel.archList.map((arch) => arch.replace(/\+PTX$/, "").replace(".", "")),
    foundSms: wheel.archList.length === 0 || !report ? null : report.smArchitectures,
  };
}

/** `policy` is the oldest that its symbols allow; a wheel that asks glibc for nothing keeps every one. */
function keeps(promised: string, { policy, glibc }: ReportOf<"wheel">): boolean | null {
  const limit = glibcMinor(promised);
  const needed = policy === null ? null : glibcMinor(policy);
  if (limit === null) return null;
  if (needed !== null) return needed <= limit;
  return glibc === null ? true : Number(glibc.split(".")[1]) <= limit;
}
