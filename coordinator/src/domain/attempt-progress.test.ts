import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptFrame, newProgress, type AttemptProgress } from "./attempt-progress.ts";
import type { Frame } from "./frame.ts";

const LIMIT = 1_000_000;

function logFrames(sizes: readonly number[]): Frame[] {
  let offset = 0;
  return sizes.map((size, index) => {
    const frame: Frame = { seq: index + 1, atMs: 0, body: { type: "log", offset, data: new Uint8Array(size) } };
    offset += size;
    return frame;
  });
}

describe("taking frames", () => {
  it("ends in the same place however often frames are repeated after a break", () => {
    const scenario = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 30 }),
      breaks: fc.array(fc.record({ at: fc.nat(), backTo: fc.nat() }), { maxLength: 10 }),
    });
    fc.assert(
      fc.property(scenario, ({ sizes, breaks }) => {
        const frames = logFrames(sizes);
        let progress: AttemptProgress = newProgress();
        let written = 0;
        const send = (from: number, to: number) => {
          for (const frame of frames.slice(from, to)) {
            const verdict = acceptFrame(progress, frame, LIMIT);
            if (verdict.type === "accepted") {
              written += verdict.progress.logEnd - progress.logEnd;
              progress = verdict.progress;
            } else expect(verdict.type).toBe("duplicate");
          }
        };
        for (const { at, backTo } of breaks) {
          const reached = progress.acceptedSeq;
          send(reached === 0 ? 0 : backTo % reached, at % (frames.length + 1));
        }
        send(0, frames.length);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        expect({ seq: progress.acceptedSeq, end: progress.logEnd, written }).toEqual({
          seq: frames.length,
          end: total,
          written: total,
        });
      }),
    );
  });

  it("asks for a missing frame instead of leaving a hole", () => {
    const [first, , third] = logFrames([10, 10, 10]);
    if (!first || !third) throw new Error("there are three frames");
    const verdict = acceptFrame(newProgress(), first, LIMIT);
    if (verdict.type !== "accepted") throw new Error("the first frame is taken");
    expect(acceptFrame(verdict.progress, third, LIMIT)).toEqual({ type: "gap", expectedSeq: 2 });
  });

  it("takes nothing after the last frame", () => {
    const body = { type: "finished", outcome: "passed", summary: "", excerpt: "", logBytesDropped: 0 } as const;
    const end = acceptFrame(newProgress(), { seq: 1, atMs: 0, body }, LIMIT);
    if (end.type !== "accepted") throw new Error("the last frame is taken");
    const more: Frame = { seq: 2, atMs: 0, body: { type: "log", offset: 0, data: new Uint8Array(1) } };
    expect(acceptFrame(end.progress, more, LIMIT)).toEqual({ type: "violation", message: "it went on after its end" });
  });

  it("calls a log that skips bytes a violation", () => {
    const frame: Frame = { seq: 1, atMs: 0, body: { type: "log", offset: 5, data: new Uint8Array(3) } };
    expect(acceptFrame(newProgress(), frame, LIMIT)).toMatchObject({ type: "violation" });
  });

  it("calls a log beyond the job's limit a violation, whatever the agent thinks of it", () => {
    let progress = newProgress();
    for (let seq = 1; ; seq += 1) {
      const data = new Uint8Array(64 * 1024);
      const frame: Frame = { seq, atMs: 0, body: { type: "log", offset: progress.logEnd, data } };
      const verdict = acceptFrame(progress, frame, LIMIT);
      if (verdict.type === "violation") {
        expect(progress.logEnd).toBeGreaterThanOrEqual(LIMIT);
        return;
      }
      if (verdict.type !== "accepted") throw new Error(`frame ${seq} came out as ${verdict.type}`);
      progress = verdict.progress;
      expect(progress.logEnd).toBeLessThan(LIMIT + 2 * 128 * 1024);
    }
  });
});
