import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { KNOWN_PLATFORMS } from "../known/platforms.ts";
import { KNOWN_PYTHONS } from "../known/pythons.ts";
import { KEYS } from "./fields.ts";
import { parseSpec } from "./parse-spec.ts";
import { DEFAULT_LIMITS } from "./read-limits.ts";
import { parseDurationMs } from "./duration.ts";
import { parseSizeBytes } from "./size.ts";

interface Schema {
  readonly properties: Readonly<Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>>;
  readonly $defs: Readonly<Record<string, { readonly default?: string }>>;
}

const text = readFileSync(new URL("../../kiln.schema.json", import.meta.url), "utf8");
const schema = JSON.parse(text) as Schema;
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);

/** What an editor sees: the values that YAML makes of the text. */
function schemaAccepts(document: string): boolean {
  return validate(parse(document));
}

const GOOD = [
  "",
  "kiln: 1",
  "version: 1.2.0",
  "version: 1.10",
  "matrix:\nbuild:\ntest:\nretry:\n",
  "matrix: {os: available, python: available}",
  "matrix: {os: [linux-x86_64, windows-x86_64], python: ['3.10', '3.13t']}",
  "matrix: {python: [3.8, 3.9, 3.10, 3.14]}",
  "matrix: {python: '>=3.9'}",
  "matrix: {python: '>= 3.9, != 3.10.*, < 4'}",
  "matrix: {python: ~=3.9}",
  "build: {env: {CFLAGS: -O2, N: 1, B: true, E: ''}, config-settings: {cmake.build-type: Release, --x: y}}",
  "build: {env: , config-settings: , timeout: 90s, log-limit: 16MiB}",
  "test: {requires: [pytest, 'numpy>=2'], extras: [a-b], files: [tests], command: pytest -q tests}",
  "test: {requires: , extras: [], files: [], command: x, timeout: 1h30m, log-limit: 1GB}",
  "retry: {infrastructure: 0}",
  "retry: {infrastructure: 10}",
];

const BAD = [
  "kiln: 2",
  "kiln: '1'",
  "kiln:",
  "[a]",
  "hello",
  "foo: 1",
  "version:",
  "version: [1]",
  "version: true",
  "matrix: linux",
  "matrix: {os: linux}",
  "matrix: {os: []}",
  "matrix: {os: [amiga]}",
  "matrix: {os: linux-x86_64}",
  "matrix: {os: [macos-arm64, macos-arm64]}",
  "matrix: {python: []}",
  "matrix: {python: [3.7]}",
  "matrix: {python: ['3.12t']}",
  "matrix: {python: 3.12}",
  "matrix: {python: '3.12'}",
  "matrix: {python: ^3.9}",
  "matrix: {python: ['3.9', '3.9']}",
  "matrix: {python: }",
  "matrix: {arch: x86}",
  "build: {env: [a]}",
  "build: {env: {1A: x}}",
  "build: {env: {A: [x]}}",
  "build: {env: {A: }}",
  "build: {config-settings: {a b: x}}",
  "build: {timeout: 30}",
  "build: {timeout: 30 m}",
  "build: {timeout: ''}",
  "build: {timeout: }",
  "build: {log-limit: 64}",
  "build: {log-limit: 64M}",
  "build: {command: x}",
  "test: {requires: pytest}",
  "test: {requires: ['']}",
  "test: {requires: [[a]]}",
  "test: {requires: [a, a]}",
  "test: {extras: ['a b']}",
  "test: {files: [tests]}",
  "test: {command: ''}",
  "test: {command: }",
  "test: {command: [pytest]}",
  `build: {env: {${Array.from({ length: 65 }, (_, index) => `V${index}: x`).join(", ")}}}`,
  "retry: {infrastructure: 11}",
  "retry: {infrastructure: -1}",
  "retry: {infrastructure: two}",
  "retry: {jobs: 1}",
];

/** What a JSON Schema cannot say, or sees too late to say. */
const ONLY_THE_PARSER_REFUSES = [
  // By the time a schema sees it, 3.10 and 3.1 are one number.
  "matrix: {python: [3.1]}",
  // Bounds of what is written with a unit.
  "build: {timeout: 25h}",
  "build: {log-limit: 3GiB}",
  // PEP 440 and PEP 508 in full.
  "version: one",
  "matrix: {python: '>=three'}",
  "test: {requires: [pytest=8]}",
  // Paths out of the source.
  "test: {command: x, files: [../x]}",
];

describe("the schema for editors and the parser", () => {
  test.for(GOOD)("both accept %j", (document) => {
    expect([schemaAccepts(document), parseSpec(document, "f").ok]).toEqual([true, true]);
  });

  test.for(BAD)("both refuse %j", (document) => {
    expect([schemaAccepts(document), parseSpec(document, "f").ok]).toEqual([false, false]);
  });

  test.for(ONLY_THE_PARSER_REFUSES)("only the parser refuses %j", (document) => {
    expect([schemaAccepts(document), parseSpec(document, "f").ok]).toEqual([true, false]);
  });

  test("know the same keys", () => {
    expect(Object.keys(schema.properties)).toEqual(KEYS[""]);
    for (const section of ["matrix", "build", "test", "retry"] as const) {
      expect(Object.keys(schema.properties[section]?.properties ?? {})).toEqual(KEYS[section]);
    }
  });

  test("know the same platforms and Pythons", () => {
    for (const os of KNOWN_PLATFORMS) expect(schemaAccepts(`matrix: {os: [${os}]}`)).toBe(true);
    for (const { feature } of KNOWN_PYTHONS) expect(schemaAccepts(`matrix: {python: ["${feature}"]}`)).toBe(true);
    const axes = schema.properties["matrix"]?.properties as Record<string, { oneOf: readonly object[] }> | undefined;
    expect(axes?.["os"]?.oneOf[1]).toMatchObject({ items: { enum: KNOWN_PLATFORMS } });
    expect(axes?.["python"]?.oneOf[2]).toMatchObject({
      items: { anyOf: [{ enum: KNOWN_PYTHONS.map(({ feature }) => feature) }, {}] },
    });
  });

  test("have the same defaults", () => {
    expect(parseDurationMs(schema.$defs["timeout"]?.default ?? "")).toBe(DEFAULT_LIMITS.timeoutMs);
    expect(parseSizeBytes(schema.$defs["logLimit"]?.default ?? "")).toBe(DEFAULT_LIMITS.logBytesMax);
  });
});

test("every key of the schema has a description with an example or a default", () => {
  type Node = { readonly description?: string; readonly $ref?: string; readonly properties?: Record<string, Node> };
  const lacking: string[] = [];
  const check = (node: Node, path: string) => {
    const definition = (node.$ref === undefined ? {} : schema.$defs[node.$ref.replace("#/$defs/", "")]) as object;
    const merged = { ...definition, ...node };
    if (!("description" in merged)) lacking.push(path);
    if (!("examples" in merged || "default" in merged || "const" in merged || "properties" in merged))
      lacking.push(path);
    for (const [key, inner] of Object.entries(node.properties ?? {})) check(inner, `${path}.${key}`);
  };
  check(schema as Node, "");
  expect(lacking).toEqual([]);
});
