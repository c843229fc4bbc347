// A stretch of wire between one machine and the farm, in a process of its own
// because it listens in another network namespace. Arguments: JSON of
// ProxyConfig. Each line of standard input is JSON of a ProxyOrder, answered by
// one line of output; it ends with its standard input.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { ProxyConfig, ProxyOrder, WireState } from "./wire-proxy.ts";

/** Bytes on their way in one direction of one connection; past it the sender is held back. */
const HELD_BYTES_MAX = 8 * 1024 * 1024;

const { host, ports } = JSON.parse(process.argv[2] ?? "") as ProxyConfig;
let state: WireState = { kind: "clear" };
const pairs = new Set<() => void>();
/** Called with every change of state. */
const waiting = new Set<() => void>();

/** Carries one direction: in order, late, not at all, or not yet, as the state says when a piece comes. */
function carry(from: Socket, to: Socket, isAnswer: boolean): void {
  let queue: { readonly bytes: Buffer; readonly at: number }[] = [];
  let heldBytes = 0;
  let timer: NodeJS.Timeout | null = null;
  let ended = false;
  const isStalled = (): boolean =>
    state.kind === "stall" && (state.direction === "both" || (state.direction === "answers") === isAnswer);
  const pass = (): void => {
    timer = null;
    if (isStalled()) return;
    const now = performance.now();
    while (queue[0] && queue[0].at <= now) {
      const { bytes } = queue.shift() as (typeof queue)[number];
      heldBytes -= bytes.length;
      if (to.writable) to.write(bytes);
    }
    if (heldBytes < HELD_BYTES_MAX) from.resume();
    if (queue[0]) timer = setTimeout(pass, queue[0].at - now);
    else if (ended && to.writable) to.end();
  };
  const onChange = (): void => {
    if (state.kind === "clear") queue = queue.map(({ bytes }) => ({ bytes, at: 0 }));
    if (timer) clearTimeout(timer);
    pass();
  };
  waiting.add(onChange);
  from.on("data", (bytes: Buffer) => {
    if (state.kind === "swallow-answers" && isAnswer) return;
    const lateMs = state.kind === "latency" ? state.ms : 0;
    const last = queue.at(-1)?.at ?? 0;
    // A later piece never overtakes an earlier one.
    queue.push({ bytes, at: Math.max(last, lateMs === 0 ? 0 : performance.now() + lateMs) });
    heldBytes += bytes.length;
    if (heldBytes >= HELD_BYTES_MAX) from.pause();
    if (!timer) pass();
  });
  from.on("end", () => {
    ended = true;
    if (!timer) pass();
  });
  from.on("close", () => {
    waiting.delete(onChange);
    if (timer) clearTimeout(timer);
  });
}

function pair(client: Socket, port: number): void {
  const server = connect({ host, port, allowHalfOpen: true });
  const cut = (): void => {
    pairs.delete(cut);
    client.destroy();
    server.destroy();
  };
  pairs.add(cut);
  for (const socket of [client, server]) {
    socket.setNoDelay(true);
    socket.on("error", cut);
    socket.on("close", cut);
  }
  carry(client, server, false);
  carry(server, client, true);
}

for (const { from, to } of ports) {
  const server = createServer({ allowHalfOpen: true }, (client) => pair(client, to));
  await once(server.listen(from, "0.0.0.0"), "listening");
}
const lines = createInterface({ input: process.stdin });
lines.on("close", () => process.exit(0));
lines.on("line", (line) => {
  const order = JSON.parse(line) as ProxyOrder;
  state = order.state;
  if (order.cut) for (const cut of pairs) cut();
  for (const onChange of waiting) onChange();
  process.stdout.write(`${JSON.stringify({ connections: pairs.size })}\n`);
});
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
