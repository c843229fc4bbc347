import {
  readConfig,
  startAgent,
  type AgentHandle,
  type ExecutionRequest,
  type ExecutionSink,
  type Executor,
} from "@kiln/agent";
import type { MeasureReport } from "@kiln/proto";
import type { Farm } from "../farm/farm.ts";

/** How many times as long as its baseline a version of the candidate takes; not there: as long. */
export type Slowness = Readonly<Record<string, number>>;

const BASELINE = "1.0";

/**
 * An agent in this process that passes every job as the dummy does, and says of
 * benchmarks what a test wants: numbers of a machine that is shared would make
 * it fail now and then.
 */
export async function startBenchmarkingAgent(farm: Farm, name: string, slowness: Slowness): Promise<AgentHandle> {
  const config = readConfig({ ...farm.agentEnvironment(name), KILN_LOG_LEVEL: "silent" });
  if (!config.ok) throw new Error(config.problems.join("; "));
  return startAgent(config.config, {
    wrapExecutor: (inner): Executor => ({
      name: inner.name,
      kinds: [...inner.kinds, "bench"],
      clearLeftovers: (attempts) => inner.clearLeftovers(attempts),
      start(request, sink) {
        if (request.job.work.kind !== "measure") return inner.start(request, sink);
        measure(farm, request, sink, slowness).catch((cause: unknown) =>
          sink.ended({ outcome: "infrastructure", summary: String(cause) }),
        );
        return { stop: () => undefined };
      },
    }),
  });
}

async function measure(farm: Farm, { job }: ExecutionRequest, sink: ExecutionSink, slowness: Slowness): Promise<void> {
  const { work } = job;
  if (work.kind !== "measure" || work.how.kind !== "bench") throw new Error(`${job.name} is no benchmark`);
  const version = work.candidate.version ?? "";
  const isCompared = work.baseline !== null;
  const slower = slowness[version] ?? 1;
  const processes: MeasureReport["processes"] = [];
  sink.started("3.12.1");
  for (let pair = 1; pair <= work.how.pairs; pair += 1) {
    const arms = pair % 2 === 1 ? (["baseline", "candidate"] as const) : (["candidate", "baseline"] as const);
    for (const arm of arms) {
      if (arm === "baseline" && !isCompared) continue;
      // Pairs differ a little, and so do the arms of each: equal values have no rank.
      const seconds = (1 + pair / 1_000) * (arm === "candidate" ? slower * (1 + ((pair * 37) % 10) / 5_000) : 1);
      const rows = [
        { kiln: "benchmarks/1" },
        { benchmark: "fib", metric: "time", unit: "s", better: "lower", samples: [seconds] },
        { benchmark: "fib", metric: "rate", unit: "items/s", better: "higher", samples: [1 / seconds] },
        { end: 2 },
      ];
      const bytes = Buffer.from(rows.map((row) => JSON.stringify(row)).join("\n"));
      const filename = `pair-${pair}-${arm}-bench.json`;
      sink.artifact("benchmark", { sha256: await farm.api.putBlob(bytes), sizeBytes: bytes.length, filename });
      const stamp = { gpu: null, foreignCpu: 0 };
      processes.push({ arm, pair, exitCode: 0, durationMs: 1_000, stamp, files: [filename], disturbed: "" });
    }
  }
  sink.report({ kind: "measure", baseline: isCompared ? BASELINE : null, processes });
  sink.ended({ outcome: "passed", summary: "" });
}
