import { randomInt } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { LiveCredentials } from "../adapters/farm/live-credentials.ts";
import { GrpcCoordinator } from "../adapters/grpc/grpc-coordinator.ts";
import { openSpool, type DiskSpool } from "../adapters/spool/disk-spool.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import type { FrameBody } from "../domain/frame.ts";
import type { Clock } from "../ports/clock.ts";
import type { Coordinator, ResultsHandlers } from "../ports/coordinator.ts";
import type { SpooledAttempt } from "../ports/spool.ts";
import { FakeCoordinator } from "../testing/fake-coordinator.ts";
import { FakeIdentity } from "../testing/fake-identity.ts";
import { quietLog } from "../testing/quiet-log.ts";
import { temporaryFolder } from "@kiln/testkit";
import { ResultsStream } from "./results-stream.ts";

const IDS = { agentId: "agent-1", sessionId: "session" };
const FINISHED: FrameBody = { type: "finished", outcome: "passed", summary: "", excerpt: "", logBytesDropped: 0 };
const STARTED: FrameBody = { type: "started", pythonVersion: "" };

let stack: AsyncDisposableStack;
let coordinator: FakeCoordinator;
let credentials: LiveCredentials;
let spool: DiskSpool;
let stream: ResultsStream;
let refused: string[];
let registrations: number;

const shared = temporaryFolder();
const identity = await FakeIdentity.make(shared.path);
afterAll(() => shared[Symbol.dispose]());

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  coordinator = stack.use(new FakeCoordinator(identity));
  await coordinator.start();
  const farm = { httpUrl: "", natsUrl: "", grpcAddress: coordinator.address };
  credentials = new LiveCredentials(await identity.credentials(IDS.agentId, farm));
  spool = stack.use(openSpool(folder.path, 1e9, quietLog).spool);
  refused = [];
  registrations = 0;
  stream = newStream();
});

afterEach(async () => {
  stream.stop();
  await stack.disposeAsync();
});

function newStream(): ResultsStream {
  const grpc = stack.use(new GrpcCoordinator(credentials, IDS));
  const made = new ResultsStream(
    { spool, coordinator: grpc, clock: systemClock, log: quietLog, random: () => 0 },
    IDS,
    {
      acknowledged: (attempt) => {
        attempt.remove();
        coordinator.board.changed();
      },
      refused: ({ run, job, attempt }) => {
        const key = `${run}.${job}.${attempt}`;
        refused.push(key);
        spool.find(key)?.remove();
        coordinator.board.changed();
      },
      registrationNeeded: () => {
        registrations++;
        made.open(coordinator.terms.windowBytes);
      },
    },
  );
  return made;
}

function attempt(job: number): SpooledAttempt {
  return spool.create({ run: 1, job, attempt: 1 }, Buffer.from("assignment"))!;
}

/** Appends and announces, as the recorder does. */
function say(to: SpooledAttempt, ...bodies: FrameBody[]): void {
  for (const body of bodies) {
    to.append(body, 1);
    stream.appended(to);
  }
}

const isEmpty = () => spool.size === 0;
const seqs = (key: string) => coordinator.framesOf(key).map(({ seq }) => seq);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe("the results stream", () => {
  test("sends what was in the spool and what comes later, and empties it when all is acknowledged", async () => {
    const early = attempt(0);
    say(early, STARTED);
    stream.open(1_000_000);
    await coordinator.board.until(() => coordinator.framesOf("1.0.1").length === 1);
    const late = attempt(1);
    say(late, STARTED, FINISHED);
    say(early, FINISHED);
    await coordinator.board.until(isEmpty);
    expect(seqs("1.0.1")).toEqual([1, 2]);
    expect(seqs("1.1.1")).toEqual([1, 2]);
    expect(coordinator.violations).toEqual([]);
  });

  const seed = Number(process.env["KILN_TEST_SEED"] ?? randomInt(2 ** 31));
  test(`cut at random frames, delivers every frame once and in order (KILN_TEST_SEED=${seed})`, async () => {
    const random = mulberry32(seed);
    stream.open(200_000);
    const attempts = upTo(6).map((n) => ({ spooled: attempt(n), left: 20 + Math.floor(random() * 60) }));
    const totals = new Map(attempts.map(({ spooled, left }) => [spooled.key, left + 2]));
    const offsets = new Map<string, number>();
    for (const { spooled } of attempts) say(spooled, STARTED);
    let cuts = 0;
    const rearm = () => {
      coordinator.framesBeforeCut = Math.floor(random() * 40);
      cuts++;
    };
    rearm();
    for (;;) {
      const busy = attempts.filter(({ left }) => left >= 0);
      const next = busy[Math.floor(random() * busy.length)];
      if (!next) break;
      const { key } = next.spooled;
      if (next.left-- === 0) say(next.spooled, FINISHED);
      else {
        const data = Buffer.alloc(Math.floor(random() ** 3 * 65_536), key);
        const offset = offsets.get(key) ?? 0;
        offsets.set(key, offset + data.length);
        say(next.spooled, { type: "log", offset, data });
      }
      if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
      if (coordinator.framesBeforeCut === Infinity && cuts < 15) rearm();
    }
    coordinator.framesBeforeCut = Infinity;
    await coordinator.board.until(isEmpty);
    for (const [key, frames] of totals) {
      expect(seqs(key)).toEqual(upTo(frames));
      expect(coordinator.logOf(key)).toHaveLength(offsets.get(key) ?? 0);
    }
    expect(coordinator.violations).toEqual([]);
    expect(coordinator.hellos.length).toBeGreaterThan(1);
    expect(spool.unacknowledgedBytes).toBe(0);
  });

  test("never has more on its way than the window, and goes on as acknowledgements come", async () => {
    coordinator.isAcknowledging = false;
    const big = attempt(0);
    for (let i = 0; i < 40; i++) say(big, { type: "log", offset: i * 50_000, data: Buffer.alloc(50_000) });
    say(big, FINISHED);
    stream.open(300_000);
    await coordinator.board.until(() => coordinator.bytesReceived >= 300_000);
    expect(coordinator.bytesReceived).toBeLessThanOrEqual(400_000);
    coordinator.isAcknowledging = true;
    coordinator.acknowledge();
    await coordinator.board.until(isEmpty);
    expect(coordinator.bytesReceived).toBe(2_000_000);
  });

  test("waits for a coordinator that is away, and resumes where it had come to", async () => {
    stream.open(1_000_000);
    const one = attempt(0);
    say(one, STARTED);
    await coordinator.board.until(() => coordinator.framesOf("1.0.1").length === 1);
    coordinator.stop();
    say(one, { type: "log", offset: 0, data: Buffer.from("while away") });
    await coordinator.start();
    await coordinator.board.until(() => coordinator.framesOf("1.0.1").length === 2);
    say(one, FINISHED);
    await coordinator.board.until(isEmpty);
    expect(coordinator.hellos.at(-1)).toMatchObject({ ...IDS, attempts: [{ run: 1, job: 0, attempt: 1 }] });
  });

  test("sends again from the start what a coordinator has lost", async () => {
    stream.open(1_000_000);
    const one = attempt(0);
    say(one, STARTED, { type: "log", offset: 0, data: Buffer.from("x") });
    await coordinator.board.until(() => seqs("1.0.1").length === 2);
    // Acknowledgements come in order: with this one, the one before has come.
    say(attempt(1), FINISHED);
    await coordinator.board.until(() => spool.size === 1);
    expect(one.ackedSeq).toBe(2);
    coordinator.frames.clear();
    coordinator.cut();
    await coordinator.board.until(() => coordinator.framesOf("1.0.1").length === 2);
    say(one, FINISHED);
    await coordinator.board.until(isEmpty);
    expect(seqs("1.0.1")).toEqual([1, 2, 3]);
  });

  test("drops an attempt that is refused, in the hello or later, and no other", async () => {
    coordinator.refusing.add("1.0.1");
    const [gone, kept, later] = [attempt(0), attempt(1), attempt(2)];
    say(gone, STARTED, FINISHED);
    say(kept, STARTED);
    say(later, STARTED);
    stream.open(1_000_000);
    await coordinator.board.until(() => seqs("1.2.1").length === 1 && refused.includes("1.0.1"));
    coordinator.refusing.add("1.2.1");
    say(later, { type: "log", offset: 0, data: Buffer.from("x") });
    say(kept, FINISHED);
    await coordinator.board.until(isEmpty);
    expect([...new Set(refused)].sort()).toEqual(["1.0.1", "1.2.1"]);
    expect(seqs("1.1.1")).toEqual([1, 2]);
    expect(seqs("1.0.1")).toEqual([]);
  });

  test("asks for a registration when the coordinator does not know the agent", async () => {
    coordinator.rejectStreams = status.NOT_FOUND;
    const one = attempt(0);
    say(one, FINISHED);
    stream.open(1_000_000);
    await coordinator.board.until(isEmpty);
    expect(registrations).toBe(1);
  });

  test("waits longer and longer while what it sends is not taken, although it is welcomed, and not once it is", () => {
    const delays: number[] = [];
    const timers: { readonly action: () => void; readonly delayMs: number }[] = [];
    const clock: Clock = {
      nowMs: () => 0,
      after(delayMs, action) {
        timers.push({ action, delayMs });
        return () => undefined;
      },
    };
    let handlers: ResultsHandlers | null = null;
    const unused = (): never => {
      throw new Error("this is not asked for");
    };
    const refusing: Coordinator = {
      register: unused,
      fetchSecrets: unused,
      openResults(_hello, given) {
        handlers = given;
        return { batch: unused, send: () => true, close: () => undefined };
      },
    };
    const events = { acknowledged: unused, refused: unused, registrationNeeded: unused };
    const parts = { spool, coordinator: refusing, clock, log: quietLog, random: () => 1 };
    stream = new ResultsStream(parts, IDS, events);
    const one = attempt(0);
    one.append(STARTED, 1);
    const breakAfter = (welcome: (told: ResultsHandlers) => void): void => {
      if (!handlers) throw new Error("nothing was opened");
      welcome(handlers);
      handlers.closed("frame 3 came where 1 was expected", false);
      const next = timers.at(-1);
      delays.push(next?.delayMs ?? 0);
      next?.action();
    };
    stream.open(1_000_000);
    const welcome = (told: ResultsHandlers): void => told.welcomed([]);
    for (let time = 0; time < 8; time += 1) breakAfter(welcome);
    expect(delays.splice(0)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    breakAfter((told) => {
      told.welcomed([]);
      told.acked([{ ref: one.ref, seq: 1 }]);
    });
    breakAfter(welcome);
    expect(delays).toEqual([100, 200]);
  });

  test("says nothing after it was stopped", async () => {
    stream.open(1_000_000);
    await coordinator.board.until(() => coordinator.hellos.length === 1);
    stream.stop();
    stream.stop();
    say(attempt(0), STARTED);
    stream = newStream();
    stream.open(1_000_000);
    await coordinator.board.until(() => seqs("1.0.1").length === 1);
    expect(coordinator.hellos).toHaveLength(2);
  });
});

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
