import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The version that the example's files have. */
const OWN_VERSION = "1.0.0";
/** Files of the example that say its version. */
const VERSIONED = ["pyproject.toml", "src/kiln_hello/__init__.py", "tests/test_sums.py"];

/** The example's release that the demo compares with, and its candidate. */
export const RELEASED = "0.9.0";
export const CANDIDATE = OWN_VERSION;
/** As setup.py of the example has it: percent by which total() does more work. */
export const SLOWDOWN = { variable: "KILN_HELLO_SLOWDOWN", percent: 25 } as const;

export interface DemoCell {
  readonly platform: string;
  /** `3.13`. */
  readonly python: string;
}

/** The newest CPython with the GIL that the farm serves; null when it serves none. */
export function newestCell(
  pythons: readonly { readonly platform: string; readonly feature: string }[],
): DemoCell | null {
  const minor = (feature: string): number => Number(/^3\.(\d+)$/.exec(feature)?.[1] ?? -1);
  const [newest] = pythons
    .filter(({ feature }) => minor(feature) >= 0)
    .toSorted((a, b) => minor(b.feature) - minor(a.feature) || (a.platform < b.platform ? -1 : 1));
  return newest ? { platform: newest.platform, python: newest.feature } : null;
}

/** Copies the example with another version. */
export async function copyExample(example: string, target: string, version: string): Promise<void> {
  await cp(example, target, {
    recursive: true,
    filter: (path) => !/(?:^|[/\\])(?:build|dist|__pycache__|[^/\\]+\.egg-info)$/.test(path),
  });
  if (version === OWN_VERSION) return;
  for (const file of VERSIONED) {
    const path = join(target, file);
    const text = await readFile(path, "utf8");
    if (!text.includes(OWN_VERSION)) throw new Error(`${file} of the example does not say ${OWN_VERSION}`);
    await writeFile(path, text.replaceAll(OWN_VERSION, version));
  }
}

/** The release to compare with: one cell, and no more than makes it a release. */
export function releasedSpec({ platform, python }: DemoCell): string {
  return `kiln: 1
matrix: {os: [${platform}], python: ["${python}"]}
build: {timeout: 10m}
test: {command: 'python -c "import kiln_hello"'}
`;
}

/** The candidate: the whole matrix, and the benchmark in one cell beside the release. */
export function candidateSpec({ platform, python }: DemoCell, slower: boolean): string {
  const env = slower ? `, env: {${SLOWDOWN.variable}: "${SLOWDOWN.percent}"}` : "";
  return `kiln: 1
matrix: {os: available, python: available}
build: {timeout: 10m${env}}
test: {requires: [pytest], files: [tests], command: python -m pytest -q tests, timeout: 10m}
bench:
  command: python bench.py
  files: [bench.py]
  when: {os: [${platform}], python: ["${python}"]}
  baseline: ${RELEASED}
  bound-by: host
  timeout: 10m
`;
}
