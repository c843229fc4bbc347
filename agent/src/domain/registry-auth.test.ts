import { expect, test } from "vitest";
import { registryAuth } from "./registry-auth.ts";

const auth = btoa("user:pass:word");

test.each([
  ["registry.example", "registry.example"],
  ["https://registry.example/v1/", "registry.example"],
  ["https://index.docker.io/v1/", "docker.io"],
])("an entry for %s is found for %s", (key, registry) => {
  expect(registryAuth({ auths: { "other.example": { auth: "eA==" }, [key]: { auth } } }, registry)).toMatchObject({
    kind: "password",
    username: "user",
    password: "pass:word",
  });
});

test("an identity token goes before a password", () => {
  const found = registryAuth({ auths: { "r.example": { auth, identitytoken: "token" } } }, "r.example");
  expect(found).toEqual({ kind: "identity-token", serverAddress: "r.example", token: "token" });
});

test("a registry's own helper goes before the store, and the store serves what has no entry", () => {
  const config = { credHelpers: { "r.example": "pass" }, credsStore: "desktop", auths: { "s.example": {} } };
  expect(registryAuth(config, "r.example")).toMatchObject({ kind: "helper", helper: "pass" });
  expect(registryAuth(config, "s.example")).toMatchObject({ kind: "helper", helper: "desktop" });
  expect(registryAuth({ ...config, auths: { "s.example": { auth } } }, "s.example")).toMatchObject({
    kind: "password",
  });
});

test.each([
  null,
  3,
  {},
  { auths: 3 },
  { auths: { r: { auth: "%%%" } } },
  { auths: { r: null } },
  { credHelpers: { r: 3 } },
])("%j has nothing for a registry", (config) => {
  expect(registryAuth(config, "r")).toEqual({ kind: "none" });
});
