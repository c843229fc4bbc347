import { expect, test } from "vitest";
import { endAgentAttempts } from "./end-agent-attempts.ts";
import { servicesInFolder } from "./testing.ts";

test("the attempts of a revoked agent are lost at once, and their jobs go on elsewhere", async () => {
  await using services = await servicesInFolder();
  await services.register("a", 2, ["3.12", "3.11"]);
  await services.submit(["3.12", "3.11"]);
  expect(services.bus.assignments.map(({ agentId }) => agentId)).toEqual(["a", "a"]);
  await endAgentAttempts(services.engine, "a", "agent a was revoked: stolen");
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
