import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeAccess, mayAccess, principalName, roleOf, ROLES, type Access, type Principal } from "./principal.ts";

const role = fc.constantFrom(...ROLES);
const rank = (of: (typeof ROLES)[number]) => ROLES.indexOf(of);
const ask = (principal: Principal, access: Access, run: number | null = null) => mayAccess(principal, { access, run });

describe("who may do what", () => {
  it("is everything up to the own role, and nothing above it", () => {
    fc.assert(
      fc.property(role, role, (has, needs) => {
        const decision = ask({ kind: "token", name: "ci", role: has }, { least: needs });
        expect(decision.ok).toBe(rank(has) >= rank(needs));
        if (!decision.ok) expect(decision.detail).toContain(`kiln token create NAME --role ${needs}`);
      }),
    );
  });

  it("is everything that people do for the owner, and what agents do for agents", () => {
    for (const least of ROLES) expect(ask({ kind: "owner" }, { least }).ok).toBe(true);
    expect(ask({ kind: "owner" }, "agents").ok).toBe(false);
    expect(ask({ kind: "token", name: "ci", role: "operator" }, "agents").ok).toBe(false);
    expect(ask({ kind: "agent", agentId: "a" }, "agents").ok).toBe(true);
  });

  it("is an operator's for the owner, a token's own role, and no role for agents and readers", () => {
    expect(roleOf({ kind: "owner" })).toBe("operator");
    expect(roleOf({ kind: "token", name: "ci", role: "viewer" })).toBe("viewer");
    expect([roleOf({ kind: "agent", agentId: "a" }), roleOf({ kind: "run-reader", run: 1 }), roleOf(null)]).toEqual([
      ...[null, null, null],
    ]);
  });

  it("is for agents and readers only what says so", () => {
    const agent = { kind: "agent", agentId: "a" } as const;
    const reader = { kind: "run-reader", run: 7 } as const;
    expect(ask(agent, { least: "viewer" }).ok).toBe(false);
    expect(ask(agent, { least: "viewer", agents: true }).ok).toBe(true);
    expect(ask(reader, { least: "viewer", agents: true }).ok).toBe(false);
    expect(ask(reader, { least: "viewer", runReaders: true }, 7).ok).toBe(true);
    expect(ask(reader, { least: "viewer", runReaders: true }).ok).toBe(true);
    expect(ask(reader, { least: "viewer", runReaders: true }, 8)).toMatchObject({ ok: false });
  });

  it("is everything open for everybody", () => {
    expect(ask({ kind: "run-reader", run: 7 }, "open").ok).toBe(true);
  });
});

it("each party has a name of its own, and each access words of its own", () => {
  const names = [
    principalName(null),
    principalName({ kind: "owner" }),
    principalName({ kind: "token", name: "owner", role: "viewer" }),
    principalName({ kind: "agent", agentId: "owner" }),
    principalName({ kind: "run-reader", run: 1 }),
  ];
  expect(new Set(names).size).toBe(names.length);
  const access: Access[] = ["open", "agents", { least: "viewer" }, { least: "viewer", agents: true, runReaders: true }];
  expect(access.map(describeAccess)).toEqual([
    "Open to everybody.",
    "For agents, which show their certificate.",
    "Needs the role `viewer`.",
    "Needs the role `viewer`, or an agent's certificate, or the password of a run's reader.",
  ]);
});
