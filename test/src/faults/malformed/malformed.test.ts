import { status } from "@grpc/grpc-js";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { submitRunBody } from "../../farm/farm-api.ts";
import { Farm } from "../../farm/farm.ts";
import { randomFrom, seedOf } from "../../farm/seeded-random.ts";
import { farmClients } from "./farm-clients.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { sendMalformedGrpc } from "./send-grpc.ts";
import { sendMalformedHttp, type Operation } from "./send-http.ts";
import { validNatsMessages } from "./valid-messages.ts";

const GRPC_MESSAGES = 3_500;
const NATS_MESSAGES = 3_000;
const HTTP_MESSAGES = 3_500;
const SPEC = "kiln: 1\nbuild: {env: {KILN_DUMMY: pass}}\ntest: {command: lines 100}\nretry: {infrastructure: 10}\n";
const LEASE_TTL_MS = 2_000;

let farm: Farm;
let pids: readonly number[];
const seed = seedOf("KILN_SEED");

beforeAll(async () => {
  console.log(`seed ${seed} (KILN_SEED=${seed} repeats it)`);
  farm = await Farm.start({ executor: "dummy", slots: 4, env: { KILN_LEASE_TTL_MS: String(LEASE_TTL_MS) } });
  pids = [farm.coordinator.pid, farm.agent("a1").pid];
});
afterAll(() => farm[Symbol.asyncDispose]());

/** The same processes are there, and a run goes through. */
async function worksOn(name: string): Promise<void> {
  const sdist = Buffer.from(`source of ${name}`);
  const run = await farm.api.submit({ spec: SPEC, name, version: "1.0", sdist, reuse: "never" });
  expect((await farm.api.finished(run)).verdict).toBe("pass");
  for (const pid of pids) expect(() => process.kill(pid, 0)).not.toThrow();
  for (const part of [farm.coordinator, farm.agent("a1")]) {
    expect(part.log().filter((line) => /uncaught|unhandled/i.test(line))).toEqual([]);
  }
}

describe(`malformed messages`, () => {
  it(`over gRPC, ${GRPC_MESSAGES} of them, are refused and do not stop the farm`, async () => {
    const clients = await farmClients(farm);
    const ends = await sendMalformedGrpc(clients.grpc, clients.agentId, randomFrom(seed), GRPC_MESSAGES);
    const refused: ReadonlySet<status> = new Set([
      status.OK, // what was left of it made sense
      status.INVALID_ARGUMENT,
      status.NOT_FOUND,
      status.FAILED_PRECONDITION,
      status.PERMISSION_DENIED,
      status.RESOURCE_EXHAUSTED,
      status.ABORTED,
      status.UNIMPLEMENTED,
    ]);
    const failed = ends.filter(({ code }) => !refused.has(code));
    expect(failed).toEqual([]);
    expect(ends.some(({ code }) => code === status.INVALID_ARGUMENT)).toBe(true);
    await worksOn("after-grpc");
  });

  it(`over NATS, ${NATS_MESSAGES} of them, stop neither coordinator nor agent`, async () => {
    const random = randomFrom(seed + 1);
    const clients = await farmClients(farm);
    const connection = await connect(clients.nats);
    const agentId = farm.agent("a1").ready.agentId;
    const messages = validNatsMessages(agentId);
    for (let sent = 0; sent < NATS_MESSAGES; sent += 1) {
      const message = messages[sent % messages.length];
      if (message) connection.publish(message.subject, mutateBytes(random, message.bytes));
      if (sent % 200 === 0) await connection.flush();
    }
    await connection.drain();
    await worksOn("after-nats");
  });

  it(`over HTTP, ${HTTP_MESSAGES} of them, are answered with what is wrong and never with a 5xx`, async () => {
    const clients = await farmClients(farm);
    const document = (await (await farm.api.fetch("/api/v1/openapi.json")).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
    expect(operations.length).toBeGreaterThan(20);
    const body = submitRunBody({ spec: SPEC, name: "body", version: "1.0", sdist: Buffer.from("source") });
    const ends = await sendMalformedHttp(
      clients.http,
      operations,
      JSON.parse(JSON.stringify(body)) as never,
      randomFrom(seed + 2),
      HTTP_MESSAGES,
    );
    expect(ends.filter((end) => end.status >= 500)).toEqual([]);
    const unanswered = ends.filter((end) => end.status === 0 && !end.asked.startsWith("raw "));
    expect(unanswered).toEqual([]);
    expect(ends.some((end) => end.status === 400)).toBe(true);
    await worksOn("after-http");
  });
});
