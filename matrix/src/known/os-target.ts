import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import { compareNumbers } from "../knowledge/number-order.ts";
import { suggestWord } from "../spec/did-you-mean.ts";
import { distributionsCalled, OS_RELEASES, type OsRelease } from "./os-releases.ts";
import { comparePlatforms, KNOWN_PLATFORMS } from "./platforms.ts";

/** A value of the os axis: a platform, or a release of a system on one. */
export interface OsTarget {
  /** As plans name it: `linux-x86_64`, `ubuntu-22.04`, `ubuntu-22.04-aarch64`, `macos-14`, `macos-13-x86_64`. */
  readonly name: string;
  readonly platform: string;
  /** `ubuntu`, `rhel`, `macos`, `windows-server`; null for a platform alone. */
  readonly distribution: string | null;
  /** "22.04", "14", "2022"; null for a platform alone. */
  readonly release: string | null;
  /** glibc of the distribution, "2.35"; null where there is none, or any. */
  readonly glibc: string | null;
  /** The C library of a Linux distribution; null for a platform alone and for other systems. */
  readonly libc: "glibc" | "musl" | null;
  /** Where its facts were read. */
  readonly source: string;
  /** Date of that document or of its reading. */
  readonly asOf: string;
}

const ARCHS = { linux: ["x86_64", "aarch64"], macos: ["arm64", "x86_64"], windows: ["x86_64"] } as const;

function systemOf(distribution: string): keyof typeof ARCHS {
  if (distribution === "macos") return "macos";
  return distribution.startsWith("windows") ? "windows" : "linux";
}

function ofPlatform(platform: string): OsTarget {
  const any = { distribution: null, release: null, glibc: null, libc: null };
  return { name: platform, platform, ...any, source: "Kiln's table of platforms", asOf: KNOWLEDGE.version };
}

/** A name without architecture means the first of its system. */
function ofRelease(os: OsRelease): readonly OsTarget[] {
  const system = systemOf(os.distribution);
  const base = `${os.distribution}-${os.release}`;
  return ARCHS[system].map((arch, index) => ({
    name: index === 0 ? base : `${base}-${arch}`,
    platform: `${system}-${arch}`,
    ...os,
  }));
}

/** Every value that plans can have, by its name. */
const TARGETS: ReadonlyMap<string, OsTarget> = new Map(
  [...KNOWN_PLATFORMS.map(ofPlatform), ...OS_RELEASES.flatMap(ofRelease)].map((target) => [target.name, target]),
);

/**
 * What a value of the os axis means: a platform (`linux-x86_64`), or a release of
 * a system, `ubuntu-22.04` (x86_64), `ubuntu-22.04-aarch64`, `rhel-8`, `macos-14`
 * (Apple silicon), `macos-13-x86_64`, `windows-11`, `windows-server-2022`. What
 * os-release and images call the same is read too (`rocky-9.4`, `ol-8`,
 * `alpine-3.20.3`, `macos-14-arm64`, `windows-2022`). Null for what Kiln's data
 * does not know; `suggestOs` says what was likely meant.
 */
export function osTarget(text: string): OsTarget | null {
  const exact = TARGETS.get(text);
  if (exact) return exact;
  if (text.length > TEXT_CHARS_MAX) return null;
  const { base, arch } = splitArch(text);
  if (arch !== null && base in ARCHS) return TARGETS.get(`${base}-${arch}`) ?? null;
  const [, written = "", release = ""] = /^([a-z][a-z-]*?)-(\d[\d.]*|stream-?\d+|p\d+|[a-z]+)$/.exec(base) ?? [];
  for (const distribution of distributionsCalled(written, release)) {
    for (const shorter of prefixes(distribution, release.replace(/^stream-?/, ""))) {
      const target = withArch(`${distribution}-${shorter}`, arch);
      if (target) return target;
    }
  }
  return null;
}

const TEXT_CHARS_MAX = 64;

/** "8.10" of rhel is "8"; builds of Windows, 10.0.22631, do not begin with their release. */
function prefixes(distribution: string, release: string): readonly string[] {
  if (distribution.startsWith("windows")) return [release];
  const parts = release.split(".");
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("."));
}

function withArch(base: string, arch: string | null): OsTarget | null {
  const target = TARGETS.get(base) ?? null;
  if (target === null || arch === null || target.platform.endsWith(`-${arch}`)) return target;
  return TARGETS.get(`${base}-${arch}`) ?? null;
}

function splitArch(text: string): { readonly base: string; readonly arch: string | null } {
  const [, base = text, word] = /^(.*)-(x86_64|amd64|x64|aarch64|arm64)$/.exec(text) ?? [];
  if (word === undefined) return { base, arch: null };
  if (word !== "aarch64" && word !== "arm64") return { base, arch: "x86_64" };
  return { base, arch: /^(macos|osx|darwin|mac)/.test(base) ? "arm64" : "aarch64" };
}

/** Platform of a value of the os axis: `ubuntu-22.04` → `linux-x86_64`; an unknown value stays itself. */
export function platformOf(os: string): string {
  return osTarget(os)?.platform ?? os;
}

/** What a person most likely meant by an unknown value of the os axis, or what there is. */
export function suggestOs(text: string): string {
  const word = text.slice(0, TEXT_CHARS_MAX).trim().toLowerCase();
  const joined = word
    .replace(/[\s_]+/g, "-")
    .replace("x86-64", "x86_64")
    .replace(/^([a-z-]*?[a-z])(\d)/, "$1-$2");
  const target = osTarget(joined) ?? osTarget(joined.replace(/-(\d\d)-(\d\d)\b/, "-$1.$2"));
  if (target) return `did you mean "${target.name}"?`;
  const written = /^[a-z]+(?:-[a-z]+)*/.exec(joined)?.[0] ?? "";
  const releases = releasesCalled(written.replace(/-(latest|lts|stream)$/, ""));
  if (releases.length > 0) return `known here: ${releases.join(", ")}`;
  const near = suggestWord(joined, [...TARGETS.keys()]);
  return near.startsWith("did you mean") ? near : ANY_OS;
}

const ANY_OS = `write a platform (${KNOWN_PLATFORMS.join(", ")}) or a release of a system, such as ubuntu-22.04, rhel-9, macos-14 or windows-11`;

/** Values for a distribution without its release, oldest first. */
function releasesCalled(written: string): readonly string[] {
  const called = [...distributionsCalled(written, ""), `${written}-server`];
  const bySystem = KNOWN_PLATFORMS.filter((platform) => platform.startsWith(`${written}-`));
  const named = [...TARGETS.values()].filter(
    ({ name, distribution, release }) => called.includes(distribution ?? "") && name === `${distribution}-${release}`,
  );
  return [...bySystem, ...named.map(({ name }) => name)].toSorted(compareOs);
}

/** Order of plans: platforms as Kiln lists them; on each, the platform itself, then systems by name, oldest release first. */
export function compareOs(a: string, b: string): number {
  const [left, right] = [osTarget(a), osTarget(b)];
  return (
    comparePlatforms(left?.platform ?? a, right?.platform ?? b) ||
    compareTexts(left?.distribution ?? "", right?.distribution ?? "") ||
    Number(isRolling(left)) - Number(isRolling(right)) ||
    compareNumbers(left?.release ?? "0", right?.release ?? "0") ||
    compareTexts(a, b)
  );
}

/** Releases with a name ("testing") come after those with a number. */
function isRolling(target: OsTarget | null): boolean {
  return /^[a-z]+$/.test(target?.release ?? "");
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
