import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CellAxes } from "../plan/plan.ts";
import { cellEnvironment } from "./cell-environment.ts";
import { parseDependency } from "./dependency.ts";
import { evaluateMarker, parseMarker } from "./marker.ts";
import { cell, rule, word } from "./testing.ts";

describe("candidate-pin", () => {
  const judge = (requiresDist: readonly string[] | null, axes: Partial<CellAxes>) =>
    rule("candidate-pin", { requiresDist }).judge(cell(axes));

  test("a package that pins torch excludes every other torch, and says so", () => {
    expect(judge(["numpy", "torch==2.2.0"], { torch: "2.1.2" })).toEqual({
      answer: "impossible",
      rule: "candidate-pin",
      reason:
        'demo 1.0 depends on "torch==2.2.0", so it cannot be installed beside torch 2.1.2; a package that pins torch can have no other in its torch axis',
      source: "Requires-Dist in PKG-INFO",
      asOf: "",
    });
    expect(judge(["torch==2.2.0"], { torch: "2.2.0" })).toMatchObject({
      answer: "possible",
      reason: 'demo 1.0 depends on "torch==2.2.0"',
    });
  });

  test.for([
    [["torch>=2.1"], { torch: "2.0.1" }, "impossible"],
    [["torch>=2.1"], { torch: "2.1.2" }, "possible"],
    [["torch (>=2.1,<2.4)"], { torch: "2.4.1" }, "impossible"],
    [["Torch~=2.1.0"], { torch: "2.1.2" }, "possible"],
    [["torch[opt-einsum]!=2.1.1,>=2"], { torch: "2.1.1" }, "impossible"],
    [["torch==2.1.*"], { torch: "2.1.2" }, "possible"],
    [["torch"], { torch: "2.0.1" }, "possible"],
    [["torch>=2.1,"], { torch: "2.1.2" }, "possible"],
    // Other projects, and dependencies of extras, are not asked about.
    [["torchvision==0.17.0", "torch-geometric==2.2.0"], { torch: "2.1.2" }, "silent"],
    [['torch==2.2.0; extra == "gpu"'], { torch: "2.1.2" }, "silent"],
    [['torch==2.2.0; python_version >= "3.8" and extra == "gpu"'], { torch: "2.1.2" }, "silent"],
    [[], { torch: "2.1.2" }, "silent"],
    [null, { torch: "2.1.2" }, "silent"],
    [["torch==2.2.0"], {}, "silent"],
    // Markers hold or do not by the cell's Python and platform.
    [['torch==2.2.0; python_version < "3.10"'], { torch: "2.1.2", python: "3.10" }, "silent"],
    [['torch==2.2.0; python_version < "3.10"'], { torch: "2.1.2", python: "3.9" }, "impossible"],
    [
      [
        'torch==2.2.2; sys_platform == "darwin" and platform_machine == "x86_64"',
        "torch>=2.3; sys_platform != 'darwin' or platform_machine != 'x86_64'",
      ],
      { torch: "2.2.2", os: "macos-13-x86_64" },
      "possible",
    ],
    [
      [
        'torch==2.2.2; sys_platform == "darwin" and platform_machine == "x86_64"',
        "torch>=2.3; sys_platform != 'darwin' or platform_machine != 'x86_64'",
      ],
      { torch: "2.2.2", os: "ubuntu-22.04" },
      "impossible",
    ],
    [['torch==2.2.0; platform_release == "5.15"'], { torch: "2.1.2" }, "unknown"],
    [['torch==2.2.0; platform_release == "5.15"'], { torch: "2.2.0" }, "possible"],
    [["torch==2.2.0; python_version is 3"], { torch: "2.1.2" }, "unknown"],
    [["torch==2.2.0; python_version is 3"], { torch: "2.2.0" }, "unknown"],
    [["torch @ https://example.org/torch-2.1.2.whl"], { torch: "2.1.2" }, "unknown"],
    [["torch=>2.1"], { torch: "2.1.2" }, "unknown"],
    // The strictest of several dependencies decides.
    [["torch>=2.0", "torch<2.1"], { torch: "2.1.2" }, "impossible"],
    // Local versions: passed over, unless the specifier names one.
    [["torch==2.1.2"], { torch: "2.1.2", cuda: "12.1" }, "possible"],
    [["torch==2.1.2+cu121"], { torch: "2.1.2", cuda: "12.1" }, "possible"],
    [["torch==2.1.2+cu121"], { torch: "2.1.2", cuda: "11.8" }, "impossible"],
    [["torch==2.1.2+cu121"], { torch: "2.1.2", cuda: "cpu", os: "macos-14" }, "impossible"],
    [["torch==2.1.2+cu121"], { torch: "2.1.2" }, "unknown"],
  ] as const)("%j in a cell of %o: %s", ([requiresDist, axes, expected]) => {
    expect(word(judge(requiresDist, axes))).toBe(expected);
  });

  test("answers for whatever stands in the metadata, and never throws", () => {
    const piece = fc.constantFrom(
      "torch",
      "[a]",
      " ",
      ">=2.1",
      "==",
      "2.1.2+cu121",
      ",",
      "@ https://x/",
      ";",
      "python_version",
      "<",
      "'3.9'",
      "in",
      "and",
      "or",
      "(",
      ")",
      "extra",
      "~=2",
      "0 ",
    );
    const text = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.array(piece, { maxLength: 10 }).map((pieces) => `torch${pieces.join(" ")}`),
    );
    fc.assert(
      fc.property(text, (dependency) => {
        const answer = judge([dependency], { torch: "2.1.2" });
        expect(["possible", "impossible", "unknown", "silent"]).toContain(word(answer));
        if (answer !== null) expect(answer.reason).toContain("demo 1.0 depends on");
      }),
      { numRuns: 1000 },
    );
  });

  test("names just the axes that its markers ask for", () => {
    const axes = (requiresDist: readonly string[]) => rule("candidate-pin", { requiresDist }).axes.toSorted();
    expect(axes(["torch>=2"])).toEqual(["torch"]);
    expect(axes(['torch>=2; python_version < "3.10"'])).toEqual(["python", "torch"]);
    expect(axes(['torch>=2; sys_platform == "win32"'])).toEqual(["os", "torch"]);
    expect(axes(["torch==2.1.2+cu121"])).toEqual(["cuda", "os", "torch"]);
  });
});

describe("requires-python", () => {
  const judge = (requiresPython: string | null, python: string) =>
    rule("requires-python", { requiresPython }).judge(cell({ python }));

  test.for([
    [">=3.9", "3.8", "impossible"],
    [">=3.9", "3.13t", "possible"],
    ["!=3.9.7", "3.9", "possible"],
    [null, "3.8", "silent"],
    ["", "3.8", "silent"],
    ["three", "3.8", "unknown"],
  ] as const)("%j on CPython %s: %s", ([specifiers, python, expected]) => {
    expect(word(judge(specifiers, python))).toBe(expected);
  });

  test("says what the metadata says and where", () => {
    expect(judge(">=3.9", "3.8")).toMatchObject({
      reason: "demo 1.0 requires Python >=3.9",
      source: "Requires-Python in PKG-INFO",
    });
  });
});

describe("requirements of PEP 508", () => {
  test.for([
    ["A", { name: "a", specifiers: "", url: null }],
    ["A.B-C_D", { name: "a-b-c-d", specifiers: "" }],
    ["name>=3", { name: "name", specifiers: ">=3" }],
    ["name>=3,<2", { specifiers: ">=3,<2" }],
    ["name@http://foo.com", { name: "name", specifiers: null, url: "http://foo.com", marker: null }],
    [
      "name [fred,bar] @ http://foo.com ; python_version=='2.7'",
      { url: "http://foo.com", marker: expect.objectContaining({ kind: "compare" }) as object },
    ],
    [
      "name[quux, strange];python_version<'2.7' and platform_version=='2'",
      { specifiers: "", marker: expect.objectContaining({ kind: "and" }) as object },
    ],
    ["name; os_name=='a' or os_name=='b'", { marker: expect.objectContaining({ kind: "or" }) as object }],
    ["name;", { marker: "malformed" }],
    ["name 2.1", { specifiers: null }],
  ] as const)("%s", ([text, expected]) => {
    expect(parseDependency(text)).toMatchObject(expected);
  });

  test.for(["", ">=2.1", "-e .", "; os_name == 'a'"])("%j is none", (text) => {
    expect(parseDependency(text)).toBeNull();
  });
});

describe("environment markers", () => {
  const holds = (text: string, axes: Partial<CellAxes> = {}) => {
    const marker = parseMarker(text);
    return marker === null ? "malformed" : evaluateMarker(marker, cellEnvironment(cell(axes)));
  };

  test.for([
    ["python_version >= '3.9'", { python: "3.10" }, true],
    ["python_version < '3.9'", { python: "3.10" }, false],
    ["'3.9' <= python_version", { python: "3.10" }, true],
    ["python_version == '3.13'", { python: "3.13t" }, true],
    ["python_version in '3.9 3.10 3.11'", { python: "3.10" }, true],
    ["python_version not in '3.9 3.10'", { python: "3.10" }, false],
    ["python_full_version >= '3.9.1'", { python: "3.10" }, true],
    ["python_full_version < '3.10.500'", { python: "3.10" }, null],
    ["implementation_name == 'cpython' and platform_python_implementation == 'CPython'", {}, true],
    ["sys_platform == 'linux'", { os: "ubuntu-22.04" }, true],
    ["sys.platform == 'linux'", { os: "macos-14" }, false],
    ["platform_system == 'Windows' and os_name == 'nt'", { os: "windows-11" }, true],
    ["platform_machine == 'AMD64'", { os: "windows-server-2022" }, true],
    ["platform_machine == 'aarch64'", { os: "ubuntu-22.04-aarch64" }, true],
    ["platform_machine == 'arm64'", { os: "macos-14" }, true],
    ["platform_system != 'Darwin'", { os: "macos-13-x86_64" }, false],
    ["extra == 'test'", {}, false],
    ["platform_version == '#1 SMP'", {}, null],
    ["platform_version == '#1 SMP' and python_version < '3.9'", {}, false],
    ["platform_version == '#1 SMP' or python_version >= '3.9'", {}, true],
    ["platform_version == '#1 SMP' or python_version < '3.9'", {}, null],
    // `and` binds more than `or`; brackets change it.
    ["os_name == 'posix' or os_name == 'nt' and python_version < '3'", {}, true],
    ["(os_name == 'posix' or os_name == 'nt') and python_version < '3'", {}, false],
    ["sys_platform < 'm'", {}, null],
    ["python_version >", {}, "malformed"],
    ["python_version >= 3.9", {}, "malformed"],
    ["platform == 'linux'", {}, "malformed"],
    ["(os_name == 'posix'", {}, "malformed"],
    ["os_name == 'posix' os_name == 'nt'", {}, "malformed"],
    ["", {}, "malformed"],
  ] as const)("%s in a cell of %o is %s", ([text, axes, expected]) => {
    expect(holds(text, axes)).toBe(expected);
  });

  test("that nest deeper than any person writes are malformed, not a stack overflow", () => {
    expect(holds(`${"(".repeat(1000)}os_name == 'posix'${")".repeat(1000)}`)).toBe("malformed");
    expect(holds(`${"(".repeat(20)}os_name == 'posix'${")".repeat(20)}`)).toBe(true);
    expect(holds(`os_name == 'posix'${" or os_name == 'posix'".repeat(1000)}`)).toBe("malformed");
  });
});
