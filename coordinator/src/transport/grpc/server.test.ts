import { create } from "@bufbuild/protobuf";
import {
  credentials,
  makeClientConstructor,
  Metadata,
  status,
  type Client,
  type ClientDuplexStream,
  type ServiceError,
} from "@grpc/grpc-js";
import { agent as wire, grpcService, job as jobWire, results } from "@kiln/proto";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { servicesInFolder } from "../../services/testing.ts";
import { startGrpcServer } from "./server.ts";

const token = "a-token-of-this-test";
const AgentClient = makeClientConstructor(grpcService(wire.AgentService), wire.AgentService.typeName);

type Results = ClientDuplexStream<wire.StreamResultsRequest, wire.StreamResultsResponse>;

function metadata(bearer = token): Metadata {
  const entries = new Metadata();
  entries.set("authorization", `Bearer ${bearer}`);
  return entries;
}

async function serve() {
  const services = await servicesInFolder();
  const log = pino({ level: "silent" });
  const options = { address: "127.0.0.1:0", token, heartbeatIntervalMs: 500, windowBytes: 1_000_000 };
  const server = await startGrpcServer({ registry: services.registry, ingest: services.ingest, log }, options);
  const client = new AgentClient(server.address, credentials.createInsecure());
  return {
    services,
    register: (request: wire.RegisterRequest, bearer = token) =>
      new Promise<wire.RegisterResponse>((resolve, reject) => {
        const done = (error: ServiceError | null, response: wire.RegisterResponse) =>
          error ? reject(error) : resolve(response);
        client["register"]?.(request, metadata(bearer), done);
      }),
    results: (bearer = token): Results => {
      // Every call needs a listener from its first moment: an error without one ends the process.
      const call = client["streamResults"]?.(metadata(bearer)) as Results;
      call.on("error", () => {});
      return call;
    },
    async [Symbol.asyncDispose]() {
      (client as Client).close();
      await server[Symbol.asyncDispose]();
      await services[Symbol.asyncDispose]();
    },
  };
}

const hello = (attempts: readonly { run: number; job: number; attempt: number }[] = []) =>
  create(wire.StreamResultsRequestSchema, {
    message: {
      case: "hello",
      value: create(wire.HelloSchema, {
        agentId: "a",
        sessionId: "s1",
        attempts: attempts.map((ref) => create(jobWire.AttemptRefSchema, ref)),
      }),
    },
  });

function batch(
  seq: number,
  body: results.ResultFrame["body"],
  ref = { run: 1, job: 0, attempt: 1 },
): wire.StreamResultsRequest {
  const frame = create(results.ResultFrameSchema, { attempt: ref, seq, body });
  return create(wire.StreamResultsRequestSchema, {
    message: { case: "frames", value: create(wire.FrameBatchSchema, { frames: [frame] }) },
  });
}

/** The next message of the stream; throws the error that ends it. */
function next(call: Results): Promise<wire.StreamResultsResponse["message"]> {
  return new Promise((resolve, reject) => {
    call.once("data", (response: wire.StreamResultsResponse) => {
      call.pause();
      resolve(response.message);
    });
    call.once("error", reject);
    call.resume();
  });
}

/** The error that ends the stream; the status is only seen by who reads. */
const ended = (call: Results): Promise<ServiceError> =>
  new Promise((resolve) => {
    call.once("error", resolve);
    call.resume();
  });

const registration = create(wire.RegisterRequestSchema, {
  agentId: "a",
  sessionId: "s1",
  name: "a",
  slots: 1,
  kinds: ["build", "test"],
  inventory: { os: "linux", pythons: [{ feature: "3.12", version: "3.12.1", platform: "linux-x86_64" }] },
});

describe("the gRPC service for agents", () => {
  it("registers an agent and tells it how to behave", async () => {
    await using farm = await serve();
    expect(await farm.register(registration)).toMatchObject({ heartbeatIntervalMs: 500, windowBytes: 1_000_000 });
    expect(await farm.services.queries.agents()).toMatchObject([
      { agentId: "a", state: "online", pythons: [{ feature: "3.12" }] },
    ]);
  });

  it("refuses whoever does not have the farm's token", async () => {
    await using farm = await serve();
    await expect(farm.register(registration, "wrong-token-of-same")).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
    });
    expect(await ended(farm.results("wrong"))).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await farm.services.queries.agents()).toEqual([]);
  });

  it("says what is wrong with a registration", async () => {
    await using farm = await serve();
    const bad = { ...registration, agentId: "Not A Subject.>" };
    await expect(farm.register(bad)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining("agent_id"),
    });
    await expect(farm.register({ ...registration, slots: 0 })).rejects.toMatchObject({
      details: expect.stringContaining("slots"),
    });
  });

  it("takes results only from an agent process that is registered, not from an earlier one", async () => {
    await using farm = await serve();
    const early = farm.results();
    early.write(hello());
    expect(await ended(early)).toMatchObject({ code: status.NOT_FOUND });
    await farm.register(registration);
    await farm.register({ ...registration, sessionId: "s2" });
    const old = farm.results();
    old.write(hello());
    expect(await ended(old)).toMatchObject({ code: status.NOT_FOUND });
  });

  it("takes an attempt from its first frame to its acknowledgement", async () => {
    await using farm = await serve();
    await farm.register(registration);
    await farm.services.submit(["3.12"]);
    const call = farm.results();
    call.write(hello());
    expect(await next(call)).toMatchObject({ case: "welcome", value: { resume: [] } });
    call.write(batch(1, { case: "started", value: create(results.StartedSchema, { pythonVersion: "3.12.1" }) }));
    expect(await next(call)).toMatchObject({ case: "acks", value: { acks: [{ seq: 1 }] } });
    const value = create(results.FinishedSchema, { outcome: jobWire.Outcome.BUILD_FAILED, summary: "no" });
    call.write(batch(2, { case: "finished", value }));
    expect(await next(call)).toMatchObject({ case: "acks", value: { acks: [{ seq: 2 }] } });
    expect(await farm.services.store.run(1)).toMatchObject({ verdict: "fail" });
    call.end();
  });

  it("welcomes a stream that comes back with the frame after which each attempt goes on, and refuses what is over", async () => {
    await using farm = await serve();
    await farm.register(registration);
    await farm.services.submit(["3.12"]);
    const first = farm.results();
    first.write(hello());
    await next(first);
    first.write(batch(1, { case: "started", value: create(results.StartedSchema) }));
    await next(first);

    const second = farm.results();
    const aborted = ended(first);
    second.write(
      hello([
        { run: 1, job: 0, attempt: 1 },
        { run: 7, job: 3, attempt: 1 },
      ]),
    );
    const messages = [await next(second), await next(second)];
    expect(messages.find(({ case: name }) => name === "welcome")).toMatchObject({
      value: { resume: [{ attempt: { run: 1 }, seq: 1 }] },
    });
    expect(messages.find(({ case: name }) => name === "refused")).toMatchObject({
      value: { attempt: { run: 7, job: 3 } },
    });
    expect(await aborted).toMatchObject({ code: status.ABORTED });
    second.end();
  });

  it("ends the stream, and nothing else, at a message that does not fit the contract", async () => {
    await using farm = await serve();
    await farm.register(registration);
    await farm.services.submit(["3.12"]);
    const cases: [wire.StreamResultsRequest[], number][] = [
      [[batch(1, { case: "started", value: create(results.StartedSchema) })], status.INVALID_ARGUMENT],
      [[hello(), hello()], status.INVALID_ARGUMENT],
      [[hello(), batch(1, { case: undefined })], status.INVALID_ARGUMENT],
      [[hello(), batch(0, { case: "started", value: create(results.StartedSchema) })], status.INVALID_ARGUMENT],
      [[hello(), batch(9, { case: "started", value: create(results.StartedSchema) })], status.ABORTED],
    ];
    for (const [messages, code] of cases) {
      const call = farm.results();
      const error = ended(call);
      for (const message of messages) call.write(message);
      expect(await error).toMatchObject({ code });
    }
    expect(await farm.register(registration)).toBeDefined();
    expect((await farm.services.store.jobs(1))[0]).toMatchObject({ state: "assigned" });
  });
});
