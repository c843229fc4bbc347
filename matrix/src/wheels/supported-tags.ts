import { pythonVersion, type WheelEnvironment, type WheelSystem } from "./wheel-environment.ts";

/**
 * Where `linux_x86_64` stands among the tags of Linux: before manylinux and musllinux
 * (packaging and pip from 26.3 on), or after them (older ones, and uv).
 */
export type LinuxTagOrder = "linux-first" | "linux-last";

/**
 * The tags that an installer takes, best first, as `cp312-cp312-manylinux_2_28_x86_64`:
 * PEP 425 with the order of packaging.tags for CPython. Empty for what is no CPython 3.
 */
export function supportedTags(environment: WheelEnvironment, order: LinuxTagOrder = "linux-first"): readonly string[] {
  const platforms = platformTags(environment.system, order);
  return interpreterTags(environment.python).flatMap(({ tag, any }) =>
    any ? [`${tag}-any`] : platforms.map((platform) => `${tag}-${platform}`),
  );
}

/** A Python and an ABI tag, `cp312-abi3`, for every platform tag or (`any`) for the platform tag `any`. */
export interface InterpreterTag {
  readonly tag: string;
  readonly any: boolean;
}

/**
 * In the order of packaging.tags: the exact ABI, the stable ABI, no ABI; the stable ABI
 * of older versions down to 3.2 (PEP 384); then pure Python, for a platform and for any.
 * Free-threaded builds load no abi3, and have a stable ABI of their own, abi3t (PEP 803).
 */
export function interpreterTags(python: string): readonly InterpreterTag[] {
  const version = pythonVersion(python);
  if (version === null) return [];
  const { minor, freeThreaded } = version;
  const own = `cp3${minor}`;
  const stable = freeThreaded ? "abi3t" : "abi3";
  const older = range(minor - 1, 2).map((older) => `cp3${older}-${stable}`);
  const pure = [`py3${minor}`, "py3", ...range(minor - 1, 0).map((older) => `py3${older}`)].map((tag) => `${tag}-none`);
  const withPlatform = [
    `${own}-${own}${freeThreaded ? "t" : ""}`,
    ...(minor >= 2 ? [`${own}-${stable}`] : []),
    `${own}-none`,
    ...older,
    ...pure,
  ];
  return [
    ...withPlatform.map((tag) => ({ tag, any: false })),
    ...[`${own}-none`, ...pure].map((tag) => ({ tag, any: true })),
  ];
}

/** Platform tags that a system takes, best first. */
export function platformTags(system: WheelSystem, order: LinuxTagOrder = "linux-first"): readonly string[] {
  switch (system.kind) {
    case "glibc":
      return withLinux(system.arch, manylinuxTags(system.arch, system.version), order);
    case "musl":
      return withLinux(system.arch, musllinuxTags(system.arch, system.version), order);
    case "macos":
      return macosTags(system.arch, system.version);
    case "windows":
      return [WINDOWS_TAGS[system.arch]];
  }
}

const WINDOWS_TAGS = { x86_64: "win_amd64", arm64: "win_arm64", x86: "win32" } as const;

function withLinux(arch: string, tags: readonly string[], order: LinuxTagOrder): readonly string[] {
  return order === "linux-first" ? [`linux_${arch}`, ...tags] : [...tags, `linux_${arch}`];
}

/** PEP 600, "Legacy manylinux tags": the glibc of PEP 513, 571 and 599. */
const LEGACY_MANYLINUX: ReadonlyMap<number, string> = new Map([
  [5, "manylinux1"],
  [12, "manylinux2010"],
  [17, "manylinux2014"],
]);

/** manylinux1 knew x86 only; other architectures begin with manylinux2014 (PEP 599). */
function manylinuxTags(arch: string, glibc: string): readonly string[] {
  const [major, minor] = numbers(glibc);
  if (major !== 2) return [];
  const oldest = arch === "x86_64" || arch === "i686" ? 5 : 17;
  return range(minor, oldest).flatMap((minor) => {
    const legacy = LEGACY_MANYLINUX.get(minor);
    return [`manylinux_2_${minor}_${arch}`, ...(legacy === undefined ? [] : [`${legacy}_${arch}`])];
  });
}

/** PEP 656: every minor version of the same major musl. */
function musllinuxTags(arch: string, musl: string): readonly string[] {
  const [major, minor] = numbers(musl);
  return range(minor, 0).map((minor) => `musllinux_${major}_${minor}_${arch}`);
}

const MACOS_FORMATS = {
  x86_64: ["x86_64", "intel", "fat64", "fat3", "universal2", "universal"],
  arm64: ["arm64", "universal2"],
} as const;

/**
 * The platform compatibility tags of the PyPA specifications: until 10.16 a release is
 * a minor version, from 11 on a major one, and tags say minor 0. Intel takes wheels of
 * every release before its own back to 10.4; Apple silicon takes those before 11 as
 * universal2 only, of which the other half is for Intel.
 */
function macosTags(arch: "arm64" | "x86_64", version: string): readonly string[] {
  const [major, minor] = numbers(version);
  const formats = MACOS_FORMATS[arch];
  const of = (release: string, kinds: readonly string[] = formats): string[] =>
    kinds.map((kind) => `macosx_${release}_${kind}`);
  if (major < 11) return arch === "arm64" ? [] : range(minor, 4).flatMap((minor) => of(`10_${minor}`));
  return [
    ...range(major, 11).flatMap((major) => of(`${major}_0`)),
    ...range(16, 4).flatMap((minor) => of(`10_${minor}`, arch === "arm64" ? ["universal2"] : formats)),
  ];
}

/** Numbers from `first` down to `last`; none when it is below. */
function range(first: number, last: number): readonly number[] {
  return Array.from({ length: Math.max(0, first - last + 1) }, (_, index) => first - index);
}

function numbers(version: string): readonly [major: number, minor: number] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return [major, minor];
}
