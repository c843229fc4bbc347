import { expect, test } from "vitest";
import { defaultFolder, readConfig } from "./config.ts";

test("nothing has to be set", () => {
  const parsed = readConfig({ KILN_HOME: "/srv/kiln" });
  expect(parsed).toMatchObject({
    ok: true,
    config: { folder: "/srv/kiln/agent", join: null, executor: "host", logLevel: "info", isEphemeral: false },
  });
});

test("everything that is wrong is reported at once", () => {
  const parsed = readConfig({
    KILN_SLOTS: "0",
    KILN_EXECUTOR: "kubernetes",
    KILN_AGENT_LABELS: "rack",
    KILN_FARM_URL: "https://farm:8270",
    KILN_LOG_LEVEL: "loud",
  });
  if (parsed.ok) throw new Error("it is taken");
  expect(parsed.problems.map((problem) => /^\w+/.exec(problem)?.[0] ?? "").sort((a, b) => a.localeCompare(b))).toEqual([
    "KILN_AGENT_LABELS",
    "KILN_EXECUTOR",
    "KILN_FARM_URL",
    "KILN_LOG_LEVEL",
    "KILN_SLOTS",
  ]);
});

test("the environment counts before what join was told", () => {
  const settings = { KILN_SLOTS: "7", KILN_AGENT_NAME: "told", KILN_AGENT_LABELS: "rack=a3" };
  const parsed = readConfig({ KILN_AGENT_NAME: "set" }, settings);
  expect(parsed).toMatchObject({ ok: true, config: { slots: 7, name: "set", labels: { rack: "a3" } } });
  expect(readConfig({ KILN_EPHEMERAL: "1" }, settings)).toMatchObject({ config: { slots: 1, isEphemeral: true } });
});

test("the home follows the XDG rules", () => {
  expect(defaultFolder({ XDG_STATE_HOME: "/state" })).toBe("/state/kiln/agent");
  expect(defaultFolder({ KILN_AGENT_DIR: "/elsewhere", KILN_HOME: "/srv/kiln" })).toBe("/elsewhere");
});
