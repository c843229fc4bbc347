import { expect, test } from "vitest";
import { agentRow } from "../domain/testing.ts";
import { servicesInFolder } from "./testing.ts";

test("a registration that takes long does not replace the one of the agent's next process", async () => {
  await using services = await servicesInFolder();
  const { registry, bus } = services;
  const slow = Promise.withResolvers<void>();
  const asked: string[] = [];
  bus.prepareAgent = async (agentId) => {
    asked.push(agentId);
    if (asked.length === 1) await slow.promise;
  };
  const session = (sessionId: string) => ({ ...agentRow("a", 1, []), sessionId });
  const older = registry.register(session("older"));
  const newer = registry.register(session("newer"));
  // Another agent's is not held up by it.
  expect(await registry.register({ ...agentRow("b", 1, []), sessionId: "b" })).toEqual({ ok: true });
  slow.resolve();
  expect(await Promise.all([older, newer])).toEqual([{ ok: true }, { ok: true }]);
  expect(registry.isRegistered("a", "newer")).toBe(true);
});

test("one that failed does not stop the next", async () => {
  await using services = await servicesInFolder();
  const { registry, bus } = services;
  bus.prepareAgent = async () => {
    throw new Error("NATS is away");
  };
  await expect(registry.register(agentRow("a", 1, []))).rejects.toThrow("NATS is away");
  bus.prepareAgent = async () => undefined;
  expect(await registry.register(agentRow("a", 1, []))).toEqual({ ok: true });
});
