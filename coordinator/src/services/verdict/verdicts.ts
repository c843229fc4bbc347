import type { ApproveBody, RunSummary, VerdictView, WaiveBody } from "@kiln/proto";
import { changeVerdict } from "../../domain/run-state.ts";
import { countJobs, NO_JOBS } from "../../domain/run-counts.ts";
import type { AuditedAction } from "../../domain/audit.ts";
import { formatRunId } from "../../domain/run-id.ts";
import type { StoreOp } from "../../domain/store-op.ts";
import type { DecidedBy, Decider } from "../../domain/verdict/decision.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SelfComparisonStore } from "../../ports/self-comparison-store.ts";
import type { Store } from "../../ports/store.ts";
import type { VerdictStore } from "../../ports/verdict-store.ts";
import type { AuditLog } from "../audit-log.ts";
import type { FarmEngine } from "../farm-engine.ts";
import type { PlanCache } from "../plan-cache.ts";
import { judgedAt, knownVerdict, type KnownVerdict } from "./known-verdict.ts";

export type VerdictOutcome =
  | { readonly ok: true; readonly view: VerdictView }
  | { readonly ok: false; readonly reason: "no-such-run" }
  /** It is not finished, or was judged before verdicts were kept. */
  | { readonly ok: false; readonly reason: "not-judged"; readonly detail: string }
  /** The decision cannot be taken. */
  | { readonly ok: false; readonly reason: "cannot-decide"; readonly detail: string };

/** The verdicts of runs, and what people decide about them. */
export interface Verdicts {
  verdict(run: number): Promise<VerdictOutcome>;
  /** Resolves once the approval and its row of the audit log are durable, and the run is judged again. */
  approve(run: number, body: ApproveBody, by: Decider): Promise<VerdictOutcome>;
  waive(run: number, body: WaiveBody, by: Decider): Promise<VerdictOutcome>;
}

/** Of one run, approvals and waivers each. */
const DECISIONS_MAX = 500;
/** Classes of machines of one project whose rates are looked at. */
const MACHINES_MAX = 1_000;

export class FarmVerdicts implements Verdicts {
  readonly #engine: FarmEngine;
  readonly #store: Store;
  readonly #verdicts: VerdictStore;
  readonly #selfComparisons: SelfComparisonStore;
  readonly #plans: PlanCache;
  readonly #audit: Pick<AuditLog, "op">;
  readonly #clock: Clock;
  /** One decision at a time: each is judged with those before it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly engine: FarmEngine;
    readonly store: Store;
    readonly verdicts: VerdictStore;
    readonly selfComparisons: SelfComparisonStore;
    readonly plans: PlanCache;
    readonly audit: Pick<AuditLog, "op">;
    readonly clock: Clock;
  }) {
    this.#engine = parts.engine;
    this.#store = parts.store;
    this.#verdicts = parts.verdicts;
    this.#selfComparisons = parts.selfComparisons;
    this.#plans = parts.plans;
    this.#audit = parts.audit;
    this.#clock = parts.clock;
  }

  async verdict(run: number): Promise<VerdictOutcome> {
    const known = await this.#known(run);
    return "ok" in known ? known : { ok: true, view: await this.#view(known) };
  }

  approve(run: number, { digest, onBehalfOf = "" }: ApproveBody, by: Decider): Promise<VerdictOutcome> {
    const action = { what: "run.approve", object: formatRunId(run), detail: detailOf(digest, onBehalfOf) } as const;
    return this.#decide(run, digest, { by, action }, (known, nowMs) => {
      if (known.approvals.length >= DECISIONS_MAX) return `it has ${DECISIONS_MAX} approvals, and may not have more`;
      const row = { ...decidedBy(by, onBehalfOf), digest, atMs: nowMs };
      return { op: { op: "add-approval", run, row }, known: { ...known, approvals: [...known.approvals, row] } };
    });
  }

  waive(
    run: number,
    { gate, digest, onBehalfOf = "", reason, expiresAtMs }: WaiveBody,
    by: Decider,
  ): Promise<VerdictOutcome> {
    const object = `${formatRunId(run)} ${gate}`;
    const action = { what: "run.waive", object, detail: detailOf(digest, onBehalfOf) } as const;
    return this.#decide(run, digest, { by, action }, (known, nowMs) => {
      if (!known.judged.found.some(({ id }) => id === gate)) {
        return `it has no gate ${gate}; its gates are ${known.judged.found.map(({ id }) => id).join(", ")}`;
      }
      if (expiresAtMs <= nowMs)
        return `the waiver would have expired on ${new Date(expiresAtMs).toISOString()} already`;
      if (known.waivers.length >= DECISIONS_MAX) return `it has ${DECISIONS_MAX} waivers, and may not have more`;
      const row = { ...decidedBy(by, onBehalfOf), gate, why: reason, expiresAtMs, digest, atMs: nowMs };
      // The newest of a gate comes first: an older one may have expired.
      return { op: { op: "add-waiver", run, row }, known: { ...known, waivers: [row, ...known.waivers] } };
    });
  }

  async #decide(
    run: number,
    digest: string,
    { by, action }: { readonly by: Decider; readonly action: AuditedAction },
    decide: (known: KnownVerdict, nowMs: number) => string | { readonly op: StoreOp; readonly known: KnownVerdict },
  ): Promise<VerdictOutcome> {
    const mine = this.#turn.then(async (): Promise<VerdictOutcome> => {
      const known = await this.#known(run);
      if ("ok" in known) return known;
      const own = known.judged.candidate?.digest ?? null;
      const cannot = (detail: string): VerdictOutcome => ({ ok: false, reason: "cannot-decide", detail });
      if (own === null) return cannot(`${formatRunId(run)} has no files that could be approved or waived`);
      if (own !== digest)
        return cannot(`the candidate of ${formatRunId(run)} is ${own}, not ${digest}: look at its verdict again`);
      const decided = await this.#engine.act((farm, effects, nowMs) => {
        if (farm.runs.has(run)) return `${formatRunId(run)} is being tried again: wait for its verdict`;
        const made = decide(known, nowMs);
        if (typeof made === "string") return `${formatRunId(run)}: ${made}`;
        effects.ops.push(made.op, this.#audit.op(by, action));
        const judgement = judgedAt(made.known, nowMs);
        if (judgement.verdict !== known.row.verdict || judgement.reason !== known.row.reason) {
          changeVerdict(farm, known.row, judgement, effects);
        }
        effects.judgedRuns.add(run);
        return made.known;
      });
      return typeof decided === "string" ? cannot(decided) : { ok: true, view: await this.#view(decided) };
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Of every class of machines that measured it, how often the gate is known to be wrong there by now. */
  async #falsePositives({ row, judged }: KnownVerdict): Promise<VerdictView["falsePositives"]> {
    const machines = new Set(judged.comparisons.flatMap(({ machine }) => machine ?? []));
    if (machines.size === 0) return [];
    const rates = await this.#selfComparisons.rates(row.candidate.name, MACHINES_MAX);
    return [...machines].sort().map((machine) => {
      const rate = rates.find((one) => one.machine === machine);
      if (!rate) return { machine, comparisons: 0, stopped: 0, undecided: 0, share: null };
      const { comparisons, stopped, undecided, falsePositives } = rate;
      const { rate: estimate, lower: low, upper: high } = falsePositives;
      return { machine, comparisons, stopped, undecided, share: { estimate, low, high } };
    });
  }

  async #known(run: number): Promise<KnownVerdict | (VerdictOutcome & { readonly ok: false })> {
    const row = await this.#store.run(run);
    if (!row) return { ok: false, reason: "no-such-run" };
    const name = formatRunId(run);
    if (row.state !== "finished") {
      return {
        ok: false,
        reason: "not-judged",
        detail: `${name} is ${row.state}: it is judged when its jobs have ended`,
      };
    }
    const { selfComparisonOf: of } = row;
    if (of !== null) {
      const result = `what it found is beside the verdict of ${formatRunId(of)}`;
      return { ok: false, reason: "not-judged", detail: `${name} compares ${formatRunId(of)} with itself: ${result}` };
    }
    const known = await knownVerdict(this.#verdicts, row);
    if (known) return known;
    const detail = `${name} was judged before verdicts were kept; submit it again with --reuse ${name}`;
    return { ok: false, reason: "not-judged", detail };
  }

  async #view(known: KnownVerdict): Promise<VerdictView> {
    const { row, judged, approvals, waivers } = known;
    const nowMs = this.#clock.nowMs();
    const { verdict, reason, gates } = judgedAt(known, nowMs);
    const [plan, counts] = await Promise.all([this.#plans.get(row.run), this.#counts(row.run)]);
    const { candidate } = judged;
    return {
      run: formatRunId(row.run),
      verdict,
      reason,
      decidedBy: gates.find((gate) => gate.reason === reason)?.id ?? null,
      judgedAtMs: judged.judgedAtMs,
      asOfMs: nowMs,
      candidate: {
        name: row.candidate.name,
        version: candidate?.version ?? row.candidate.version,
        digest: candidate?.digest ?? null,
        lastRelease: candidate?.lastRelease ?? null,
      },
      counts,
      cells: { planned: plan.cells.length, excluded: plan.excluded.length, reduced: plan.reduced.length },
      files: judged.files.map(({ file, sha256, cell }) => ({ file, sha256, cell })),
      filesOmitted: judged.filesOmitted,
      gates: gates.map((gate) => ({ ...gate, evidence: gate.evidence.map((one) => ({ ...one })) })),
      comparisons: judged.comparisons.map(({ axes: _axes, machine = null, differences, ...one }) => ({
        ...one,
        machine,
        differences: [...differences],
      })),
      comparisonsOmitted: judged.comparisonsOmitted,
      falsePositives: await this.#falsePositives(known),
      approvals: approvals.map((one) => ({ ...one })),
      waivers: [
        ...waivers.map(({ gate, who, role, onBehalfOf, why, digest, expiresAtMs }) => ({
          ...{ gate, who, role, onBehalfOf, why, digest, expiresAtMs },
        })),
        // Whom the spec names: whoever submitted it says so.
        ...judged.waivers.map((one) => ({ ...one, role: null, onBehalfOf: "" })),
      ],
    };
  }

  async #counts(run: number): Promise<RunSummary["counts"]> {
    const counts = countJobs(await this.#store.jobCounts([run]));
    return counts.get(run) ?? NO_JOBS;
  }
}

function decidedBy({ who, role }: Decider, onBehalfOf: string): DecidedBy {
  return { who, role, onBehalfOf };
}

function detailOf(digest: string, onBehalfOf: string): string {
  return `candidate ${digest}${onBehalfOf === "" ? "" : `, on behalf of ${onBehalfOf}`}`;
}
