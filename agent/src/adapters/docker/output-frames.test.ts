import fc from "fast-check";
import { expect, test } from "vitest";
import { OutputFrames } from "./output-frames.ts";

function frame(bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

test("however an attachment cuts its frames, their bytes come out whole and in order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      fc.infiniteStream(fc.integer({ min: 1, max: 13 })),
      (outputs, sizes) => {
        const stream = Buffer.concat(outputs.map(frame));
        const frames = new OutputFrames();
        const parts: Uint8Array[] = [];
        for (let at = 0; at < stream.length;) {
          const size = sizes.next().value as number;
          parts.push(...frames.feed(stream.subarray(at, at + size)));
          at += size;
        }
        expect(Buffer.concat(parts)).toEqual(Buffer.concat(outputs));
      },
    ),
  );
});
