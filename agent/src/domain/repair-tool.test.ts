import { expect, test } from "vitest";
import type { Interpreter } from "./interpreter.ts";
import { isUsableAuditwheel, planTool, repairArguments, repairReason, repairToolFor } from "./repair-tool.ts";
import { PLAIN_WISH } from "./wheel-audit/testing.ts";

const python = (feature: string): Interpreter => ({
  feature,
  version: `${feature}.1`,
  path: `/${feature}`,
  foundBy: "path",
  platform: "linux-x86_64",
  pipWheel: "/pip.whl",
});
const LIBC = { needed: ["libm.so.6", "libc.so.6"], symbolVersions: ["GLIBC_2.28"] };
const LINKED = { ...PLAIN_WISH, cuda: "12.6", policy: "manylinux_2_28" };

test("each system has its tool", () => {
  expect(["linux-aarch64", "macos-arm64", "windows-x86_64"].map(repairToolFor)).toEqual([
    "auditwheel",
    "delocate",
    "delvewheel",
  ]);
});

test("the tool is installed for the newest Python that can run it, in a release that this one can run", () => {
  const plan = planTool("auditwheel", ["3.8", "3.12", "3.9", "3.13t"].map(python));
  expect(plan?.python.feature).toBe("3.12");
  expect(plan?.requirements).toContainEqual(expect.stringMatching(/^auditwheel==6\.8\./));
  expect(planTool("auditwheel", ["3.8", "3.9"].map(python))?.requirements[0]).toMatch(/^auditwheel==6\.4\./);
  expect(planTool("auditwheel", ["3.8", "3.13t"].map(python))).toBeNull();
});

test("an image's own auditwheel is used from the release on that takes patterns", () => {
  expect(isUsableAuditwheel("auditwheel 6.2.0 installed at /opt (python 3.12)")).toBe(true);
  expect(isUsableAuditwheel("auditwheel 7.0.0 installed")).toBe(true);
  expect(isUsableAuditwheel("auditwheel 6.1.0 installed")).toBe(false);
  expect(isUsableAuditwheel("auditwheel 5.4.0 installed")).toBe(false);
  expect(isUsableAuditwheel("sh: auditwheel: not found")).toBe(false);
});

test("libraries of PyTorch and CUDA are left out of what is linked to them, and of nothing else", () => {
  const at = { platform: "linux-x86_64", binaries: [LIBC] };
  const linked = repairArguments("auditwheel", "a.whl", "out", { wish: LINKED, ...at });
  expect(linked.slice(0, 5)).toEqual(["repair", "--plat", "manylinux_2_28_x86_64", "-w", "out"]);
  expect(linked).toEqual(expect.arrayContaining(["libtorch*.so*", "libcudart.so.*", "libnvJitLink*.so.*"]));
  expect(linked.filter((arg) => arg === "--exclude")).toHaveLength((linked.length - 6) / 2);
  const plain = repairArguments("auditwheel", "a.whl", "out", { wish: PLAIN_WISH, ...at });
  expect(plain).toEqual(["repair", "--plat", "auto", "-w", "out", "a.whl"]);
  const windows = repairArguments("delvewheel", "a.whl", "out", {
    wish: LINKED,
    platform: "windows-x86_64",
    binaries: [],
  });
  expect(windows.join(" ")).toMatch(/--exclude torch\*\.dll;c10\*\.dll;/);
  const mac = repairArguments("delocate", "a.whl", "out", { wish: null, platform: "macos-arm64", binaries: [] });
  expect(mac).toEqual(["--require-archs", "arm64", "-w", "out", "a.whl"]);
});

test("an extension that names no C library gets the policy of its symbols, since auditwheel would give it up", () => {
  const plat = (platform: string, symbolVersions: string[]) =>
    repairArguments("auditwheel", "a.whl", "out", {
      wish: null,
      platform,
      binaries: [{ needed: ["libm.so.6"], symbolVersions }],
    })[2];
  expect(plat("linux-x86_64", [])).toBe("manylinux_2_5_x86_64");
  expect(plat("linux-aarch64", [])).toBe("manylinux_2_17_aarch64");
  expect(plat("linux-x86_64", ["GLIBC_2.29"])).toBe("manylinux_2_31_x86_64");
});

test("why a tool failed is its own word, without the folders of this machine", () => {
  const refused =
    'usage: auditwheel [-h]\nauditwheel: error: cannot repair "/var/work/1.2.3/built/a-1.0-cp312-cp312-linux_x86_64.whl" to ' +
    '"manylinux_2_17_x86_64" ABI because of the presence of too-recent versioned symbols.\n';
  expect(repairReason(refused)).toBe(
    'cannot repair a-1.0-cp312-cp312-linux_x86_64.whl to "manylinux_2_17_x86_64" ABI because of the presence of ' +
      "too-recent versioned symbols.",
  );
  const raised =
    'Traceback (most recent call last):\n  File "/x.py", line 1\n' +
    'ValueError: Cannot repair wheel, because required library "libfoo.so.1" could not be located\n';
  expect(repairReason(raised)).toBe(
    'ValueError: Cannot repair wheel, because required library "libfoo.so.1" could not be located',
  );
  expect(repairReason("")).toBeNull();
});
