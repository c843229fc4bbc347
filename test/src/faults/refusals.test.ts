import { create, toBinary } from "@bufbuild/protobuf";
import { credentials, makeClientConstructor, Metadata, status } from "@grpc/grpc-js";
import type { ChannelCredentials, ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { connect, errors, type NatsConnection } from "@nats-io/transport-node";
import { issueAgentCertificate, makeAuthority, makeCertificateRequest, natsTls } from "@kiln/identity";
import { agent as wire, CONSUMERS, grpcService, job as jobWire, results, SUBJECTS, type AuditPage } from "@kiln/proto";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { connect as connectTcp, type Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { FaultFarm } from "./fault-farm.ts";
import { inside, namespacesMissing } from "./namespaces.ts";
import { joinAsStranger, type Stranger } from "./stranger.ts";

const missing = namespacesMissing();
const AgentClient = makeClientConstructor(grpcService(wire.AgentService), wire.AgentService.typeName);
type AuditRow = AuditPage["entries"][number];
type Results = ClientDuplexStream<wire.StreamResultsRequest, wire.StreamResultsResponse>;

let made: FaultFarm | null = null;
let stranger: Stranger;

beforeAll(async () => {
  if (missing !== null) return;
  made = await FaultFarm.start({ seed: 1, slots: 4 });
  stranger = await joinAsStranger(made, "stranger");
});
afterAll(() => made?.[Symbol.asyncDispose]());

/** The farm, or the end of the test with the reason why there is none. */
function needFarm(context: TestContext): FaultFarm {
  return made ?? context.skip(missing ?? "there is no farm");
}

async function agentIdOf(farm: FaultFarm, name: string): Promise<string> {
  const agent = (await farm.api.agents()).find((one) => one.name === name);
  if (!agent) throw new Error(`there is no agent ${name}`);
  return agent.agentId;
}

function register(farm: FaultFarm, by: ChannelCredentials, agentId: string): Promise<ServiceError | null> {
  const client = new AgentClient(farm.grpcAddress, by);
  const request = create(wire.RegisterRequestSchema, {
    agentId,
    sessionId: "session",
    name: "stranger",
    slots: 1,
    kinds: ["check"],
    inventory: { os: "linux" },
  });
  return new Promise((resolve) => {
    const deadline = Date.now() + 5_000;
    client["register"]?.(request, new Metadata(), { deadline }, (error: ServiceError | null) => {
      client.close();
      resolve(error);
    });
  });
}

/** The audit log's rows on what was refused; resolves when there is one like it, with the newest. */
async function refusal(farm: FaultFarm, like: Partial<AuditRow>): Promise<AuditRow> {
  const isLike = (row: AuditRow): boolean => isDeepStrictEqual({ ...row, ...like }, row);
  const find = async (): Promise<AuditRow | undefined> => {
    const { entries } = (await (await farm.api.fetch("/api/v1/audit?what=access&limit=1000")).json()) as AuditPage;
    return entries.filter(({ outcome }) => outcome === "refused").find(isLike);
  };
  const found = () => find().then((row) => row ?? like);
  await expect.poll(found, { timeout: 10_000, message: "no such row in the audit log" }).toHaveProperty("id");
  return (await find()) as AuditRow;
}

/** Opens a results stream, sends, and returns every answer up to its end, and how it ended. */
async function report(farm: FaultFarm, agentId: string, frames: readonly results.ResultFrame[]) {
  const client = new AgentClient(farm.grpcAddress, stranger.grpc);
  const call = client["streamResults"]?.(new Metadata(), { deadline: Date.now() + 10_000 }) as Results;
  const answers: wire.StreamResultsResponse["message"][] = [];
  call.on("data", ({ message }: wire.StreamResultsResponse) => {
    if (message.case !== undefined) answers.push(message);
  });
  call.on("error", () => undefined);
  const ended = new Promise<{ code: status; details: string }>((resolve) => void call.on("status", resolve));
  const send = (message: wire.StreamResultsRequest["message"]): void =>
    void call.write(create(wire.StreamResultsRequestSchema, { message }));
  send({ case: "hello", value: create(wire.HelloSchema, { agentId, sessionId: "session" }) });
  if (frames.length > 0) {
    send({ case: "frames", value: create(wire.FrameBatchSchema, { frames: [...frames] }) });
    await once(call, "data");
    while (!answers.some((answer) => answer.case === "refused" || answer.case === "acks")) await once(call, "data");
    call.end();
  }
  const { code, details } = await ended;
  client.close();
  return { answers, code, details };
}

function frameOf(run: number, job: number, attempt: number, seq: number, body: results.ResultFrame["body"]) {
  const ref = create(jobWire.AttemptRefSchema, { run, job, attempt });
  return create(results.ResultFrameSchema, { attempt: ref, seq, body });
}

const passed = {
  case: "finished",
  value: create(results.FinishedSchema, { outcome: jobWire.Outcome.PASSED }),
} as const;

/** A run of one cell, whose build does as it is told; returns its number once the build is as wanted. */
async function runUntil(farm: FaultFarm, told: string, isWanted: (state: string) => boolean): Promise<number> {
  const [agent] = await farm.api.agents();
  const python = agent?.pythons[0]?.feature ?? "";
  const spec = `kiln: 1\nmatrix: {os: [linux-x86_64], python: ["${python}"]}\nbuild: {env: {KILN_DUMMY: "${told}"}}\ntest: {command: pass}\n`;
  const sdist = Buffer.from(`source of ${told}`);
  const run = await farm.api.submit({ spec, name: `a${told.length}`, version: "1.0", sdist, reuse: "never" });
  for await (const event of farm.api.events(run)) {
    if (event.type === "job" && event.job.kind === "build" && isWanted(event.job.state)) return Number(run.slice(1));
  }
  throw new Error(`the run ended before its build was as wanted`);
}

describe("an agent that does what is not its to do", () => {
  it("is refused as another agent, by its own certificate", async (context) => {
    const farm = needFarm(context);
    const other = await agentIdOf(farm, "a1");
    expect(await register(farm, stranger.grpc, other)).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(await register(farm, stranger.grpc, stranger.agentId)).toBeNull();
    expect(await report(farm, other, [])).toMatchObject({ code: status.PERMISSION_DENIED, answers: [] });
    const { detail } = await refusal(farm, { who: `agent:${stranger.agentId}`, object: `agent ${other}` });
    expect(detail).toContain("spoke for agent");
  });

  it("is refused with another's certificate that is of no authority of the farm's", async (context) => {
    const farm = needFarm(context);
    const agentId = await agentIdOf(farm, "a1");
    const authority = await makeAuthority({ farm: "another", nowMs: Date.now() });
    const { privateKeyPem, requestPem } = await makeCertificateRequest("a1");
    const issued = await issueAgentCertificate(authority, {
      requestPem,
      agentId,
      nowMs: Date.now(),
      lifetimeMs: 60_000,
    });
    if (!issued.ok) throw new Error(issued.message);
    const forged = credentials.createSsl(
      Buffer.from(farm.identity.authority.certificatePem),
      Buffer.from(privateKeyPem),
      Buffer.from(issued.certificatePem),
    );
    expect(await register(farm, forged, agentId)).toMatchObject({ code: status.UNAVAILABLE });
    const none = credentials.createSsl(Buffer.from(farm.identity.authority.certificatePem));
    expect(await register(farm, none, agentId)).toMatchObject({ code: status.UNAVAILABLE });
    const { detail, from } = await refusal(farm, { who: "nobody", object: `agent ${agentId}` });
    expect(detail).toMatch(/^its certificate was refused: this farm did not sign it .+ on the gRPC port$/);
    await refusal(farm, { who: "nobody", from, detail: "it came without a certificate, on the gRPC port" });
  });

  it("may not listen to another's subjects nor speak on them", async (context) => {
    const farm = needFarm(context);
    const other = await agentIdOf(farm, "a1");
    await using connection = await connectNats(stranger);
    const subjects = [
      SUBJECTS.control.of(other),
      SUBJECTS.assignments.of(other),
      SUBJECTS.assignments.of(stranger.agentId),
      SUBJECTS.heartbeat.all,
      SUBJECTS.control.all,
      "_INBOX.>",
      "$SYS.>",
      ">",
    ];
    for (const subject of subjects) expect(await subscription(connection.nats, subject), subject).toBe("refused");
    expect(await subscription(connection.nats, SUBJECTS.control.of(stranger.agentId))).toBe("open");
    const consumer = `${CONSUMERS.assignments.stream}.${CONSUMERS.assignments.durableName(other)}`;
    const published = [
      SUBJECTS.heartbeat.of(other),
      SUBJECTS.control.of(other),
      SUBJECTS.assignments.of(other),
      `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
      `$JS.API.CONSUMER.DELETE.${consumer}`,
      `$JS.API.STREAM.DELETE.${CONSUMERS.assignments.stream}`,
      "$SYS.REQ.CLAIMS.UPDATE",
    ];
    for (const subject of published) expect(await publication(connection.nats, subject), subject).toBe("refused");
    expect(await publication(connection.nats, SUBJECTS.heartbeat.of(stranger.agentId))).toBe("open");
    const [who, object] = [`agent:${stranger.agentId}`, `subject ${SUBJECTS.control.of(other)}`];
    await refusal(farm, { who, object, detail: "NATS refused to let it subscribe" });
    await refusal(farm, { who, object, detail: "NATS refused to let it publish" });
  });

  it("cannot report for a job that another agent holds, nor end it", async (context) => {
    const farm = needFarm(context);
    const run = await runUntil(farm, "hang", (state) => state === "running");
    await register(farm, stranger.grpc, stranger.agentId);
    const { answers } = await report(farm, stranger.agentId, [frameOf(run, 0, 1, 2, passed)]);
    expect(answers).toContainEqual(expect.objectContaining({ case: "refused" }));
    expect(answers.filter((answer) => answer.case === "acks")).toEqual([]);
    const { jobs } = await farm.api.run(`r${run}`);
    expect(jobs[0]).toMatchObject({ state: "running", outcome: null, attempts: 1 });
    await refusal(farm, { who: `agent:${stranger.agentId}`, object: `r${run} job 0 attempt 1` });
    await farm.api.cancel(`r${run}`);
  });

  it("changes nothing by an old frame that comes again", async (context) => {
    const farm = needFarm(context);
    const run = await runUntil(farm, "fail", (state) => state === "finished");
    const before = await farm.api.job(`r${run}`, (await farm.api.run(`r${run}`)).jobs[0]?.name ?? "");
    await register(farm, stranger.grpc, stranger.agentId);
    const { answers } = await report(farm, stranger.agentId, [frameOf(run, 0, 1, 2, passed)]);
    expect(answers).toContainEqual(expect.objectContaining({ case: "refused" }));
    expect(await farm.api.job(`r${run}`, before.name)).toEqual(before);
    await refusal(farm, { who: `agent:${stranger.agentId}`, object: `r${run} job 0 attempt 1` });
  });
});

describe("whoever knows nothing of the farm", () => {
  /** What says nothing of the farm, and what a machine joins by. */
  const OPEN = ["/healthz", "/readyz", "/ca.pem"];

  it("finds three ports, and on HTTP health and ways to log in", async (context) => {
    const farm = needFarm(context);
    const listening = inside(farm.farm.name, "ss", "--no-header", "--listening", "--tcp", "--numeric")
      .split("\n")
      .flatMap((line) => /:(\d+)\s+\S+:\*/.exec(line)?.[1] ?? [])
      .map(Number)
      .filter((port) => port < 10_000);
    expect(new Set(listening)).toEqual(new Set([8270, 8271, 8272]));

    const document = (await (await farm.api.fetch("/api/v1/openapi.json")).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const answers: string[] = [];
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const filled = path.replaceAll(/\{[^}]+\}/g, "r1");
        const { status: answer } = await fetch(`${farm.httpUrl}${filled}`, { method: method.toUpperCase() });
        if (answer !== 401) answers.push(`${method} ${path}: ${answer}`);
      }
    }
    expect(answers.filter((answer) => !OPEN.some((path) => answer.startsWith(`get ${path}: `)))).toEqual([
      "post /api/v1/enrolments: 400",
    ]);
  });

  it("gets no word out of gRPC without a certificate of the farm's", async (context) => {
    const farm = needFarm(context);
    const [host = "", port] = farm.grpcAddress.split(":");
    const socket = connectTls({ host, port: Number(port), ALPNProtocols: ["h2"], rejectUnauthorized: false });
    const heard: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => heard.push(bytes));
    socket.on("error", () => undefined);
    socket.on("secureConnect", () => socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    await closed(socket);
    expect(Buffer.concat(heard).toString("hex")).toBe("");
  });

  it("gets a greeting out of NATS, and then nothing", async (context) => {
    const farm = needFarm(context);
    const { hostname, port } = new URL(farm.natsUrl);
    const socket = connectTcp(Number(port), hostname);
    let heard = "";
    socket.on("data", (bytes: Buffer) => (heard += bytes.toString()));
    socket.on("error", () => undefined);
    socket.write('CONNECT {"verbose":true}\r\nSUB > 1\r\nPING\r\n');
    await closed(socket);
    expect(heard).toMatch(/^INFO \{.*"tls_required":true/);
    expect(heard.split("\r\n").filter((line) => /^(?:MSG|PONG|\+OK)/.test(line))).toEqual([]);
    const refused = connect({
      servers: farm.natsUrl,
      tls: natsTls(farm.identity.authority.certificatePem, farm.natsUrl),
      reconnect: false,
    });
    await expect(refused).rejects.toBeInstanceOf(errors.AuthorizationError);
    await refusal(farm, { who: "nobody", detail: "NATS refused its login" });
  });
});

async function connectNats({ nats }: Stranger): Promise<{ readonly nats: NatsConnection } & AsyncDisposable> {
  const connection = await connect(nats);
  return { nats: connection, [Symbol.asyncDispose]: () => connection.close() };
}

/** The server answers a subscription only when it refuses it; a flush goes after it. */
async function subscription(connection: NatsConnection, subject: string): Promise<"open" | "refused"> {
  const refused = Promise.withResolvers<"refused">();
  connection.subscribe(subject, { callback: (error) => (error ? refused.resolve("refused") : undefined) });
  return Promise.race([
    refused.promise,
    connection
      .flush()
      .then(() => connection.flush())
      .then(() => "open" as const),
  ]);
}

async function publication(connection: NatsConnection, subject: string): Promise<"open" | "refused"> {
  const statuses = connection.status();
  const refused = (async () => {
    for await (const update of statuses) {
      if (update.type === "error" && update.error instanceof errors.PermissionViolationError) return "refused" as const;
    }
    return "open" as const;
  })();
  connection.publish(subject, toBinary(wire.HeartbeatSchema, create(wire.HeartbeatSchema)));
  return Promise.race([
    refused,
    connection
      .flush()
      .then(() => connection.flush())
      .then(() => "open" as const),
  ]);
}

/** Resolves when it is closed, however that came. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.on("close", () => resolve()));
}
