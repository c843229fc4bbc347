import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { AgentUpdateView } from "@kiln/proto";
import { temporaryFolder, type TemporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Farm } from "../farm/farm.ts";
import type { FarmApi } from "../farm/farm-api.ts";
import { BUILD_MS, buildBundle } from "./build-bundle.ts";

let folder: TemporaryFolder;
const bundleOf = (version: string): string => join(folder.path, version, "kiln-agent.mjs");
/** As a service manager starts it, without anything else; and as one executable, which runs bundles itself. */
const PROGRAMS = {
  bundle: (): [string, ...string[]] => [process.execPath, bundleOf("1.0.0")],
  executable: (): [string] => [join(folder.path, "1.0.0", "kiln-agent")],
};

beforeAll(async () => {
  folder = temporaryFolder("kiln-update-test-");
  await buildBundle(join(folder.path, "1.0.0"), ["--agent-version", "1.0.0", "--executable"]);
  await buildBundle(join(folder.path, "1.1.0"), ["--agent-version", "1.1.0"]);
}, BUILD_MS);
afterAll(() => folder[Symbol.dispose]());

/** A service's process, whose log can be waited for. */
async function startService(farm: Farm, [program, ...args]: readonly [string, ...string[]]) {
  const environment = farm.agentEnvironment("served");
  const child = spawn(program, [...args, "service"], {
    env: { ...process.env, ...environment, KILN_UPDATE_TRIAL_MS: "15000", KILN_EXIT_WITH_PARENT: "1" },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    for (const [text, resolve] of waiting) if (line.includes(text)) resolve();
  });
  const exited = once(child, "exit");
  return {
    lines,
    /** Resolves when a line with this text comes, or has come since the last call. */
    async line(text: string): Promise<void> {
      const seen = lines.splice(0).some((line) => line.includes(text));
      if (!seen) await new Promise<void>((resolve) => waiting.set(text, resolve));
      waiting.delete(text);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function offer(api: FarmApi, agentId: string, version: string, bytes: Buffer): Promise<AgentUpdateView> {
  await api.putBlob(bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ version, sha256 });
  const response = await api.fetch(`/api/v1/agents/${agentId}/update`, { method: "PUT", headers, body });
  return (await response.json()) as AgentUpdateView;
}

async function updateOf(api: FarmApi, agentId: string): Promise<AgentUpdateView> {
  return (await (await api.fetch(`/api/v1/agents/${agentId}/update`)).json()) as AgentUpdateView;
}

it.each(["executable", "bundle"] as const)(
  "a service from the %s takes a version that registers, and rolls back what does not come up until it is offered anew",
  async (kind) => {
    await using farm = await Farm.start({ executor: "dummy", slots: 1, agents: [] });
    await using service = await startService(farm, PROGRAMS[kind]());
    await service.line("the agent is registered");
    const [agent] = await farm.api.agents();
    const agentId = agent?.agentId ?? "";
    expect(agent?.version).toBe("1.0.0");
    expect(await updateOf(farm.api, agentId)).toEqual({
      agentId,
      takesUpdates: true,
      runningSha256: "",
      offered: null,
    });

    const good = readFileSync(bundleOf("1.1.0"));
    expect((await offer(farm.api, agentId, "1.1.0", good)).offered).toMatchObject({ state: "waiting" });
    await service.line("version 1.1.0 has registered");
    expect((await farm.api.agents())[0]).toMatchObject({ version: "1.1.0", agentId });
    expect((await updateOf(farm.api, agentId)).offered).toMatchObject({ state: "taken" });

    // What follows is the same for both.
    if (kind === "executable") return;
    const broken = Buffer.from('// kiln-agent 1.2.0 –\nprocess.stderr.write("broken\\n");\nprocess.exit(1);\n');
    await offer(farm.api, agentId, "1.2.0", broken);
    await service.line("version 1.2.0 is rolled back: it ended with 1 before it registered");
    await service.line("the agent is registered");
    expect((await farm.api.agents())[0]).toMatchObject({ version: "1.1.0", state: "online" });
    const rolledBack = (await updateOf(farm.api, agentId)).offered;
    expect(rolledBack).toMatchObject({ state: "failed", version: "1.2.0" });
    expect(rolledBack?.reason).toContain("it ended with 1");

    await offer(farm.api, agentId, "1.2.0", broken);
    await service.line("version 1.2.0 is rolled back");
  },
);

it("a bundle that was changed on the disk is not started: the installed version is", async () => {
  await using farm = await Farm.start({ executor: "dummy", slots: 1, agents: [] });
  const good = readFileSync(bundleOf("1.1.0"));
  const sha256 = createHash("sha256").update(good).digest("hex");
  {
    await using service = await startService(farm, PROGRAMS.bundle());
    await service.line("the agent is registered");
    await offer(farm.api, (await farm.api.agents())[0]?.agentId ?? "", "1.1.0", good);
    await service.line("version 1.1.0 has registered");
  }
  writeFileSync(join(farm.dir, "served", "versions", `${sha256}.mjs`), "process.exit(0);\n");
  await using again = await startService(farm, PROGRAMS.bundle());
  await again.line("is damaged: the installed version runs instead");
  await again.line("the agent is registered");
  expect((await farm.api.agents())[0]?.version).toBe("1.0.0");
});
