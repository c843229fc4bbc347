import { describe, expect, it } from "vitest";
import { readNatsRefusal } from "./read-refusal.ts";

const KEY = "UA7EN2RJL2ISI74TY22YQSTZORBKXDRJWB4GHT6LGQCNJ337O3L4N4M7";
const [BEFORE, AFTER] = [
  "[30903] 2026/11/21 14:26:04.199088 [ERR] 127.0.0.1:42222 - cid:4 - ",
  `Nkey "${KEY}", Subject `,
];
const connection = { id: 4, address: "127.0.0.1", port: 42_222 };

/** As nats-server 2.9.10 writes them. */
describe("a line of nats-server's log", () => {
  it.each([
    [`"v3.4.0:nats.js" - Publish Violation - ${AFTER}"kiln.agents.b.heartbeat"`, "publish", "kiln.agents.b.heartbeat"],
    [`"v3.4.0:nats.js" - Subscription Violation - ${AFTER}"foo.>", SID 1`, "subscribe", "foo.>"],
    [`"v3.4.0:nats.js" - Subscription Violation - ${AFTER}"foo.>", Queue: "qq", SID 2`, "subscribe", "foo.>"],
    [String.raw`Publish Violation - ${AFTER}"kiln.other.\"q\\"`, "publish", String.raw`kiln.other."q\ `.trim()],
  ])("tells of a subject that was refused: %s", (line, kind, subject) => {
    expect(readNatsRefusal(BEFORE + line)).toEqual({ kind, connection, subject, claimed: KEY });
  });

  it("is not led astray by what a client calls itself or its language", () => {
    const name = String.raw`"v1:a\" - Publish Violation - Nkey \"U\", Subject \"x\" \n[1] y:go" - `;
    const line = `${BEFORE}${name}Publish Violation - ${AFTER}"real"`;
    expect(readNatsRefusal(line)).toMatchObject({ subject: "real", claimed: KEY });
    expect(readNatsRefusal(`${BEFORE}${name}Client parser ERROR, state=0`)).toBeNull();
  });

  it("tells of a login that was refused, over IPv6 too", () => {
    const line = '"v3.4.0:nats.js" - authentication error';
    expect(readNatsRefusal(BEFORE + line)).toEqual({ kind: "login", connection });
    for (const address of ["[::1]", "::1"]) {
      const read = readNatsRefusal((BEFORE + line).replace("127.0.0.1", address));
      expect(read).toEqual({ kind: "login", connection: { ...connection, address: "::1" } });
    }
  });

  it.each([
    "[30903] 2026/11/21 14:26:03.818977 [INF] Server is ready",
    `${BEFORE}TLS handshake error: tls: first record does not look like a TLS handshake`,
    `x ${BEFORE}"v3.4.0:nats.js" - authentication error`,
    "",
  ])("that tells of anything else is passed over: %s", (line) => {
    expect(readNatsRefusal(line)).toBeNull();
  });
});
