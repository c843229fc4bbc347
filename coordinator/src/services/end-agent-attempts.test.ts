import { expect, test, vi } from "vitest";
import { endAgentAttempts, endRevokedAgents } from "./end-agent-attempts.ts";
import { agentRow, NO_READINGS } from "../domain/testing.ts";
import { servicesInFolder } from "./testing.ts";

test("the attempts of a revoked agent are lost at once, and their jobs go on elsewhere", async () => {
  await using services = await servicesInFolder();
  await services.register("a", 2, ["3.12", "3.11"]);
  await services.submit(["3.12", "3.11"]);
  expect(services.bus.assignments.map(({ agentId }) => agentId)).toEqual(["a", "a"]);
  await endAgentAttempts(services.engine, "a", { atMs: 5, reason: "stolen" });
  expect(await services.store.attempts(1, 0)).toMatchObject([
    { outcome: "agent-lost", summary: "agent a was revoked: stolen" },
  ]);
  expect(services.bus.assignments).toHaveLength(2);
  await services.register("b", 2, ["3.12", "3.11"]);
  expect(services.bus.assignments.slice(2).map(({ agentId, key }) => [agentId, key.attempt])).toEqual([
    ["b", 2],
    ["b", 2],
  ]);
});

const STOLEN = { atMs: 5, reason: "stolen" };

test("a revoked agent is shown as such, for good, and gives its name to the next", async () => {
  await using services = await servicesInFolder();
  for (const agentId of ["a-1", "b-1"]) await services.registry.register({ ...agentRow(agentId, 1, []), name: "a" });
  expect(await services.queries.agent("a")).toBeNull();
  await endAgentAttempts(services.engine, "a-1", STOLEN);
  expect(await services.queries.agent("a-1")).toMatchObject({ state: "offline", revoked: STOLEN });
  expect(await services.queries.agent("a")).toMatchObject({ agentId: "b-1", revoked: null });
  const again = await services.restart();
  expect(await again.queries.agent("a-1")).toMatchObject({ state: "offline", revoked: STOLEN });
});

test("a heartbeat of a revoked agent that was under way brings it nothing", async () => {
  await using services = await servicesInFolder();
  await services.register("a");
  await endAgentAttempts(services.engine, "a", STOLEN);
  const rest = { attempts: [], diskFreeBytes: 1, spoolBytes: 0, readings: NO_READINGS };
  services.liveness.heartbeat({ agentId: "a", sessionId: "s1", ...rest });
  await services.submit(["3.12"]);
  expect(services.farm.agents.get("a")?.presence).toBe("offline");
  expect(services.bus.assignments).toEqual([]);
});

test("a job that only a revoked agent could run does not wait for it", async () => {
  await using services = await servicesInFolder();
  await services.register("a");
  await endAgentAttempts(services.engine, "a", STOLEN);
  await services.submit(["3.12"]);
  expect((await services.queries.job(1, "build-cp312-linux-x86_64"))?.why).toMatch(/^no agent is registered/);
  services.advance(61_000);
  await services.liveness.check();
  expect(await services.store.job(1, 0)).toMatchObject({ state: "finished", outcome: "not-run" });
});

test("a revocation that an earlier process did not finish is finished at the start, and once", async () => {
  await using services = await servicesInFolder();
  await services.register("a");
  await services.register("b");
  await services.submit(["3.12"]);
  const again = await services.restart();
  const holder = again.farm.attempts.values().next().value?.agentId ?? "";
  const revocationOf = (agentId: string) => (agentId === holder ? STOLEN : null);
  await endRevokedAgents(again.engine, revocationOf);
  expect(await again.store.attempts(1, 0)).toMatchObject([{ outcome: "agent-lost" }]);
  const commit = vi.spyOn(again.store, "commit");
  await endRevokedAgents(again.engine, revocationOf);
  expect(commit).not.toHaveBeenCalled();
});
