import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request, type RequestOptions } from "node:https";
import { connect } from "node:tls";
import type { SeededRandom } from "../../farm/seeded-random.ts";
import { inTurns } from "./in-turns.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { malformedText } from "./mutate-json.ts";

const AT_ONCE = 40;
const ANSWER_MS_MAX = 10_000;
/** A server that says nothing to half a request may wait for the rest of it: then nobody waits for the server. */
const SILENCE_MS = 150;
const RAW_SHARE = 4;

export interface HttpTarget {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

export interface Operation {
  readonly method: string;
  /** `/api/v1/runs/{run}` */
  readonly path: string;
}

/** What was asked, and the status that it got; 0: none came. */
export interface HttpEnd {
  readonly asked: string;
  readonly status: number;
}

const STRANGE_PARTS = [
  "r1",
  "r0",
  "..",
  "%2e%2e%2f",
  "%00",
  "%ff",
  "a".repeat(3_000),
  "cpu",
  "any",
  "x y",
  "🙂",
  "{run}",
  "0".repeat(64),
];
const STRANGE_QUERIES = [
  "",
  "?limit=0",
  "?limit=99999999999999",
  "?before=-1",
  "?after=1e99",
  "?attempt=x&attempt=1",
  "?offset=-5&follow=2",
  "?%",
  "?a[b]=c",
  `?${"q=1&".repeat(2_000)}`,
];
const STRANGE_HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { "content-type": "text/plain" },
  { "content-type": "application/json; charset=utf-16" },
  { "content-type": "multipart/form-data; boundary=x" },
  { "content-encoding": "gzip" },
  { range: "bytes=5-1,9999999999999999999-" },
  { "content-range": "bytes 5-1/0" },
  {
    "last-event-id": "🙂"
      .repeat(10)
      .normalize("NFKD")
      .replace(/[^\x20-\x7e]/g, "?"),
  },
  { authorization: "Bearer wrong" },
  { authorization: "Basic ////" },
  { expect: "100-continue" },
  { accept: "application/vnd.pypi.simple.v99+json;q=nan" },
];

/** Requests of every operation with what does not belong there, and requests that are no HTTP; returns how each ended. */
export async function sendMalformedHttp(
  to: HttpTarget,
  operations: readonly Operation[],
  validBody: Parameters<typeof malformedText>[1],
  random: SeededRandom,
  count: number,
): Promise<HttpEnd[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const ends: HttpEnd[] = [];
  await inTurns(count, AT_ONCE, async (index) => {
    const operation = operations[index % operations.length] as Operation;
    const asked = malformedRequest(random, operation, validBody, to.token);
    const end = index % RAW_SHARE === 0 ? await sendRaw(to, random, asked) : await send(to, agent, asked);
    ends.push(end);
  });
  agent.destroy();
  return ends;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function malformedRequest(
  random: SeededRandom,
  { method, path }: Operation,
  validBody: Parameters<typeof malformedText>[1],
  token: string,
): Asked {
  const pick = <T>(choices: readonly T[]): T => choices[random.integer(0, choices.length - 1)] as T;
  const filled = path.replace(/\{[^}]+\}/g, () => encodeURI(pick(STRANGE_PARTS)).replaceAll("%25", "%"));
  const body = method === "GET" || method === "HEAD" ? "" : malformedText(random, validBody);
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === "" ? {} : { "content-type": "application/json" }),
    ...pick(STRANGE_HEADERS),
    ...(body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) }),
  };
  return { method, path: filled + pick(STRANGE_QUERIES), headers, body };
}

async function send(to: HttpTarget, agent: Agent, asked: Asked): Promise<HttpEnd> {
  const { method, path, headers, body } = asked;
  const options: RequestOptions = { host: to.host, port: to.port, agent, method, path, headers };
  const name = `${method} ${path.slice(0, 200)} ${JSON.stringify(headers).slice(0, 200)} ${body.slice(0, 300)}`;
  try {
    const sending = request(options);
    sending.setTimeout(ANSWER_MS_MAX, () => sending.destroy(new Error("no answer")));
    // What comes after the answer (the end of a connection that the server closes) is nobody's answer.
    sending.on("error", () => undefined);
    sending.end(body);
    const [response] = (await once(sending, "response")) as [IncomingMessage];
    // Streams of events and logs would go on: the status is all that is asked for.
    if (response.headers["content-type"]?.startsWith("text/event-stream")) response.destroy();
    else response.resume();
    return { asked: name, status: response.statusCode ?? 0 };
  } catch (cause) {
    return { asked: `${name}: ${cause instanceof Error ? cause.message : String(cause)}`, status: 0 };
  }
}

/** The bytes of the request, some of them changed. */
async function sendRaw(to: HttpTarget, random: SeededRandom, asked: Asked): Promise<HttpEnd> {
  const headers = Object.entries({ host: `${to.host}:${to.port}`, ...asked.headers });
  const lines = [`${asked.method} ${asked.path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  const bytes = mutateBytes(random, Buffer.from(`${lines.join("\r\n")}\r\n\r\n${asked.body}`));
  const socket = connect(to.port, to.host);
  let answer = "";
  await new Promise<void>((resolve) => {
    socket.on("data", (data: Buffer) => {
      answer += data.toString("latin1");
      socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    socket.write(bytes);
  });
  return {
    asked: `raw ${bytes.toString("latin1").slice(0, 400)}`,
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0),
  };
}
