import { fromBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agent as wire, type RunView } from "@kiln/proto";
import { submitRunBody } from "../../farm/farm-api.ts";
import { AGENTS, FaultFarm } from "../fault-farm.ts";
import { agentIsOnline } from "../inject.ts";
import { namespacesMissing } from "../namespaces.ts";
import { joinAsStranger } from "../stranger.ts";
import { randomFrom, seedOf } from "../../farm/seeded-random.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { runSchemathesis } from "./run-schemathesis.ts";
import { sendMalformedGrpc } from "./send-grpc.ts";
import { sendMalformedHttp, type Operation } from "./send-http.ts";
import { validNatsMessages } from "./valid-messages.ts";

const GRPC_MESSAGES = 3_500;
const NATS_MESSAGES = 3_000;
const HTTP_MESSAGES = 3_500;
/** With its installation, and a run before and after. */
const SCHEMATHESIS_MS_MAX = 300_000;
const SPEC = "kiln: 1\nbuild: {env: {KILN_DUMMY: pass}}\ntest: {command: lines 100}\nretry: {infrastructure: 10}\n";

let farm: FaultFarm | null = null;
const missing = namespacesMissing();
const seed = seedOf("KILN_SEED");

beforeAll(async () => {
  if (missing !== null) return;
  console.log(`seed ${seed} (KILN_SEED=${seed} repeats it)`);
  farm = await FaultFarm.start({ seed, slots: 4 });
});
afterAll(async () => {
  farm?.keep();
  await farm?.[Symbol.asyncDispose]();
});

/** The farm's processes are the same as at the start, and a run goes through. */
async function worksOn(on: FaultFarm, name: string): Promise<RunView["verdict"]> {
  for (const agent of AGENTS) await agentIsOnline(on, agent);
  const sdist = Buffer.from(`source of ${name}`);
  const run = await on.api.submit({ spec: SPEC, name, version: "1.0", sdist, reuse: "never" });
  const { verdict } = await on.api.finished(run);
  on.assertNothingDied();
  return verdict;
}

/** Takes back what valid requests of an operator have told the agents: not to work. */
async function letAgentsWork(on: FaultFarm): Promise<void> {
  const headers = { "content-type": "application/json" };
  for (const { agentId, mode, windows } of await on.api.agents()) {
    for (const { id } of windows) {
      await on.api.fetch(`/api/v1/agents/${agentId}/windows/${id}`, { method: "DELETE" });
    }
    const body = JSON.stringify({ mode: "active" });
    if (mode.name !== "active") await on.api.fetch(`/api/v1/agents/${agentId}/mode`, { method: "POST", headers, body });
  }
}

/** One bit makes a cancel into a leave, which is no malformed message: the agent ends, as it is told to. */
function tellsToLeave(bytes: Uint8Array): boolean {
  try {
    return fromBinary(wire.ControlSchema, bytes).command.case === "leave";
  } catch {
    return false;
  }
}

describe("malformed messages", () => {
  it(`over gRPC, ${GRPC_MESSAGES} of them, are refused and do not stop the farm`, async (context) => {
    if (!farm) return context.skip(missing ?? "there is no farm");
    const { agentId, grpc } = await joinAsStranger(farm, "stranger");
    const to = { address: farm.grpcAddress, credentials: grpc };
    const ends = await sendMalformedGrpc(to, agentId, randomFrom(seed), GRPC_MESSAGES);
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
    expect(await worksOn(farm, "after-grpc")).toBe("pass");
    return undefined;
  });

  it(`over NATS, ${NATS_MESSAGES} of them, stop neither coordinator nor agent`, async (context) => {
    if (!farm) return context.skip(missing ?? "there is no farm");
    const random = randomFrom(seed + 1);
    // A user who may speak to everybody: a coordinator that has lost its mind, and an agent.
    const connection = await connect(await farm.natsOptions());
    const [agent] = await farm.api.agents();
    const messages = validNatsMessages(agent?.agentId ?? "");
    for (let sent = 0; sent < NATS_MESSAGES; sent += 1) {
      const message = messages[sent % messages.length];
      const bytes = message && mutateBytes(random, message.bytes);
      if (bytes && !tellsToLeave(bytes)) connection.publish(message.subject, bytes);
      if (sent % 200 === 0) await connection.flush();
    }
    await connection.drain();
    expect(await worksOn(farm, "after-nats")).toBe("pass");
    return undefined;
  });

  it(`over HTTP, ${HTTP_MESSAGES} of them, are answered with what is wrong and never with a 5xx`, async (context) => {
    if (!farm) return context.skip(missing ?? "there is no farm");
    const document = (await (await farm.api.fetch("/api/v1/openapi.json")).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
    expect(operations.length).toBeGreaterThan(20);
    const body = submitRunBody({ spec: SPEC, name: "body", version: "1.0", sdist: Buffer.from("source") });
    const ends = await sendMalformedHttp(
      { host: farm.farm.address, port: Number(new URL(farm.httpUrl).port), token: farm.token },
      operations,
      JSON.parse(JSON.stringify(body)) as never,
      randomFrom(seed + 2),
      HTTP_MESSAGES,
    );
    expect(ends.filter((end) => end.status >= 500)).toEqual([]);
    const unanswered = ends.filter((end) => end.status === 0 && !end.asked.startsWith("raw "));
    expect(unanswered).toEqual([]);
    expect(ends.some((end) => end.status === 400)).toBe(true);
    expect(await worksOn(farm, "after-http")).toBe("pass");
    return undefined;
  });

  it(
    "that schemathesis makes of the OpenAPI document cause no 5xx",
    async (context) => {
      if (!farm) return context.skip(missing ?? "there is no farm");
      const end = await runSchemathesis(farm, seed);
      if (!end.ran) return context.skip(end.reason);
      expect(end.output).toMatch(/Operations:.*tested|API Operations/s);
      expect(end.passed, end.output).toBe(true);
      await letAgentsWork(farm);
      expect(await worksOn(farm, "after-schemathesis")).toBe("pass");
      return undefined;
    },
    SCHEMATHESIS_MS_MAX,
  );
});
