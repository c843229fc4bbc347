import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { credentials, makeClientConstructor, Metadata, type Client, type ServiceError } from "@grpc/grpc-js";
import { makeCertificateRequest, makeNatsUser, natsCoordinator, natsCreds, natsTls } from "@kiln/identity";
import { agent as wire, grpcService, SUBJECTS, type Enrolment } from "@kiln/proto";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { Farm } from "../farm/farm.ts";
import { residentMb } from "../farm/process-memory.ts";

/** Machines that join at the same time. */
const AT_ONCE = 16;
/** Looks at all agents until the last heartbeats have arrived. */
const ANSWERS_MAX = 100;
/** Ticks a second of /proc (USER_HZ). */
const TICKS_PER_SECOND = 100;

export interface AgentsResult {
  /** Enrolments over HTTPS, each with a certificate and a NATS user; the keys are made before. */
  readonly joinsPerSecond: number;
  /** Of the coordinator, for 1,000 agents that are registered; null where /proc does not say. */
  readonly mbPerThousand: number | null;
  /** Heartbeats that the coordinator takes in a second of CPU time; null where /proc does not say. */
  readonly beatsPerCpuSecond: number | null;
  /** Agents of which the last heartbeat was taken. */
  readonly online: number;
}

interface Joined {
  readonly enrolment: Enrolment;
  readonly privateKeyPem: string;
}

type AgentClient = Client & {
  register(
    request: wire.RegisterRequest,
    metadata: Metadata,
    done: (error: ServiceError | null, response?: wire.RegisterResponse) => void,
  ): unknown;
};
const AgentServiceClient = makeClientConstructor(grpcService(wire.AgentService), "AgentService");

/** Lets `count` machines join one coordinator, register, and send `beats` heartbeats each. */
export async function measureAgents(count: number, beats: number): Promise<AgentsResult> {
  const env = { KILN_LOG_LEVEL: "warn", KILN_ENROLMENTS_PER_MINUTE_MAX: "1000000", KILN_LEASE_TTL_MS: "600000" };
  await using farm = await Farm.start({ executor: "dummy", slots: 1, agents: [], env });
  const { token } = await farm.api.makeJoinToken({ uses: count });
  const keys = await Promise.all(
    Array.from({ length: count }, async (_, index) => ({
      ...(await makeCertificateRequest(`bench-${index}`)),
      natsPublicKey: makeNatsUser().publicKey,
    })),
  );
  const joined: Joined[] = [];
  const startedMs = performance.now();
  await atOnce(keys, async ({ requestPem: request, privateKeyPem, natsPublicKey }, index) => {
    const body = { token, request, natsPublicKey, name: `bench-${index}`, nowMs: Date.now() };
    const headers = { "content-type": "application/json" };
    const response = await farm.api.fetch("/api/v1/enrolments", {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    joined.push({ enrolment: (await response.json()) as Enrolment, privateKeyPem });
  });
  const joinsPerSecond = count / ((performance.now() - startedMs) / 1_000);

  const pid = farm.coordinator.pid;
  const beforeMb = residentMb(pid);
  await atOnce(joined, (one, index) => register(farm, one, index));
  const afterMb = residentMb(pid);

  const connection = await connectAsFarm(farm);
  const beforeTicks = cpuTicks(pid);
  let lastRoundMs = Date.now();
  for (let beat = 0; beat < beats; beat += 1) {
    lastRoundMs = Date.now();
    for (const [index, { enrolment }] of joined.entries()) {
      const { agentId } = enrolment;
      const message = create(wire.HeartbeatSchema, {
        agentId,
        sessionId: `session-${index}`,
        diskFreeBytes: 10n ** 12n,
      });
      connection.publish(SUBJECTS.heartbeat.of(agentId), SUBJECTS.heartbeat.encode(message));
    }
    await connection.flush();
  }
  // What the last round said of every agent has to be there.
  let agents = await farm.api.agents();
  for (let asked = 1; agents.some(({ lastSeenMs }) => lastSeenMs < lastRoundMs) && asked < ANSWERS_MAX; asked += 1) {
    agents = await farm.api.agents();
  }
  const usedTicks = cpuTicks(pid);
  await connection.close();
  const cpuSeconds = beforeTicks === null || usedTicks === null ? null : (usedTicks - beforeTicks) / TICKS_PER_SECOND;
  return {
    joinsPerSecond,
    mbPerThousand: beforeMb === null || afterMb === null ? null : ((afterMb - beforeMb) / count) * 1_000,
    beatsPerCpuSecond: cpuSeconds === null ? null : (beats * count) / cpuSeconds,
    online: agents.filter(({ state, lastSeenMs }) => state === "online" && lastSeenMs >= lastRoundMs).length,
  };
}

export interface DeathResult {
  readonly leaseMs: number;
  /** From the kill to the start of the next attempt on another agent. */
  readonly reassignedMs: number;
}

/** Kills the agent that runs a job, with `leaseMs` of lease, and waits until another one has begun it anew. */
export async function measureDeath(leaseMs: number): Promise<DeathResult> {
  const env = { KILN_LOG_LEVEL: "warn", KILN_LEASE_TTL_MS: String(leaseMs), KILN_HEARTBEAT_INTERVAL_MS: "200" };
  await using farm = await Farm.start({ executor: "dummy", slots: 1, agents: ["a1", "a2"], env });
  const spec = "kiln: 1\nbuild: {wheel: pure, env: {KILN_DUMMY: hang}}\n";
  const run = await farm.api.submit({ spec, name: "bench", version: "1.0", sdist: Buffer.from("source") });
  const nameOf = new Map((await farm.api.agents()).map(({ agentId, name }) => [agentId, name]));
  let killedMs: number | null = null;
  for await (const event of farm.api.events(run)) {
    if (event.type !== "job" || event.job.state !== "running") continue;
    const name = event.job.agentName ?? "";
    if (killedMs === null) {
      await farm.agent([...nameOf.values()].find((known) => known === name) ?? name).kill();
      killedMs = performance.now();
    } else if (event.job.attempts > 1) return { leaseMs, reassignedMs: performance.now() - killedMs };
  }
  throw new Error(`${run} ended without a second attempt`);
}

async function atOnce<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) await work(item, index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function register(farm: Farm, { enrolment, privateKeyPem }: Joined, index: number): Promise<void> {
  const pem = (text: string): Buffer => Buffer.from(text);
  const secure = credentials.createSsl(pem(enrolment.authority), pem(privateKeyPem), pem(enrolment.certificate));
  const client = new AgentServiceClient(farm.coordinator.ready.grpcAddress, secure) as unknown as AgentClient;
  const request = create(wire.RegisterRequestSchema, {
    ...{ agentId: enrolment.agentId, sessionId: `session-${index}`, name: `bench-${index}`, version: "0.1.0" },
    ...{ slots: 4, executors: ["dummy"], kinds: ["build", "test"] },
    inventory: {
      ...{ os: "linux", arch: "x86_64", osTitle: "Debian GNU/Linux 12 (bookworm)", libc: "glibc 2.36", cpuCores: 16 },
      pythons: ["3.10", "3.11", "3.12", "3.13"].map((feature) => ({
        ...{ feature, version: `${feature}.1`, path: `/usr/bin/python${feature}`, foundBy: "path" },
        platform: "linux-x86_64",
      })),
    },
  });
  return new Promise((resolve, reject) => {
    client.register(request, new Metadata(), (error) => {
      client.close();
      if (error) reject(error);
      else resolve();
    });
  });
}

/** One connection for all heartbeats: what is measured is the coordinator, not a thousand connections to NATS. */
async function connectAsFarm({ identity, nats }: Farm): Promise<NatsConnection> {
  const { jwt, seed } = await natsCoordinator(identity.nats);
  const authenticator = credsAuthenticator(new TextEncoder().encode(natsCreds(jwt, seed)));
  return connect({ servers: nats.url, tls: natsTls(identity.authority.certificatePem, nats.url), authenticator });
}

/** User and system time of a process (proc(5), fields 14 and 15); null where there is no /proc. */
function cpuTicks(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return null;
  }
}
