import type { ComparePolicy } from "@kiln/gate";
import type { Logger } from "pino";
import { createTarSource } from "./adapters/source-archive/tar-source.ts";
import type { SqliteStores } from "./adapters/sqlite/store.ts";
import { createZipWheelOpener } from "./adapters/zip/wheel-opener.ts";
import type { BlobStore } from "./ports/blob-store.ts";
import type { Clock } from "./ports/clock.ts";
import type { Metrics } from "./ports/metrics.ts";
import type { Upstream } from "./ports/upstream.ts";
import type { AuditLog } from "./services/audit-log.ts";
import type { ChangeHub } from "./services/change-hub.ts";
import type { FarmEngine } from "./services/farm-engine.ts";
import type { PlanCache } from "./services/plan-cache.ts";
import { RunMeasurements } from "./services/run-measurements.ts";
import { ArtifactFacts } from "./services/verdict/artifact-facts.ts";
import { FactCollector } from "./services/verdict/fact-collector.ts";
import { ReleaseBoard } from "./services/verdict/release-board.ts";
import { RunJudge } from "./services/verdict/run-judge.ts";
import { SelfComparisonBoard } from "./services/verdict/self-comparison-board.ts";
import { FarmVerdicts } from "./services/verdict/verdicts.ts";

/** For all facts of one run together. */
const FACTS_TIMEOUT_MS = 120_000;

/** What judges runs, what people ask and decide about it, and the metrics of both. The judge is not started yet. */
export function openVerdicts(parts: {
  readonly engine: FarmEngine;
  readonly store: SqliteStores;
  readonly blobs: BlobStore;
  readonly plans: PlanCache;
  readonly hub: ChangeHub;
  readonly upstream: Upstream;
  readonly compare: ComparePolicy;
  readonly metrics: Metrics;
  /** Time series of releases, of all projects together. */
  readonly releaseSeriesMax: number;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Logger;
}): {
  readonly judge: RunJudge;
  readonly verdicts: FarmVerdicts;
  readonly board: ReleaseBoard;
  readonly selfBoard: SelfComparisonBoard;
  readonly stop: () => Promise<void>;
} {
  const { engine, store, blobs, plans, hub, upstream, compare, audit, clock } = parts;
  const log = parts.log.child({ part: "judge" });
  const { verdicts, selfComparisons } = store;
  const artifacts = new ArtifactFacts(createZipWheelOpener(blobs));
  const source = createTarSource(blobs);
  const measurements = new RunMeasurements({ store, selfComparisons, blobs, policy: compare });
  const facts = new FactCollector(
    { store, verdicts, blobs, source, artifacts, measurements, upstream, clock, log },
    FACTS_TIMEOUT_MS,
  );
  const { metrics, releaseSeriesMax } = parts;
  const board = new ReleaseBoard({ store, verdicts, hub, metrics, clock, log }, releaseSeriesMax);
  board.start();
  const selfBoard = new SelfComparisonBoard({ store, selfComparisons, hub, metrics, log });
  selfBoard.start();
  const asked = { measurements, facts };
  const judge = new RunJudge({ engine, store, verdicts, plans, hub, ...asked, compare, clock, log });
  return {
    judge,
    verdicts: new FarmVerdicts({ engine, store, verdicts, selfComparisons, plans, audit, clock }),
    board,
    selfBoard,
    stop: async () => {
      await judge.stop();
      await board.stop();
      await selfBoard.stop();
    },
  };
}
