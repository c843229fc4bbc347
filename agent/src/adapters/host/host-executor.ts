import type { JobKind } from "@kiln/proto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { attemptKey } from "../../domain/attempt-key.ts";
import { pickInterpreter, type Interpreter } from "../../domain/interpreter.ts";
import type { Execution, ExecutionRequest, ExecutionSink, Executor } from "../../ports/executor.ts";
import { HostRunner } from "./host-runner.ts";
import { removeFolder } from "./job-folder.ts";
import { JobRun, type JobRunParts } from "./job-run.ts";
import type { PipTool } from "./pip-tool.ts";
import { RepairTools } from "./repair-tools.ts";
import { killGroup } from "./process-group.ts";
import { endOrphans } from "../system/end-orphans.ts";
import { processMark } from "../system/process-mark.ts";
import { attemptCookie, killStrays } from "./stray-processes.ts";

export interface HostParts extends JobRunParts {
  readonly pip: PipTool;
  /** What is installed once for all jobs. */
  readonly toolsFolder: string;
  /** Nsight Compute is on the PATH. */
  readonly hasNcu: boolean;
}

/**
 * Runs jobs on this machine, as the user the agent runs as: a fresh folder and
 * a fresh virtual environment for each, both removed afterwards, and every
 * process of the job ended. It is no sandbox: HOME, the network and whatever
 * that user may read are the job's too.
 */
export class HostExecutor implements Executor {
  readonly name = "host";
  readonly kinds: readonly JobKind[];
  readonly #interpreters: () => readonly Interpreter[];
  readonly #parts: HostParts;
  readonly #repair: RepairTools;

  /** `interpreters`: those of now. */
  constructor(interpreters: () => readonly Interpreter[], parts: HostParts) {
    this.#interpreters = interpreters;
    this.#parts = parts;
    this.kinds = ["check", "build", "scan", "test", "bench", ...(parts.hasNcu ? (["profile"] as const) : [])];
    this.#repair = new RepairTools(join(parts.toolsFolder, "repair"), interpreters(), parts.pip);
  }

  start(request: ExecutionRequest, sink: ExecutionSink): Execution {
    const { python } = request.job;
    const interpreter = pickInterpreter(this.#interpreters(), python);
    if (!interpreter) {
      sink.ended({ outcome: "infrastructure", summary: `this agent has no CPython ${python} (any more)` });
      return { stop: () => undefined };
    }
    const cookie = attemptCookie(this.#parts.agentId, attemptKey(request.ref));
    const tools = { pip: this.#parts.pip, repair: this.#repair };
    const job = new JobRun(request, new HostRunner(interpreter, tools, cookie, this.#parts.log), sink, this.#parts);
    void job.perform();
    return { stop: () => job.stop() };
  }

  async clearLeftovers(attempts: Parameters<Executor["clearLeftovers"]>[0]): Promise<void> {
    const ended = await endOrphans(attempts.flatMap(({ groups }) => groups));
    if (!ended.ok) this.#parts.log.warn({ reason: ended.message }, "processes of an earlier agent process may run on");
    for (const { groups } of attempts) {
      for (const { pid, mark } of groups) {
        if (mark !== "" && processMark(pid) === mark) await killGroup(pid);
      }
    }
    const cookies = attempts.map(({ ref }) => attemptCookie(this.#parts.agentId, attemptKey(ref)));
    const killed = await killStrays(new Set(cookies));
    if (killed > 0) this.#parts.log.warn({ killed }, "processes of an earlier agent process were killed");
    await removeFolder(this.#parts.workFolder).catch((cause: unknown) => {
      this.#parts.log.warn({ err: cause }, "old working folders could not be removed");
    });
    mkdirSync(this.#parts.workFolder, { recursive: true, mode: 0o700 });
  }
}
