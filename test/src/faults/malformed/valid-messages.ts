import { create, toBinary } from "@bufbuild/protobuf";
import { agent as wire, job as jobWire, results, SUBJECTS } from "@kiln/proto";

const ref = (run: number, job = 0, attempt = 1): jobWire.AttemptRef =>
  create(jobWire.AttemptRefSchema, { run, job, attempt });

/** Messages that a coordinator takes from an agent, by method, to be made wrong. */
export function validGrpcMessages(agentId: string): { readonly register: Buffer[]; readonly streamResults: Buffer[] } {
  const registration = create(wire.RegisterRequestSchema, {
    agentId,
    sessionId: "session",
    name: "a machine",
    version: "1.0.0",
    slots: 2,
    executors: ["host"],
    kinds: ["build", "test"],
    labels: { rack: "a3" },
    inventory: {
      os: "linux",
      arch: "x86_64",
      cpuCores: 4,
      memoryBytes: 2n ** 34n,
      pythons: [{ feature: "3.12", version: "3.12.1", path: "/usr/bin/python3", platform: "linux-x86_64" }],
      problems: [{ subject: "a", message: "b" }],
      gpus: [{ uuid: "GPU-1", model: "a model", computeCapability: "9.0", driver: "535.104.05" }],
    },
  });
  const stream = (message: wire.StreamResultsRequest["message"]): Buffer =>
    Buffer.from(toBinary(wire.StreamResultsRequestSchema, create(wire.StreamResultsRequestSchema, { message })));
  const hello = create(wire.HelloSchema, { agentId, sessionId: "session", attempts: [ref(1), ref(2)] });
  const frame = (seq: number, body: results.ResultFrame["body"]): results.ResultFrame =>
    create(results.ResultFrameSchema, { attempt: ref(1), seq, atUnixMs: 1_700_000_000_000n, body });
  const frames = [
    frame(1, { case: "started", value: create(results.StartedSchema, { pythonVersion: "3.12.1" }) }),
    frame(2, { case: "log", value: create(results.LogChunkSchema, { offset: 0n, data: Buffer.from("line\n") }) }),
    frame(3, { case: "finished", value: create(results.FinishedSchema, { outcome: jobWire.Outcome.PASSED }) }),
  ];
  return {
    register: [Buffer.from(toBinary(wire.RegisterRequestSchema, registration))],
    streamResults: [
      stream({ case: "hello", value: hello }),
      stream({ case: "frames", value: create(wire.FrameBatchSchema, { frames }) }),
    ],
  };
}

/** Messages of NATS by subject, for the coordinator and for the agent. */
export function validNatsMessages(
  agentId: string,
): readonly { readonly subject: string; readonly bytes: Uint8Array }[] {
  const heartbeat = create(wire.HeartbeatSchema, {
    agentId,
    sessionId: "session",
    attempts: [ref(1)],
    diskFreeBytes: 1n,
  });
  const control = create(wire.ControlSchema, {
    command: { case: "cancel", value: create(wire.CancelAttemptSchema, { attempt: ref(9), reason: "by hand" }) },
  });
  const assignment = create(jobWire.AssignmentSchema, {
    attempt: ref(900),
    leaseTtlMs: 10_000,
    job: {
      name: "test-cp312-linux-x86_64",
      limits: { timeoutMs: 1_000, logBytesMax: 1_000n },
      python: "3.12",
      env: { A: "b" },
      work: { case: "command", value: create(jobWire.CommandWorkSchema, {}) },
    },
  });
  return [
    { subject: SUBJECTS.heartbeat.of(agentId), bytes: SUBJECTS.heartbeat.encode(heartbeat) },
    { subject: SUBJECTS.control.of(agentId), bytes: SUBJECTS.control.encode(control) },
    { subject: SUBJECTS.assignments.of(agentId), bytes: SUBJECTS.assignments.encode(assignment) },
  ];
}
