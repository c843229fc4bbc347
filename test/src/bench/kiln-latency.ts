import { readConfig, startAgent, type AgentHandle, type Executor } from "@kiln/agent";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import { submitRunBody } from "../farm/farm-api.ts";
import type { Farm } from "../farm/farm.ts";

/** One cell, whose build and test do nothing. */
const SPEC =
  "kiln: 1\nmatrix: {os: [linux-x86_64], python: ['3.12']}\nbuild: {env: {KILN_DUMMY: pass}}\ntest: {command: pass}\n";
const SDIST = Buffer.from("a source of no importance");

/** An executor that passes every job at once and says when it was asked to. */
class InstantExecutor implements Executor {
  readonly name = "dummy";
  readonly kinds = ["build", "test"] as const;
  started: () => void = () => {};

  start(...[request, sink]: Parameters<Executor["start"]>): ReturnType<Executor["start"]> {
    this.started();
    sink.started("");
    // A build without a wheel cannot be tested: the test of each run does not run, and is not measured.
    sink.ended({ outcome: request.job.work.kind === "build" ? "build-failed" : "passed", summary: "measured" });
    return { stop: () => {} };
  }

  async clearLeftovers(): Promise<void> {}
}

export interface LatencyBench extends AsyncDisposable {
  /** Milliseconds from before the HTTP request that submits a run to the start of its first job, one run at a time. */
  latenciesMs(count: number): Promise<number[]>;
}

/** An idle agent in this process, beside the farm's coordinator and nats-server in theirs. */
export async function openLatencyBench(farm: Farm): Promise<LatencyBench> {
  const executor = new InstantExecutor();
  const config = readConfig(farm.agentEnvironment("bench"));
  if (!config.ok) throw new Error(config.problems.join("; "));
  const agent: AgentHandle = await startAgent(config.config, { executor });
  await agent.registered;
  await farm.api.putBlob(SDIST);
  const post = keptAlivePost(`${farm.coordinator.ready.httpUrl}/api/v1/runs`, farm.token);
  return {
    async latenciesMs(count) {
      const samples: number[] = [];
      for (let run = 0; run < count; run += 1) {
        const started = new Promise<number>((resolve) => (executor.started = () => resolve(performance.now())));
        const body = JSON.stringify(
          submitRunBody({ spec: SPEC, name: "bench", version: "1.0", sdist: SDIST, reuse: "never" }),
        );
        const beforeMs = performance.now();
        const submitting = post(body);
        samples.push((await started) - beforeMs);
        await submitting;
        // The agent is idle again once the coordinator has acknowledged everything.
        while (agent.stats().spooled > 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return samples;
    },
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  };
}

/** Posts JSON on one connection, with as little of its own as Node allows. */
function keptAlivePost(url: string, token: string): (body: string) => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return async (body) => {
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const post = request(url, { method: "POST", agent, headers });
    post.end(body);
    const [response] = (await once(post, "response")) as [IncomingMessage];
    const answer = await text(response);
    if (response.statusCode !== 201) throw new Error(`the run was answered with ${response.statusCode}: ${answer}`);
  };
}
