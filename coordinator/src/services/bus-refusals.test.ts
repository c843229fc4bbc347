import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { Actor, AuditedAction } from "../domain/audit.ts";
import type { BusConnection, BusRefusal } from "../domain/bus-refusal.ts";
import { BusRefusals } from "./bus-refusals.ts";

function opened(agentOf: (connection: BusConnection) => Promise<string | null>) {
  const noted: (Actor & AuditedAction)[] = [];
  const asked: number[] = [];
  const refusals = new BusRefusals({
    audit: { note: (by, action) => void noted.push({ ...by, ...action }) },
    connections: { agentOf: (connection) => (asked.push(connection.id), agentOf(connection)) },
    log: pino({ level: "silent" }),
  });
  return { refusals, noted, asked };
}

const published = (id: number): BusRefusal => ({
  ...{ kind: "publish", subject: "kiln.agents.b.control", claimed: "UKEY" },
  connection: { id, address: "10.0.0.7", port: 4_000 + id },
});

describe("what NATS refuses", () => {
  it("is told of the agent that NATS says the connection is of, which is asked once", async () => {
    const { refusals, noted, asked } = opened(async () => "a");
    await refusals.note([published(1), published(1), published(2)]);
    expect(asked).toEqual([1, 2]);
    expect(noted).toHaveLength(3);
    expect(noted[0]).toEqual({
      ...{ who: "agent:a", from: "10.0.0.7", what: "access", object: "subject kiln.agents.b.control" },
      ...{ outcome: "refused", detail: "NATS refused to let it publish", way: "nats" },
    });
  });

  it("is nobody's when NATS does not know, or does not answer, and then it is not asked again", async () => {
    const { refusals, noted, asked } = opened(async ({ id }) => {
      if (id === 1) return null;
      throw new Error("timeout");
    });
    await refusals.note([published(1), published(2), published(3)]);
    expect(asked).toEqual([1, 2]);
    expect(noted.map(({ who }) => who)).toEqual(["nobody", "nobody", "nobody"]);
    expect(noted[2]?.detail).toContain("named the key UKEY");
  });

  it("is not asked about without end", async () => {
    const { refusals, noted, asked } = opened(async () => "a");
    await refusals.note(Array.from({ length: 80 }, (_, id) => published(id)));
    expect([asked.length, noted.length]).toEqual([50, 80]);
  });
});
