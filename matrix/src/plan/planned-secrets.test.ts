import { expect, test } from "vitest";
import { secretsOf, suggestSecret } from "../spec/read-secrets.ts";
import { specOf } from "../spec/testing.ts";
import { planned } from "./testing.ts";

const TEXT = `
build: {secrets: [B_TOKEN, A_TOKEN]}
test: {command: pytest, secrets: [T_TOKEN]}
checks: [{name: lint, command: ruff, secrets: [C_TOKEN]}]
scans: [{name: meta, command: twine, secrets: [S_TOKEN]}]
bench: {command: b, secrets: [M_TOKEN]}
`;

const keysOf = (text: string) => planned({ spec: specOf(text) }).jobs.map(({ name, key }) => `${name} ${key}`);

test("the places of all secrets are known, and each job has the names of its own, sorted", () => {
  const spec = specOf(TEXT);
  expect(secretsOf(spec).map(({ name, path, place }) => `${place.line}:${place.column} ${path} ${name}`)).toEqual([
    "2:19 build.secrets[0] B_TOKEN",
    "2:28 build.secrets[1] A_TOKEN",
    "3:35 test.secrets[0] T_TOKEN",
    "4:48 checks[0].secrets[0] C_TOKEN",
    "5:48 scans[0].secrets[0] S_TOKEN",
    "6:31 bench.secrets[0] M_TOKEN",
  ]);
  const byKind = new Map(planned({ spec }).jobs.map(({ kind, secrets }) => [kind, secrets]));
  expect(byKind.get("build")).toEqual(["A_TOKEN", "B_TOKEN"]);
  expect(byKind.get("test")).toEqual(["T_TOKEN"]);
});

test("the names of secrets are part of a job's key, in whatever order, and no secrets leave the key as it was", () => {
  const plain = "test: {command: pytest}";
  const one = keysOf(`${plain}\nbuild: {secrets: [A_TOKEN, B_TOKEN]}`);
  expect(keysOf(`${plain}\nbuild: {secrets: [B_TOKEN, A_TOKEN]}`)).toEqual(one);
  expect(keysOf(`${plain}\nbuild: {secrets: [A_TOKEN]}`)).not.toEqual(one);
  expect(keysOf(`${plain}\nbuild: {secrets: []}`)).toEqual(keysOf(plain));
});

test("a secret that there is not is answered with the one that was meant, or how to set it", () => {
  expect(suggestSecret("INDEX_TOKE", ["INDEX_TOKEN", "OTHER"])).toBe(
    'did you mean "INDEX_TOKEN"? Or set it with `kiln secret set INDEX_TOKE`',
  );
  expect(suggestSecret("INDEX_TOKEN", [])).toBe("set it with `kiln secret set INDEX_TOKEN`");
});
