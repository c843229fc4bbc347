import { expect, test } from "vitest";
import { defaultFolder, readConfig } from "./config.ts";

test("a token is all that has to be set", () => {
  const parsed = readConfig({ KILN_TOKEN: "t", KILN_HOME: "/srv/kiln" });
  expect(parsed).toMatchObject({
    ok: true,
    config: { folder: "/srv/kiln/agent", coordinatorGrpc: "127.0.0.1:8271", executor: "host", logLevel: "info" },
  });
});

test("everything that is wrong is reported at once", () => {
  const parsed = readConfig({
    KILN_SLOTS: "0",
    KILN_EXECUTOR: "kubernetes",
    KILN_COORDINATOR_GRPC: "nowhere",
    KILN_COORDINATOR_HTTP: "ftp://x",
    KILN_LOG_LEVEL: "loud",
  });
  if (parsed.ok) throw new Error("it is taken");
  expect(parsed.problems.map((problem) => problem.split(" ", 1)[0] ?? "").sort((a, b) => a.localeCompare(b))).toEqual([
    "KILN_COORDINATOR_GRPC",
    "KILN_COORDINATOR_HTTP",
    "KILN_EXECUTOR",
    "KILN_LOG_LEVEL",
    "KILN_SLOTS",
    "KILN_TOKEN",
  ]);
});

test("the home follows the XDG rules", () => {
  expect(defaultFolder({ XDG_STATE_HOME: "/state" })).toBe("/state/kiln/agent");
  expect(defaultFolder({ KILN_AGENT_DIR: "/elsewhere", KILN_HOME: "/srv/kiln" })).toBe("/elsewhere");
});
