import { describe, expect, test } from "vitest";
import type { WheelSpec } from "./spec.ts";
import { placesOf, problemsOf, specOf } from "./testing.ts";

const LIMITS = { timeoutMs: 1_800_000, logBytesMax: 67_108_864 };
const NATIVE: WheelSpec = {
  name: "",
  when: null,
  kind: { kind: "native" },
  torch: "none",
  cuda: "none",
  archList: [],
  policy: null,
  localVersion: "auto",
};

describe("profiles", () => {
  test("say what each type of release has to pass; what is not said is everything", () => {
    const { release, profiles } = specOf(
      "release: patch\nprofiles: {patch: {reduce: pairwise}, hotfix: {reduce: touchstone, jobs: []}, major: {reduce: 3-wise, jobs: [bench, check]}}",
    );
    expect(release).toBe("patch");
    expect(profiles).toEqual({
      patch: { reduce: { kind: "t-wise", strength: 2 }, jobs: ["check", "scan", "bench", "profile"], gates: null },
      minor: { reduce: { kind: "full" }, jobs: ["check", "scan", "bench", "profile"], gates: null },
      major: { reduce: { kind: "t-wise", strength: 3 }, jobs: ["check", "bench"], gates: null },
      hotfix: { reduce: { kind: "touchstone" }, jobs: [], gates: null },
    });
  });

  test.for([
    ["release: mayor", "1:10 release", '"major"'],
    ["release: 1", "1:10 release", "minor"],
    ["profiles: [patch]", "1:11 profiles", "profiles: {patch: …}"],
    ["profiles: {pacth: {}}", "1:12 profiles.pacth", '"patch"'],
    ["profiles: {patch: full}", "1:19 profiles.patch", "{reduce: …}"],
    ["profiles: {patch: {reduce: 2-wise}}", "1:28 profiles.patch.reduce", "pairwise"],
    ["profiles: {patch: {reduce: pair-wise}}", "1:28 profiles.patch.reduce", "pairwise"],
    ["profiles: {patch: {reduce: touchstones}}", "1:28 profiles.patch.reduce", '"touchstone"'],
    ["profiles: {patch: {reduce: }}", "1:28 profiles.patch.reduce", "full, pairwise"],
    ["profiles: {patch: {reduce: 2}}", "1:28 profiles.patch.reduce", "pairwise"],
    ["profiles: {patch: {jobs: [test]}}", "1:27 profiles.patch.jobs[0]", "always planned"],
    ["profiles: {patch: {jobs: [chekc]}}", "1:27 profiles.patch.jobs[0]", '"check"'],
    ["profiles: {patch: {jobs: }}", "1:26 profiles.patch.jobs", "[]"],
    ["profiles: {patch: {jobs: scan}}", "1:26 profiles.patch.jobs", "[scan]"],
    ["reduce: full", "1:1 reduce", "under a type of release in profiles:"],
  ] as const)("%j is at %s and suggests %s", ([text, place, suggestion]) => {
    expect(placesOf(text)).toEqual([place]);
    expect(problemsOf(text)[0]?.suggestion).toContain(suggestion);
  });
});

describe("wheels", () => {
  test.for([
    ["", NATIVE],
    ["build: {wheel: native}", NATIVE],
    ["build: {wheels: }", NATIVE],
    ["matrix: {torch: ['2.1']}", { ...NATIVE, torch: "linked" }],
    ["matrix: {cuda: [cpu]}", { ...NATIVE, cuda: "linked" }],
    ["matrix: {include: [{torch: '2.1', cuda: cpu}]}", { ...NATIVE, torch: "linked", cuda: "linked" }],
    ["matrix: {torch: ['2.1']}\nbuild: {wheel: pure}", { ...NATIVE, kind: { kind: "pure" } }],
    ["build: {wheels: [{kind: abi3, python: 3.10}]}", { ...NATIVE, kind: { kind: "abi3", python: "3.10" } }],
    ["build: {wheels: [{name: only}]}", { ...NATIVE, name: "only" }],
  ] as const)("of %j are one, linked to what the matrix has", ([text, wheel]) => {
    expect(specOf(text).build.wheels).toEqual([wheel]);
  });

  test("can be several, each with what it depends on", () => {
    const text = [
      "matrix: {torch: ['2.1'], cuda: [cpu, 12.1]}",
      "build:",
      "  wheels:",
      "    - {name: pure, when: {cuda: [cpu]}, kind: pure}",
      "    - name: stable",
      '      when: {python: ">=3.9"}',
      "      kind: abi3",
      "      python: 3.9",
      "      torch: stable",
      "      cuda: none",
      "      policy: manylinux2014",
      "      local-version: none",
      "    - {name: cuda, arch-list: [8.0, 9.0+PTX, sm_90a, 10.0], policy: manylinux_2_28}",
    ].join("\n");
    expect(specOf(text).build.wheels).toEqual([
      { ...NATIVE, name: "pure", when: { cuda: { kind: "any-of", values: ["cpu"] } }, kind: { kind: "pure" } },
      {
        ...NATIVE,
        name: "stable",
        when: { python: { kind: "specifier", specifier: ">=3.9" } },
        kind: { kind: "abi3", python: "3.9" },
        torch: "stable",
        policy: "manylinux_2_17",
        localVersion: "none",
      },
      {
        ...NATIVE,
        name: "cuda",
        torch: "linked",
        cuda: "linked",
        archList: ["8.0", "9.0+PTX", "9.0a", "10.0"],
        policy: "manylinux_2_28",
      },
    ]);
  });

  const B = (rest: string) => `matrix: {cuda: [cpu]}\nbuild: {${rest}}`;
  test.for([
    ["wheel: universal", "build.wheel", "native, pure"],
    ["wheel: abi3", "build.wheel", 'wheels: [{kind: abi3, python: "3.9"}]'],
    ["wheel: ", "build.wheel", "native or pure"],
    ["wheel: pure, wheels: [{kind: pure}]", "build.wheels", "keep one"],
    ["wheels: pure", "build.wheels", "[{name"],
    ["wheels: []", "build.wheels", "leave it out"],
    ["wheels: [null]", "build.wheels[0]", "{name"],
    ["wheels: [pure]", "build.wheels[0]", "{name"],
    ["wheels: [{kind: naitve}]", "build.wheels[0].kind", '"native"'],
    ["wheels: [{kinds: native}]", "build.wheels[0].kinds", '"kind"'],
    ["wheels: [{kind: abi3}]", "build.wheels[0]", 'python: "3.9"'],
    ["wheels: [{kind: abi3, python: 3.13t}]", "build.wheels[0].python", '"3.13"'],
    ["wheels: [{kind: abi3, python: cp39}]", "build.wheels[0].python", '"3.9"'],
    ["wheels: [{kind: abi3, python: 3.9.1}]", "build.wheels[0].python", '"3.9"'],
    ["wheels: [{kind: abi3, python: 3.99}]", "build.wheels[0].python", "3.15"],
    ["wheels: [{kind: abi3, python: }]", "build.wheels[0].python", '"3.9"'],
    ["wheels: [{kind: native, python: 3.9}]", "build.wheels[0].python", "abi3"],
    ["wheels: [{kind: pure, arch-list: [8.0]}]", "build.wheels[0].arch-list", "native"],
    ["wheels: [{kind: pure, policy: manylinux_2_28}]", "build.wheels[0].policy", "native"],
    ["wheels: [{kind: pure, cuda: linked}]", "build.wheels[0].cuda", "native"],
    ["wheels: [{torch: linked}]", "build.wheels[0].torch", "add torch: to the matrix"],
    ["wheels: [{torch: static}]", "build.wheels[0].torch", "linked, stable"],
    ["wheels: [{cuda: none, arch-list: [8.0]}]", "build.wheels[0].arch-list", "cuda: linked"],
    ["wheels: [{arch-list: [H100]}]", "build.wheels[0].arch-list[0]", '"9.0"'],
    ["wheels: [{arch-list: [compute_90]}]", "build.wheels[0].arch-list[0]", '"9.0+PTX"'],
    ["wheels: [{arch-list: [8.0;9.0]}]", "build.wheels[0].arch-list[0]", '["8.0", "9.0"]'],
    ["wheels: [{arch-list: [Hopper]}]", "build.wheels[0].arch-list[0]", '"8.0"'],
    ["wheels: [{arch-list: [8.0, sm_80]}]", "build.wheels[0].arch-list[1]", "keep one"],
    ["wheels: [{arch-list: 8.0}]", "build.wheels[0].arch-list", '["8.0"]'],
    ["wheels: [{policy: manylinux_2_28_x86_64}]", "build.wheels[0].policy", "manylinux_2_28"],
    ["wheels: [{policy: manylinux2014_aarch64}]", "build.wheels[0].policy", "manylinux_2_17"],
    ["wheels: [{policy: 2.28}]", "build.wheels[0].policy", "manylinux_2_28"],
    ["wheels: [{policy: musllinux_1_2}]", "build.wheels[0].policy", "known: manylinux_2_5"],
    ["wheels: [{policy: manylinux_2_4}]", "build.wheels[0].policy", "known: manylinux_2_5"],
    ["wheels: [{local-version: always}]", "build.wheels[0].local-version", "auto, none"],
    ["wheels: [{name: a, when: {cuda: [cpu]}}]", "build.wheels[0].when", "a wheel without one"],
    ["wheels: [{name: a}, {name: b}]", "build.wheels[0]", "list it last"],
    ["wheels: [{name: a, when: {cuda: [cpu]}}, {kind: pure}]", "build.wheels[1]", "{name"],
    ["wheels: [{name: a, when: {cuda: [cpu]}}, {name: a}]", "build.wheels[1].name", "another name"],
    ["wheels: [{name: CUDA 12}]", "build.wheels[0].name", "cuda-12"],
    ["wheels: [{name: a, when: {gpu: [H100]}}, {name: b}]", "build.wheels[0].when.gpu", "add gpu: to the matrix"],
  ] as const)("%j is a mistake of %s and suggests %s", ([rest, path, suggestion]) => {
    const problems = problemsOf(B(rest));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.suggestion).toContain(suggestion);
  });
});

describe("commands", () => {
  test("on the source, on wheels and in cells are read with every default filled in", () => {
    const text = [
      "matrix: {cuda: [cpu, 12.1]}",
      "test: {gpu: none}",
      "checks:",
      "  - {name: lint, command: ruff check ., requires: [ruff], files: [.], env: {A: 1}, timeout: 10m, log-limit: 1MiB}",
      "scans:",
      `  - {name: metadata, command: 'twine check "$KILN_WHEEL"', requires: [twine]}`,
      "  - {name: lint, command: x}",
      "bench: {command: python bench.py, files: [bench], when: {cuda: [12.1]}, timeout: 2h}",
      "profile: {command: python bench.py --profile}",
    ].join("\n");
    const spec = specOf(text);
    const plain = { requires: [], files: [], env: {}, secrets: [], container: null, agents: null, limits: LIMITS };
    expect(spec.test.gpu).toBe("none");
    expect(spec.checks).toEqual([
      {
        name: "lint",
        command: "ruff check .",
        requires: ["ruff"],
        files: ["."],
        env: { A: "1" },
        secrets: [],
        container: null,
        agents: null,
        limits: { timeoutMs: 600_000, logBytesMax: 1_048_576 },
      },
    ]);
    expect(spec.scans).toEqual([
      { ...plain, name: "metadata", command: 'twine check "$KILN_WHEEL"', requires: ["twine"] },
      { ...plain, name: "lint", command: "x" },
    ]);
    expect(spec.bench).toEqual({
      ...plain,
      when: { cuda: { kind: "any-of", values: ["12.1"] } },
      command: "python bench.py",
      files: ["bench"],
      limits: { ...LIMITS, timeoutMs: 7_200_000 },
      format: "kiln",
      results: "*.json",
      metrics: {},
      columns: null,
      baseline: { kind: "last-release" },
      boundBy: null,
    });
    expect(spec.profile).toEqual({
      ...plain,
      ...{ when: null, command: "python bench.py --profile", kernels: null, launchSkip: 20, launchCount: 3 },
    });
  });

  test("say how benchmarks are read and what they are compared with", () => {
    const { bench } = specOf(
      "bench: {command: x, format: csv, results: out.csv, baseline: 1.4.2, bound-by: both, columns: {benchmark: [k], params: [n]}, metrics: {t: ms lower, rate: GB/s higher}}",
    );
    expect(bench).toMatchObject({
      ...{ format: "csv", results: "out.csv", boundBy: "both", columns: { benchmark: ["k"], params: ["n"] } },
      baseline: { kind: "version", version: "1.4.2" },
      metrics: { t: { unit: "ms", better: "lower" }, rate: { unit: "GB/s", better: "higher" } },
    });
  });

  test.for([
    ["last-release", { kind: "last-release" }],
    ["index", { kind: "index" }],
    ["none", { kind: "none" }],
    ["{commit: 1A2B3C4}", { kind: "commit", commit: "1a2b3c4" }],
    ["{commit: 12345678}", { kind: "commit", commit: "12345678" }],
  ])("are compared with what baseline: %s names", ([text, baseline]) => {
    expect(specOf(`bench: {command: x, baseline: ${text as string}}`).bench?.baseline).toEqual(baseline);
  });

  test.for([
    ["test: {gpu: yes}", "1:13 test.gpu", "required, none"],
    ["test: {gpu: true}", "1:13 test.gpu", "required or none"],
    ["checks: {name: lint}", "1:9 checks", "[{name: lint"],
    ["checks: [lint]", "1:10 checks[0]", "{name"],
    ["checks: [null]", "1:10 checks[0]", "{name: lint"],
    ["checks: [{}]", "1:10 checks[0]", "{name: lint"],
    ["checks: [{name: lint}]", "1:10 checks[0]", "{name: lint"],
    ["checks: [{command: x}]", "1:10 checks[0]", "{name: lint"],
    ["checks: [{name: lint, command: }]", "1:32 checks[0].command", "ruff"],
    ["checks: [{name: Lint It, command: x}]", "1:17 checks[0].name", "lint-it"],
    ["checks: [{name: [a], command: x}]", "1:17 checks[0].name", "lint"],
    ["checks: [{name: a, command: x}, {name: a, command: y}]", "1:40 checks[1].name", "another name"],
    ["checks: [{name: a, command: x, when: {}}]", "1:32 checks[0].when", "bench:"],
    ["checks: [{name: a, command: x, requires: [a=1]}]", "1:43 checks[0].requires[0]", "a==1"],
    ["checks: [{name: a, command: x, files: [../b]}]", "1:40 checks[0].files[0]", "root"],
    ["checks: [{name: a, command: x, timeout: 5}]", "1:41 checks[0].timeout", "5s"],
    ["checks: [{name: a, command: x, log-limit: 5}]", "1:43 checks[0].log-limit", "5MiB"],
    ["checks: [{name: a, command: x, env: [b]}]", "1:37 checks[0].env", "CFLAGS"],
    ["scans: [{nmae: a, command: x}]", "1:9 scans[0],1:10 scans[0].nmae", '"name"'],
    ["bench: x", "1:8 bench", "bench: {when: …}"],
    ["bench: {}", "1:1 bench", "command: "],
    ["bench: {command: x, files: [.]}", "1:29 bench.files[0]", "tests"],
    ["bench: {command: x, when: {cuda: [cpu]}}", "1:28 bench.when.cuda", "add cuda: to the matrix"],
    ["bench: {command: x, format: pytest}", "1:29 bench.format", "pytest-benchmark"],
    ["bench: {command: x, format: csv}", "1:21 bench.format", "columns: {benchmark: [name]}"],
    ["bench: {command: x, metrics: {a: ms}}", "1:30 bench.metrics.a", "{a: ms lower}"],
    ["bench: {command: x, columns: {params: [a]}}", "1:21 bench.columns", "add benchmark: [name]"],
    ["bench: {command: x, results: out/a.json}", "1:30 bench.results", "write a.json"],
    ["bench: {command: x, baseline: newest}", "1:31 bench.baseline", "1.4.2"],
    ["bench: {command: x, baseline: {}}", "1:21 bench.baseline", "{commit: 1a2b3c4}"],
    ["bench: {command: x, baseline: {commit: main}}", "1:40 bench.baseline.commit", "7 to 40 of its digits"],
    ["bench: {command: x, baseline: {rev: 1a2b3c4}}", "1:32 bench.baseline.rev", "commit"],
    ["bench: {command: x, bound-by: cpu}", "1:31 bench.bound-by", "did you mean"],
    ["profile: {command: x, kernels: 'a('}", "1:32 profile.kernels", "(gemm|softmax)_.*"],
    ["profile: {command: x, launch-count: 0}", "1:37 profile.launch-count", "write 3"],
    ["profile: {requires: [a]}", "1:1 profile", "command: "],
    ["profile: {comand: x}", "1:1 profile,1:11 profile.comand", "command: "],
    ["name: x", "1:1 name", "in an entry of checks:"],
  ] as const)("%j is at %s and suggests %s", ([text, place, suggestion]) => {
    expect(placesOf(text).join(",")).toBe(place);
    expect(
      problemsOf(text)
        .map((problem) => problem.suggestion)
        .join(" "),
    ).toContain(suggestion);
  });

  const times = (count: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, i) => text(i)).join(", ");
  test.for([
    ["checks", `checks: [${times(33, (i) => `{name: c${i}, command: x}`)}]`, "limit is 32"],
    ["wheels", `build: {wheels: [${times(33, (i) => `{name: c${i}}`)}]}`, "limit is 32"],
    ["characters of a name", `checks: [{name: ${"x".repeat(41)}, command: x}]`, "limit is 40"],
    ["characters of a command", `bench: {command: ${"x".repeat(8193)}}`, "limit is 8192"],
    [
      "architectures",
      `matrix: {cuda: [cpu]}\nbuild: {wheels: [{arch-list: [${times(33, (i) => `${i + 1}.0`)}]}]}`,
      "limit is 32",
    ],
  ] as const)("have a limit: %s", ([, text, message]) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
  });
});

describe("a container", () => {
  test("is read for each kind of job, and one that asks for nothing is none", () => {
    const spec = specOf(
      "build: {container: {image: ' debian:12 '}}\ntest: {container: {network: open}}\n" +
        "checks: [{name: a, command: x, container: {image: localhost/b, network: open}}]\n" +
        "scans: [{name: a, command: x, container: {network: none}}]\nbench: {command: x, container: }",
    );
    expect(spec.build.container).toEqual({ image: "debian:12", network: "none" });
    expect(spec.test.container).toEqual({ image: null, network: "open" });
    expect(spec.checks[0]?.container).toEqual({ image: "localhost/b", network: "open" });
    expect([spec.scans[0]?.container, spec.bench?.container, specOf("").build.container]).toEqual([null, null, null]);
  });

  test.for([
    ["build: {container: debian}", "1:20 build.container", "{image: …}"],
    ["build: {container: {image: 12}}", "1:28 build.container.image", "debian:12"],
    ["build: {container: {image: }}", "1:28 build.container.image", "debian:12"],
    ["test: {container: {image: Debian:12}}", "1:27 test.container.image", "write debian:12"],
    ["test: {container: {image: 'docker://debian'}}", "1:27 test.container.image", "write debian"],
    ["test: {container: {image: debian@sha256:12}}", "1:27 test.container.image", "64 hexadecimal"],
    ["test: {container: {image: 'debian:a b'}}", "1:27 test.container.image", "tags are"],
    ["test: {container: {image: a//b}}", "1:27 test.container.image", "debian:12"],
    [`test: {container: {image: ${"a".repeat(501)}}}`, "1:27 test.container.image", "shorter"],
    ["test: {container: {network: opened}}", "1:29 test.container.network", '"open"'],
    ["test: {container: {imgae: debian}}", "1:20 test.container.imgae", '"image"'],
    ["test: {image: debian}", "1:8 test.image", "under container:"],
    ["scans: [{name: a, command: x, container: {image: A}}]", "1:50 scans[0].container.image", "write a"],
  ] as const)("%j is at %s and suggests %s", ([text, place, suggestion]) => {
    expect(placesOf(text)).toEqual([place]);
    expect(problemsOf(text)[0]?.suggestion).toContain(suggestion);
  });
});

describe("gates and waivers", () => {
  test("are kept as they stand, each value with its place, for whoever reads them", () => {
    const { gates, waivers, profiles } = specOf(
      "gates:\n  coverage: {share-min: 80 %}\nwaivers: []\nprofiles: {patch: {gates: {G16: off}}}\n",
    );
    expect(gates).toMatchObject({
      type: "map",
      at: { line: 2, column: 3 },
      entries: [
        {
          key: "coverage",
          value: { entries: [{ key: "share-min", value: { text: "80 %", at: { line: 2, column: 25 } } }] },
        },
      ],
    });
    expect(waivers).toMatchObject({ type: "list", items: [] });
    expect(profiles.patch.gates).toMatchObject({ type: "map", entries: [{ key: "G16" }] });
    expect(profiles.minor.gates).toBeNull();
  });
});

describe("what jobs ask of agents", () => {
  test("is labels, as a mapping or as a list, and GPUs", () => {
    const spec = specOf(
      "build: {agents: {labels: [nvlink, rack=a3]}}\nmax-parallel: 20\n" +
        "test: {agents: {labels: {zone: b, rack: 3, fast: }, gpus: 2, gpu-memory: 40GiB}}\nbench: {command: x, agents: {gpus: 1}}",
    );
    expect(spec.build.agents).toEqual({ labels: { nvlink: null, rack: "a3" }, gpus: 1, gpuMemoryBytes: null });
    const labels = { fast: null, rack: "3", zone: "b" };
    expect(spec.test.agents).toEqual({ labels, gpus: 2, gpuMemoryBytes: 40 * 1024 ** 3 });
    expect(Object.keys(spec.test.agents?.labels ?? {})).toEqual(["fast", "rack", "zone"]);
    expect([spec.bench?.agents, spec.maxParallel, specOf("").maxParallel]).toEqual([null, 20, null]);
  });

  test.each([
    ["test: {agents: {labels: {Rack: a3}}}", "1:26 test.agents.labels.Rack", "lower-case"],
    ["test: {agents: {labels: {rack: a b}}}", "1:32 test.agents.labels.rack", "lower-case"],
    ["test: {agents: {labels: {rack: [a]}}}", "1:32 test.agents.labels.rack", "{rack: a3}"],
    ["test: {agents: {labels: [a=b, a]}}", "1:31 test.agents.labels[1]", "keep one"],
    ["test: {agents: {labels: ['=a']}}", "1:26 test.agents.labels[0]", "write nvlink or rack=a3"],
    ["test: {agents: {labels: nvlink}}", "1:25 test.agents.labels", "[rack=a3, nvlink]"],
    ["test: {agents: {gpus: 0}}", "1:23 test.agents.gpus", "write 2"],
    ["test: {agents: {gpu-memory: 40}}", "1:29 test.agents.gpu-memory", "write 40MiB"],
    ["test: {gpu: none, agents: {gpus: 2}}", "1:28 test.agents.gpus", "take it out"],
    ["build: {agents: {gpus: 2}}", "1:18 build.agents.gpus", "under test"],
    ["test: {labels: {rack: a3}}", "1:8 test.labels", "under agents:"],
    ["max-parallel: 0", "1:15 max-parallel", "write 20"],
  ])("refuses %s at its place, with what to write instead", (text, place, suggestion) => {
    const [problem] = problemsOf(text);
    expect(`${problem?.line}:${problem?.column} ${problem?.path}`).toBe(place);
    expect(problem?.suggestion).toContain(suggestion);
  });
});
