import fc from "fast-check";
import { expect, test } from "vitest";
import { SseParser, type SseEvent } from "./sse.ts";

const STREAM =
  ': hello\n\nid: 1\nevent: job\ndata: {"a":1}\n\nretry: 50\nid:2\r\ndata: first\r\ndata: sécond\r\n\r\n\nevent: run\rdata\r\rid: 9\ndata: cut off';

const EVENTS: readonly SseEvent[] = [
  { id: "1", event: "job", data: '{"a":1}' },
  { id: "2", event: "message", data: "first\nsécond" },
  { id: "2", event: "run", data: "" },
];

test("wherever the bytes are cut, the same events come out, and no half one", () => {
  const bytes = new TextEncoder().encode(STREAM);
  const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, (places) => {
      const parser = new SseParser();
      const edges = [0, ...places.toSorted((a, b) => a - b), bytes.length];
      const events = edges.slice(1).flatMap((end, index) => parser.push(bytes.subarray(edges[index], end)));
      expect(events).toEqual(EVENTS);
    }),
  );
});

test("an endless event is refused instead of being kept", () => {
  const parser = new SseParser(100);
  expect(() => parser.push(Buffer.from(`data: ${"x".repeat(200)}`))).toThrow("too long");
});
