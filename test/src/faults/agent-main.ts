// An agent of the fault tests: the real one, with its executor and its line to
// the coordinator watched. What it does is written to KILN_TEST_JOURNAL; with
// KILN_TEST_DISTURB it sends frames twice and out of order.
import { once } from "node:events";
import { readConfig, startAgent, type Coordinator, type Executor } from "@kiln/agent";
import { randomFrom } from "../farm/seeded-random.ts";
import { writeEntry } from "./agent-journal.ts";
import { disturbed } from "./disturb-frames.ts";
import { SeenFrames } from "./seen-frames.ts";

const journal = required("KILN_TEST_JOURNAL");
const agent = required("KILN_AGENT_NAME");
const disturbSeed = Number(process.env["KILN_TEST_DISTURB"] ?? 0);
/** Of all connections: one that disturbed each of them alike could stop what comes first for ever. */
const disturbance = disturbSeed === 0 ? null : randomFrom(disturbSeed);
const { pid } = process;

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function watchedExecutor(executor: Executor): Executor {
  return {
    name: executor.name,
    kinds: executor.kinds,
    start(request, sink) {
      writeEntry(journal, { event: "executed", agent, pid, ...request.ref });
      return executor.start(request, sink);
    },
    clearLeftovers: (attempts) => executor.clearLeftovers(attempts),
  };
}

function watchedCoordinator(coordinator: Coordinator): Coordinator {
  const seen = new SeenFrames();
  return {
    register: (registration) => coordinator.register(registration),
    fetchSecrets: (request) => coordinator.fetchSecrets(request),
    openResults(hello, handlers) {
      const connection = coordinator.openResults(hello, {
        ...handlers,
        welcomed: (resume) => handlers.welcomed(resume),
        writable: () => handlers.writable(),
        closed: (reason, registerFirst) => handlers.closed(reason, registerFirst),
        refused(ref, reason) {
          const { run, job, attempt } = ref;
          writeEntry(journal, { event: "refused", run, job, attempt });
          handlers.refused(ref, reason);
        },
        acked(acks) {
          for (const { ref, seq } of acks) {
            const { run, job, attempt } = ref;
            const acked = seen.acked(ref, seq);
            if (acked) writeEntry(journal, { event: "acked", run, job, attempt, seq, ...acked });
          }
          handlers.acked(acks);
        },
      });
      const watched = {
        batch() {
          const batch = connection.batch();
          return {
            get bytes() {
              return batch.bytes;
            },
            add(frame: Uint8Array) {
              seen.sent(frame);
              batch.add(frame);
            },
          };
        },
        send: () => connection.send(),
        close: () => connection.close(),
      };
      return disturbance ? disturbed(watched, disturbance) : watched;
    },
  };
}

const parsed = readConfig(process.env);
if (!parsed.ok) throw new Error(parsed.problems.join("; "));
writeEntry(journal, { event: "process", agent, pid });
const stopped = Promise.race([once(process, "SIGTERM"), once(process.stdin.resume(), "close")]);
{
  await using running = await startAgent(parsed.config, {
    wrapExecutor: watchedExecutor,
    wrapCoordinator: watchedCoordinator,
  });
  void running.registered.then(() =>
    process.stdout.write(`${JSON.stringify({ ready: true, agentId: running.agentId })}\n`),
  );
  const alive = setInterval(() => undefined, 2 ** 30);
  await Promise.race([stopped, running.ended]);
  clearInterval(alive);
}
process.exit(0);
