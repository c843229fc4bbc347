import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAgentId } from "@kiln/proto";
import { expect, test } from "vitest";
import { temporaryFolder } from "@kiln/testkit";
import { agentIdentity } from "./identity.ts";

test("an agent keeps the id that it chose", () => {
  using folder = temporaryFolder();
  const id = agentIdentity(folder.path);
  expect(isAgentId(id)).toBe(true);
  expect(agentIdentity(folder.path)).toBe(id);
  expect(JSON.parse(readFileSync(join(folder.path, "identity.json"), "utf8"))).toEqual({ agentId: id });
});

test("a damaged identity is not replaced in silence", () => {
  using folder = temporaryFolder();
  for (const text of ["", "{}", '{"agentId":"No Good"}']) {
    writeFileSync(join(folder.path, "identity.json"), text);
    expect(() => agentIdentity(folder.path)).toThrow("holds no agent id");
  }
});
