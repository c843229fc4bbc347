import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import type { DistributionRecord } from "../knowledge/manylinux.ts";

/** A release of a system, on whatever architecture. */
export interface OsRelease {
  /** `ubuntu`, `rhel`, `macos`, `windows-server`. */
  readonly distribution: string;
  /** "22.04", "14", "2022", or the name of a rolling one, "testing". */
  readonly release: string;
  /** glibc of a Linux distribution, "2.35"; null for other systems and for musl. */
  readonly glibc: string | null;
  readonly libc: "glibc" | "musl" | null;
  readonly source: string;
  readonly asOf: string;
}

/** What /etc/os-release, images and people call a distribution → what plans call it. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["alma", "almalinux"],
  ["amazon", "amazonlinux"],
  ["amzn", "amazonlinux"],
  ["arch", "archlinux"],
  ["darwin", "macos"],
  ["mac", "macos"],
  ["macosx", "macos"],
  ["ol", "oraclelinux"],
  ["opensuse-leap", "opensuse"],
  ["oracle", "oraclelinux"],
  ["osx", "macos"],
  ["redhat", "rhel"],
  ["rhubi", "rhel"],
  ["rocky", "rockylinux"],
  ["ubi", "rhel"],
  ["win", "windows"],
]);

const WINDOWS_SERVER = ["2019", "2022", "2025"];

/** Names under which plans may list what somebody calls `written`, with a release where one is given. */
export function distributionsCalled(written: string, release: string): readonly string[] {
  // CentOS ended with 8; os-release of CentOS Stream says "centos" too.
  if (written === "centos") return ["centos", "centos-stream"];
  if (written === "windows" && WINDOWS_SERVER.includes(release)) return ["windows-server"];
  return [ALIASES.get(written) ?? written];
}

/** Alpine's releases do not differ in what wheels ask of them: all have musl 1.2 (PEP 656). */
const ALPINE = ["3.18", "3.19", "3.20", "3.21", "3.22", "3.23"];
const MACOS = ["11", "12", "13", "14", "15", "26"];
const WINDOWS = ["10", "11"];

const HERE = { source: "Kiln's table of systems", asOf: KNOWLEDGE.version };

function others(distribution: string, releases: readonly string[]): readonly OsRelease[] {
  return releases.map((release) => ({ distribution, release, glibc: null, libc: null, ...HERE }));
}

function alpine(): readonly OsRelease[] {
  const citation = KNOWLEDGE.distributions.find(({ name }) => name.startsWith("alpine-"))?.citation ?? HERE;
  return ALPINE.map((release) => ({ distribution: "alpine", release, glibc: null, libc: "musl", ...citation }));
}

/** "rhubi-8" → rhel 8, "centos-stream9" → centos-stream 9, "alt-p10" → alt p10. */
function fromRecord({ name, glibc, citation }: DistributionRecord): readonly OsRelease[] {
  if (glibc === null) return [];
  const [, family = name, release = ""] = /^(.*?)-?(\d[\d.]*|p\d+|[a-z]+)$/.exec(name) ?? [];
  return [{ distribution: ALIASES.get(family) ?? family, release, glibc, libc: "glibc", ...citation }];
}

export const OS_RELEASES: readonly OsRelease[] = [
  ...KNOWLEDGE.distributions.flatMap(fromRecord),
  ...alpine(),
  ...others("macos", MACOS),
  ...others("windows", WINDOWS),
  ...others("windows-server", WINDOWS_SERVER),
];
