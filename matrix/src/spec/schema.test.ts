import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { KNOWN_PLATFORMS } from "../known/platforms.ts";
import { KNOWN_PYTHONS } from "../known/pythons.ts";
import { KEYS } from "./fields.ts";
import { parseSpec } from "./parse-spec.ts";
import { RULE_NAMES } from "./rule-names.ts";
import { DEFAULT_LIMITS } from "./read-limits.ts";
import { parseDurationMs } from "./duration.ts";
import { parseSizeBytes } from "./size.ts";

interface Node {
  readonly description?: string;
  readonly default?: string;
  readonly examples?: readonly unknown[];
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
}

interface Schema extends Node {
  readonly properties: Readonly<Record<string, Node>>;
  readonly $defs: Readonly<Record<string, Node>>;
}

const text = readFileSync(new URL("../../kiln.schema.json", import.meta.url), "utf8");
const schema = JSON.parse(text) as Schema;
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);

/** What an editor sees: the values that YAML makes of the text. */
function schemaAccepts(document: string): boolean {
  return validate(parse(document));
}

/** The keys of a section as `KEYS` names it: `profiles.*`, `build.wheels[]`. */
function propertiesOf(section: string): Readonly<Record<string, Node>> {
  // What several sections share.
  if (section === "*.container" || section === "*.agents") return schema.$defs[section.slice(2)]?.properties ?? {};
  let node: Node | undefined = schema;
  for (const part of section === "" ? [] : section.split(/\.|(?=\[\])/)) {
    if (part === "[]") node = node?.items;
    else node = part === "*" ? Object.values(node?.properties ?? {})[0] : node?.properties?.[part];
  }
  return node?.properties ?? {};
}

/** Documents that say what the schema's examples say, as far as they can stand alone. */
function* matchExamples(top: Schema): Iterable<readonly [path: string, document: string]> {
  // What entries and commands speak of is there, whatever the example.
  const around = { axes: { backend: ["eager"] }, torch: ["2.1"], cuda: ["12.1"], gpu: ["H100"], driver: ["535"] };
  const put = (section: string | null, key: string, example: unknown): string => {
    const document: Record<string, unknown> = { matrix: around };
    if (section === null) document[key] = example;
    else if (section === "matrix") document["matrix"] = { ...around, [key]: example };
    else {
      const needed = section === "test" || section === "bench" || section === "profile" ? { command: "x" } : {};
      document[section] = { ...needed, [key]: example };
    }
    return JSON.stringify(document);
  };
  for (const [key, node] of Object.entries(top.properties)) {
    for (const example of node.examples ?? []) yield [key, put(null, key, example)];
    for (const [inner, { examples, $ref }] of Object.entries(node.properties ?? {})) {
      const own = examples ?? ($ref === undefined ? [] : top.$defs[$ref.replace("#/$defs/", "")]?.examples) ?? [];
      for (const example of own) yield [`${key}.${inner}`, put(key, inner, example)];
    }
  }
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
  "build: {frontend: cibuildwheel, reproducible: check}",
  "build: {env: , config-settings: , timeout: 90s, log-limit: 16MiB}",
  "test: {requires: [pytest, 'numpy>=2'], extras: [a-b], files: [tests], command: pytest -q tests}",
  "build: {secrets: [INDEX_TOKEN, A1_B]}",
  "test: {secrets: [A], command: x}",
  "test: {requires: , extras: [], files: [], command: x, repeat-failed: 5, timeout: 1h30m, log-limit: 1GB}",
  "retry: {infrastructure: 0}",
  "retry: {infrastructure: 10}",
  "release: hotfix",
  "matrix: {os: [ubuntu-22.04, ubuntu-24.04-aarch64, rhel-8, macos-13-x86_64, windows-server-2022, rocky-9.4]}",
  "matrix: {torch: ['2.1', 2.2, 2.2.0, latest, latest-3, 2.3.0rc1], cuda: [cpu, 11.8, cu121, rocm6.0]}",
  "matrix: {torch: '>=2.1,<2.4', gpu: [none, H100, 9.0, sm_80, NVIDIA A100 80GB], driver: [535.104.05, 550, 537.1]}",
  "matrix: {axes: {backend: [eager, 1, true], node: [18]}}",
  "matrix: {axes: , include: , exclude: , override: , keep: , unknown: exclude}",
  "matrix: {include: [{gpu: H100, extra: x}, {when: {python: '>=3.9'}, extra: y}], exclude: []}",
  "matrix: {exclude: [{python: 3.9, when: {os: [windows-11]}, reason: why}, {when: {python: <3.9}}]}",
  "matrix: {cuda: [cpu], exclude: [{cuda: cpu, when: {cuda: ['12.1', cpu], python: ['3.9', 3.13t]}}]}",
  "matrix: {torch: ['2.1'], override: [{torch: '2.1', reason: mine}, {torch: 2.1, rules: [torch-wheel], reason: r}]}",
  "matrix: {torch: ['2.1'], keep: [{torch: latest}, {when: {torch: '>=2.1'}}]}",
  "profiles: {patch: {reduce: pairwise}, minor: , major: {reduce: 3-wise, jobs: [check]}, hotfix: {jobs: []}}",
  "build: {wheel: pure}",
  "build: {wheels: }",
  "build: {wheels: [{kind: abi3, python: 3.9}]}",
  "matrix: {cuda: [cpu]}\nbuild: {wheels: [{name: a, when: {cuda: [cpu]}, kind: pure, torch: none}, {name: b, arch-list: [8.0, 9.0+PTX, sm_90], policy: manylinux2014, local-version: none}]}",
  "test: {gpu: none}",
  "checks: [{name: lint, command: ruff check ., requires: [ruff], files: [.], env: {A: b}, timeout: 10m, log-limit: 1MB}]",
  "scans: [{name: a, command: x}]",
  "bench: {command: x, when: {python: '>=3.9'}, files: [bench]}",
  "checks: \nscans: \nbench: \nprofile: \nprofiles: ",
  "build: {container: {image: 'debian:12', network: open}}\ntest: {container: {network: none}}",
  "build: {agents: {labels: [nvlink, rack=a3]}}\ntest: {agents: {labels: {rack: a3, fast: }, gpus: 2, gpu-memory: 40GiB}}",
  "max-parallel: 20",
  `test: {container: {image: 'localhost/a/b__c@sha256:${"0".repeat(64)}'}}`,
  "build: {container: }\ntest: {container: {}}",
  "checks: [{name: a, command: x, container: {image: '127.0.0.1:5000/a-b:1.0'}}]",
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
  "build: {frontend: make}",
  "build: {reproducible: true}",
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
  "test: {secrets: [A]}",
  "build: {secrets: [a]}",
  "build: {secrets: [KILN_X]}",
  "build: {secrets: [A, A]}",
  "test: {repeat-failed: 1}",
  "test: {command: x, repeat-failed: 6}",
  "test: {command: x, repeat-failed: once}",
  "test: {command: ''}",
  "test: {command: }",
  "test: {command: [pytest]}",
  `build: {env: {${Array.from({ length: 65 }, (_, index) => `V${index}: x`).join(", ")}}}`,
  "retry: {infrastructure: 11}",
  "retry: {infrastructure: -1}",
  "retry: {infrastructure: two}",
  "retry: {jobs: 1}",
  "release: mayor",
  "release:",
  "matrix: {torch: 2.1}",
  "matrix: {torch: latest}",
  "matrix: {torch: []}",
  "matrix: {torch: [2.1.2+cu118]}",
  "matrix: {torch: [latest-0]}",
  "matrix: {torch: }",
  "matrix: {cuda: cpu}",
  "matrix: {cuda: [nvidia]}",
  "matrix: {cuda: ['12']}",
  "matrix: {gpu: H100}",
  "matrix: {driver: [r535]}",
  "matrix: {driver: 535}",
  "matrix: {axes: [a]}",
  "matrix: {axes: {a: b}}",
  "matrix: {axes: {a: []}}",
  "matrix: {axes: {a: [b c]}}",
  "matrix: {axes: {a b: [c]}}",
  "matrix: {axes: {cuda: [a]}}",
  "matrix: {axes: {Torch: [a]}}",
  "matrix: {axes: {when: [a]}}",
  "matrix: {include: {a: b}}",
  "matrix: {include: [a]}",
  "matrix: {include: [{}]}",
  "matrix: {include: [{when: {python: '>=3'}}]}",
  "matrix: {include: [{a: [b]}]}",
  "matrix: {include: [{a: }]}",
  "matrix: {include: [{reason: r}]}",
  "matrix: {include: [{a b: c}]}",
  "matrix: {exclude: [{}]}",
  "matrix: {exclude: [{reason: r}]}",
  "matrix: {exclude: [{python: 3.9, reason: ''}]}",
  "matrix: {exclude: [{python: 3.9, rules: [glibc]}]}",
  "matrix: {exclude: [{python: 2.7}]}",
  "matrix: {exclude: [{python: 3.9, when: {}}]}",
  "matrix: {exclude: [{python: 3.9, when: }]}",
  "matrix: {exclude: [{python: 3.9, when: {os: windows-11}}]}",
  "matrix: {exclude: [{python: 3.9, when: {os: []}}]}",
  "matrix: {exclude: [{python: 3.9, when: {python: 3.9}}]}",
  "matrix: {override: [{python: 3.9}]}",
  "matrix: {override: [{reason: r}]}",
  "matrix: {override: [{python: 3.9, reason: r, rules: []}]}",
  "matrix: {override: [{python: 3.9, reason: r, rules: [glib]}]}",
  "matrix: {keep: [{python: 3.9, reason: r}]}",
  "matrix: {unknown: maybe}",
  "profiles: {patch: full}",
  "profiles: {patch: {reduce: 2-wise}}",
  "profiles: {patch: {jobs: [test]}}",
  "profiles: {patch: {jobs: }}",
  "profiles: {bugfix: {}}",
  "build: {wheel: abi3}",
  "build: {wheel: }",
  "build: {wheel: pure, wheels: [{kind: pure}]}",
  "build: {wheels: []}",
  "build: {wheels: [pure]}",
  "build: {wheels: [{kind: abi3}]}",
  "build: {wheels: [{kind: native, python: 3.9}]}",
  "build: {wheels: [{kind: pure, policy: manylinux_2_28}]}",
  "build: {wheels: [{policy: manylinux_2_28_x86_64}]}",
  "build: {wheels: [{policy: musllinux_1_2}]}",
  "build: {wheels: [{local-version: always}]}",
  "build: {wheels: [{name: A}]}",
  "matrix: {cuda: [cpu]}\nbuild: {wheels: [{arch-list: [H100]}]}",
  "test: {gpu: yes}",
  "test: {gpu: true}",
  "checks: {name: a, command: x}",
  "checks: [{name: a}]",
  "checks: [{command: x}]",
  "checks: [{name: a b, command: x}]",
  "checks: [{name: a, command: x, when: {python: '>=3'}}]",
  "scans: [{name: a, command: ''}]",
  "bench: {}",
  "bench: {name: a, command: x}",
  "profile: x",
  "build: {container: debian}",
  "build: {container: {image: }}",
  "build: {container: {image: 'Debian:12'}}",
  "test: {container: {image: 'docker://debian'}}",
  "test: {container: {image: 'debian@sha256:12'}}",
  "test: {container: {image: 'debian:'}}",
  "test: {container: {network: host}}",
  "test: {container: {name: debian}}",
  "test: {image: debian}",
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
  // What only the data knows.
  "matrix: {os: [ubuntu-2204]}",
  "matrix: {gpu: [Voodoo2]}",
  "build: {wheels: [{kind: abi3, python: 3.99}]}",
  // Two spellings of one value.
  "matrix: {cuda: ['12.1', cu121]}",
  // Only a registry may have capitals.
  "test: {container: {image: Own/debian}}",
  // What one part says of another.
  "matrix: {exclude: [{cuda: cpu}]}",
  "matrix: {include: [{node: 18}], exclude: [{node: 18}]}",
  "bench: {command: x, when: {cuda: [cpu]}}",
  "build: {wheels: [{torch: linked}]}",
  "build: {wheels: [{arch-list: [8.0]}]}",
  "build: {wheels: [{name: a}, {name: b}]}",
  "build: {wheels: [{name: a, when: {python: <3.9}}]}",
  "build: {wheels: [{when: {python: <3.9}}, {name: a}]}",
  "checks: [{name: a, command: x}, {name: a, command: y}]",
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
    for (const [section, keys] of Object.entries(KEYS)) {
      expect([section, ...Object.keys(propertiesOf(section))]).toEqual([section, ...keys]);
    }
    expect(Object.keys(schema.properties["profiles"]?.properties ?? {})).toEqual(KEYS.profiles);
  });

  test("know the same platforms, Pythons and rules", () => {
    for (const os of KNOWN_PLATFORMS) expect(schemaAccepts(`matrix: {os: [${os}]}`)).toBe(true);
    for (const { feature } of KNOWN_PYTHONS) expect(schemaAccepts(`matrix: {python: ["${feature}"]}`)).toBe(true);
    expect(schema.$defs["osValue"]).toMatchObject({
      anyOf: [{ enum: expect.arrayContaining([...KNOWN_PLATFORMS]) }, {}],
    });
    expect(schema.$defs["pythonValue"]).toMatchObject({
      anyOf: [{ enum: KNOWN_PYTHONS.map(({ feature }) => feature) }, {}],
    });
    expect(schema.properties["matrix"]?.properties?.["override"]).toMatchObject({
      items: { properties: { rules: { items: { enum: RULE_NAMES } } } },
    });
  });

  test("name systems for editors that the parser knows", () => {
    const { anyOf } = schema.$defs["osValue"] as { readonly anyOf: readonly { readonly enum?: readonly string[] }[] };
    for (const os of anyOf[0]?.enum ?? []) expect(parseSpec(`matrix: {os: [${os}]}`, "f").ok).toBe(true);
  });

  test.each([...matchExamples(schema)])("the example at %s is good", (_path, document) => {
    expect([schemaAccepts(document), parseSpec(document, "f")]).toEqual([true, expect.objectContaining({ ok: true })]);
  });

  test("have the same defaults", () => {
    expect(parseDurationMs(schema.$defs["timeout"]?.default ?? "")).toBe(DEFAULT_LIMITS.timeoutMs);
    expect(parseSizeBytes(schema.$defs["logLimit"]?.default ?? "")).toBe(DEFAULT_LIMITS.logBytesMax);
  });
});

test("every key of the schema, also of entries, has a description with an example, a default or its choices", () => {
  const lacking: string[] = [];
  const check = (node: Node, path: string) => {
    const definition = (node.$ref === undefined ? {} : schema.$defs[node.$ref.replace("#/$defs/", "")]) as object;
    const merged = { ...definition, ...node };
    if (!("description" in merged)) lacking.push(`${path}: description`);
    if (
      !("examples" in merged || "default" in merged || "const" in merged || "enum" in merged || "properties" in merged)
    )
      lacking.push(`${path}: example`);
    for (const [key, inner] of Object.entries({ ...node.properties, ...node.items?.properties })) {
      check(inner, `${path}.${key}`);
    }
  };
  check(schema, "");
  check(schema.$defs["when"] as Node, "when");
  check(schema.$defs["container"] as Node, "container");
  expect(lacking).toEqual([]);
});
