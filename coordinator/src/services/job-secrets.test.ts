import { join } from "node:path";
import type { Plan, SecretRef } from "@kiln/matrix";
import { describe, expect, it } from "vitest";
import { openFileCipher } from "../adapters/secrets/file-cipher.ts";
import { TESTER, twoStepPlan } from "../domain/testing.ts";
import { JobSecrets } from "./job-secrets.ts";
import { FakePeer, servicesInFolder, type Services } from "./testing.ts";

const ALL = { before: null, sinceMs: null, who: null, what: null, limit: 100 } as const;

function set(services: Services, name: string, value: string, project: string | null = null) {
  return services.secrets.set({ name, value, project }, TESTER);
}

function ref(name: string): SecretRef {
  return { name, path: "test.secrets[0]", place: { line: 3, column: 5 } };
}

function planWith(secrets: readonly string[]): Plan {
  const plan = twoStepPlan(["3.12"]);
  return { ...plan, jobs: plan.jobs.map((job) => ({ ...job, secrets })) };
}

describe("a secret", () => {
  it("is for all projects or for one, whose own goes first, in whatever spelling", async () => {
    await using services = await servicesInFolder();
    await set(services, "INDEX_TOKEN", "for-everybody");
    await set(services, "INDEX_TOKEN", "for-demo-only", "Demo.Pkg");
    const value = (project: string) => services.secrets.values(["INDEX_TOKEN"], project);
    expect(value("demo-pkg")).toEqual({ ok: true, values: { INDEX_TOKEN: "for-demo-only" } });
    expect(value("other")).toEqual({ ok: true, values: { INDEX_TOKEN: "for-everybody" } });
    expect(await services.secrets.remove({ name: "INDEX_TOKEN", project: null }, TESTER)).toBe(true);
    expect(value("other")).toMatchObject({ ok: false, detail: expect.stringContaining("kiln secret set INDEX_TOKEN") });
    expect(value("DEMO_pkg")).toMatchObject({ ok: true });
  });

  it.each([
    ["short", "fewer than 6"],
    ["nul\0nul", "NUL"],
    ["\ud800alone", "UTF-8"],
    [`line\n${"x".repeat(16_385)}`, "line of more than"],
    ["long\n".repeat(7_000), "a variable holds"],
  ])("cannot have the value %j", async (value, why) => {
    await using services = await servicesInFolder();
    const outcome = await set(services, "A_TOKEN", value);
    expect(outcome).toMatchObject({ ok: false, reason: "refused", detail: expect.stringContaining(why) });
    expect(JSON.stringify(outcome)).not.toContain(value.slice(0, 20));
    expect(services.secrets.list()).toEqual([]);
  });

  it.each(["index_token", "1A", "KILN_RUN", "A B", ""])("cannot have the name %j", async (name) => {
    await using services = await servicesInFolder();
    expect(await set(services, name, "good-value")).toMatchObject({ ok: false, reason: "refused" });
  });

  it("opens after a restart with the farm's key and with no other, and the list says so", async () => {
    await using services = await servicesInFolder();
    await set(services, "A_TOKEN", "hunter22-value");
    const again = await services.restart();
    expect(again.secrets.values(["A_TOKEN"], "demo")).toEqual({ ok: true, values: { A_TOKEN: "hunter22-value" } });
    const cipher = openFileCipher(join(services.dir, "other.key"), true);
    const clock = { nowMs: () => 1 };
    const other = await JobSecrets.open({ store: again.store.jobSecrets, audit: again.audit, cipher, clock });
    expect(other.list()).toMatchObject([{ name: "A_TOKEN", readable: false }]);
    expect(other.values(["A_TOKEN"], "demo")).toMatchObject({
      ok: false,
      detail: expect.stringContaining("another key"),
    });
    const without = { ok: false, detail: "the key is not there" } as const;
    const none = await JobSecrets.open({ store: again.store.jobSecrets, audit: again.audit, cipher: without, clock });
    expect(await none.set({ name: "B_TOKEN", value: "good-value", project: null }, TESTER)).toEqual({
      ok: false,
      reason: "no-key",
      detail: "the key is not there",
    });
  });

  it("that a spec names and the farm does not have is a mistake at its place", async () => {
    await using services = await servicesInFolder();
    await set(services, "INDEX_TOKEN", "good-value");
    await set(services, "OTHERS", "good-value", "other");
    expect(services.secrets.problems([ref("INDEX_TOKEN")], "demo", "kiln.yaml")).toEqual([]);
    expect(services.secrets.problems([ref("INDEX_TOKE"), ref("OTHERS")], "demo", "kiln.yaml")).toMatchObject([
      {
        line: 3,
        column: 5,
        path: "test.secrets[0]",
        suggestion: expect.stringContaining('did you mean "INDEX_TOKEN"'),
      },
      { message: "the farm has no secret OTHERS for demo", suggestion: "set it with `kiln secret set OTHERS`" },
    ]);
  });
});

describe("the secrets of an attempt", () => {
  const key = { run: 1, job: 0, attempt: 1 };

  it("are given to the agent that holds it, which is written down before", async () => {
    await using services = await servicesInFolder();
    await set(services, "A_TOKEN", "hunter22-value");
    await services.register("a");
    await services.submit(["3.12"], planWith(["A_TOKEN"]));
    expect(await services.attemptSecrets.give("a", key, "10.0.0.2")).toEqual({
      ok: true,
      values: { A_TOKEN: "hunter22-value" },
    });
    const rows = await services.audit.page(ALL);
    expect(rows[0]).toMatchObject({
      ...{ who: "agent:a", from: "10.0.0.2", what: "secret.give", outcome: "done" },
      ...{ object: "r1 job 0 attempt 1 (build-cp312-linux-x86_64)", detail: "A_TOKEN" },
    });
    expect(JSON.stringify(rows)).not.toContain("hunter22");
  });

  it("are refused to others, before and after it, and that is written down", async () => {
    await using services = await servicesInFolder();
    await set(services, "A_TOKEN", "hunter22-value");
    await services.register("a");
    const run = await services.submit(["3.12"], planWith(["A_TOKEN"]));
    const refused = { ok: false, reason: "not-held" };
    expect(await services.attemptSecrets.give("b", key, "")).toMatchObject(refused);
    expect(await services.attemptSecrets.give("a", { ...key, attempt: 2 }, "")).toMatchObject(refused);
    expect(await services.attemptSecrets.give("a", { ...key, job: 1 }, "")).toMatchObject(refused);
    const finish = { type: "finished", outcome: "passed", summary: "", excerpt: "", logBytesDropped: 0 } as const;
    const peer = new FakePeer("a");
    await services.ingest.resume(peer, [key]);
    await services.ingest.accept(peer, [
      {
        key,
        frames: [
          { seq: 1, atMs: 0, body: { type: "started", pythonVersion: "3.12.1" } },
          { seq: 2, atMs: 0, body: finish },
        ],
      },
    ]);
    await peer.until(() => peer.acks.length > 0);
    expect(await services.attemptSecrets.give("a", key, "")).toMatchObject(refused);
    const refusals = (await services.audit.page(ALL)).filter(({ outcome }) => outcome === "refused");
    expect(refusals.map(({ who }) => who)).toEqual(["agent:a", "agent:a", "agent:a", "agent:b"]);
    expect(run).toBe(1);
  });

  it("that are gone meanwhile are said by name, and the failure is written down", async () => {
    await using services = await servicesInFolder();
    await services.register("a");
    await services.submit(["3.12"], planWith(["A_TOKEN"]));
    expect(await services.attemptSecrets.give("a", key, "")).toEqual({
      ok: false,
      reason: "not-to-be-had",
      detail: "the secret A_TOKEN was removed from the farm: set it again with `kiln secret set A_TOKEN`",
    });
    expect(await services.audit.page(ALL)).toMatchObject([{ what: "secret.give", outcome: "failed" }]);
  });
});
