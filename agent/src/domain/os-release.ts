/** IDs of os-release(5) that the matrix, like the images of these systems, spells otherwise. */
const DISTRIBUTIONS: Readonly<Record<string, string>> = {
  rhel: "rhel",
  rocky: "rockylinux",
  ol: "oraclelinux",
  amzn: "amazonlinux",
  "opensuse-leap": "opensuse",
};

/** What the systeminformation package, or os-release(5), says. */
export interface OsFacts {
  readonly os: "linux" | "macos" | "windows" | (string & {});
  /** Linux: the text of os-release(5). */
  readonly osReleaseText: string;
  /** For people: "Microsoft Windows Server 2022 Datacenter". */
  readonly title: string;
  /** macOS: "14.5". */
  readonly version: string;
}

/**
 * The system's release as the matrix names it: "debian-12", "ubuntu-22.04",
 * "rhel-8.10", "macos-14", "windows-server-2022". Empty when it cannot be told,
 * so that no cell of a release runs where it should not.
 */
export function osRelease({ os, osReleaseText, title, version }: OsFacts): string {
  switch (os) {
    case "linux":
      return linuxRelease(osReleaseText);
    case "macos": {
      const major = /^\d+/.exec(version)?.[0];
      return major === undefined ? "" : `macos-${major}`;
    }
    case "windows": {
      const server = /Windows Server (\d{4})/.exec(title)?.[1];
      if (server !== undefined) return `windows-server-${server}`;
      const client = /Windows (10|11)\b/.exec(title)?.[1];
      return client === undefined ? "" : `windows-${client}`;
    }
    default:
      return "";
  }
}

function linuxRelease(text: string): string {
  const id = field(text, "ID");
  const version = field(text, "VERSION_ID");
  if (!/^[a-z0-9._-]+$/.test(id) || !/^[a-z0-9._-]+$/.test(version)) return "";
  // CentOS Stream is no rebuild of one release, and its images carry the word.
  if (id === "centos" && /Stream/.test(field(text, "NAME"))) return `centos-stream${version}`;
  return `${DISTRIBUTIONS[id] ?? id}-${version}`;
}

/** A value of os-release(5): shell-like, quoted or not. */
function field(text: string, name: string): string {
  const raw = new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
  return /^"(.*)"$/.exec(raw)?.[1] ?? /^'(.*)'$/.exec(raw)?.[1] ?? raw;
}
