import { fromBinary } from "@bufbuild/protobuf";
import { job, results, type OutcomeName } from "@kiln/proto";
import type { AttemptId } from "./agent-journal.ts";

interface Reached {
  /** End of the log with each frame, by its number less one. */
  readonly logEnds: number[];
  outcome: OutcomeName | null;
  finishedSeq: number;
  ackedSeq: number;
}

/** What an agent process has sent of each attempt, so that an acknowledgement can be put into words. */
export class SeenFrames {
  readonly #attempts = new Map<string, Reached>();

  sent(frame: Uint8Array): void {
    const { attempt, seq, body } = fromBinary(results.ResultFrameSchema, frame);
    if (!attempt) return;
    const reached = this.#of(attempt);
    const before = reached.logEnds[seq - 2] ?? 0;
    reached.logEnds[seq - 1] = body.case === "log" ? Number(body.value.offset) + body.value.data.length : before;
    if (body.case !== "finished") return;
    reached.finishedSeq = seq;
    reached.outcome = outcomeName(body.value.outcome);
  }

  /** Null when nothing new is acknowledged. */
  acked(ref: AttemptId, seq: number): { readonly logBytes: number; readonly outcome: OutcomeName | null } | null {
    const reached = this.#of(ref);
    if (seq <= reached.ackedSeq) return null;
    reached.ackedSeq = seq;
    const isFinished = reached.finishedSeq > 0 && seq >= reached.finishedSeq;
    const acked = { logBytes: reached.logEnds[seq - 1] ?? 0, outcome: isFinished ? reached.outcome : null };
    if (isFinished) this.#attempts.delete(keyOf(ref));
    return acked;
  }

  #of(ref: AttemptId): Reached {
    const key = keyOf(ref);
    let reached = this.#attempts.get(key);
    if (!reached) this.#attempts.set(key, (reached = { logEnds: [], outcome: null, finishedSeq: 0, ackedSeq: 0 }));
    return reached;
  }
}

function keyOf({ run, job, attempt }: AttemptId): string {
  return `${run}.${job}.${attempt}`;
}

/** The contract's TESTS_FAILED as everything else spells it. */
function outcomeName(outcome: job.Outcome): OutcomeName {
  const name = Object.entries(job.Outcome).find(([, value]) => value === outcome)?.[0] ?? "UNSPECIFIED";
  return name.toLowerCase().replaceAll("_", "-") as OutcomeName;
}
