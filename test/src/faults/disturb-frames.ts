import type { FrameBatch, ResultsConnection } from "@kiln/agent";
import type { SeededRandom } from "../farm/seeded-random.ts";

/** One batch in so many has a frame that was sent before, or two frames in the wrong order. */
const REPEAT_ONE_IN = 4;
const REORDER_ONE_IN = 40;
/** Frames that may be sent again later. */
const REMEMBERED = 32;

/**
 * A results stream whose frames come twice, late and out of order, as no TCP
 * connection would bring them but a faulty agent might.
 */
export function disturbed(connection: ResultsConnection, random: SeededRandom): ResultsConnection {
  const remembered: Uint8Array[] = [];
  let pending: Uint8Array[] = [];
  let batch: FrameBatch | null = null;
  return {
    batch() {
      const inner = connection.batch();
      batch = inner;
      pending = [];
      let bytes = 0;
      return {
        get bytes() {
          return bytes;
        },
        add(frame) {
          const copy = Uint8Array.from(frame);
          bytes += copy.length;
          pending.push(copy);
        },
      };
    },
    send() {
      if (!batch) throw new Error("there is no batch to send");
      if (remembered.length > 0 && random.integer(1, REPEAT_ONE_IN) === 1) {
        const again = remembered[random.integer(0, remembered.length - 1)];
        if (again) pending.splice(random.integer(0, pending.length), 0, again);
      }
      if (pending.length > 1 && random.integer(1, REORDER_ONE_IN) === 1) pending.reverse();
      for (const frame of pending) {
        batch.add(frame);
        remembered.push(frame);
        if (remembered.length > REMEMBERED) remembered.shift();
      }
      return connection.send();
    },
    close: () => connection.close(),
  };
}
