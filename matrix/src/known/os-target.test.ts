import { describe, expect, test } from "vitest";
import { osTarget, platformOf, suggestOs } from "./os-target.ts";
import { KNOWN_PLATFORMS } from "./platforms.ts";

describe("values of the os axis", () => {
  test.for([
    ["linux-x86_64", "linux-x86_64", null, null, null],
    ["ubuntu-20.04", "linux-x86_64", "ubuntu", "20.04", "2.31"],
    ["ubuntu-22.04", "linux-x86_64", "ubuntu", "22.04", "2.35"],
    ["ubuntu-24.04", "linux-x86_64", "ubuntu", "24.04", "2.39"],
    ["ubuntu-22.04-aarch64", "linux-aarch64", "ubuntu", "22.04", "2.35"],
    ["debian-12", "linux-x86_64", "debian", "12", "2.36"],
    ["rhel-8", "linux-x86_64", "rhel", "8", "2.28"],
    ["rockylinux-9", "linux-x86_64", "rockylinux", "9", "2.34"],
    ["almalinux-9", "linux-x86_64", "almalinux", "9", "2.34"],
    ["oraclelinux-8", "linux-x86_64", "oraclelinux", "8", "2.28"],
    ["centos-7", "linux-x86_64", "centos", "7", "2.17"],
    ["centos-stream-9", "linux-x86_64", "centos-stream", "9", "2.34"],
    ["fedora-41", "linux-x86_64", "fedora", "41", "2.40"],
    ["alpine-3.22", "linux-x86_64", "alpine", "3.22", null],
    ["macos-14", "macos-arm64", "macos", "14", null],
    ["macos-13-x86_64", "macos-x86_64", "macos", "13", null],
    ["windows-10", "windows-x86_64", "windows", "10", null],
    ["windows-11", "windows-x86_64", "windows", "11", null],
    ["windows-server-2019", "windows-x86_64", "windows-server", "2019", null],
    ["windows-server-2022", "windows-x86_64", "windows-server", "2022", null],
    ["windows-server-2025", "windows-x86_64", "windows-server", "2025", null],
  ] as const)("%s is on %s", ([name, platform, distribution, release, glibc]) => {
    expect(osTarget(name)).toMatchObject({ name, platform, distribution, release, glibc });
    expect(osTarget(name)?.source).not.toBe("");
    expect(platformOf(name)).toBe(platform);
  });

  // What os-release, images and runners call the same.
  test.for([
    ["rhel-8.10", "rhel-8"],
    ["rhubi-9", "rhel-9"],
    ["rocky-9.4", "rockylinux-9"],
    ["alma-8", "almalinux-8"],
    ["ol-8", "oraclelinux-8"],
    ["centos-9", "centos-stream-9"],
    ["centos-stream9", "centos-stream-9"],
    ["amzn-2023", "amazonlinux-2023"],
    ["opensuse-leap-15.6", "opensuse-15.6"],
    ["alpine-3.20.3", "alpine-3.20"],
    ["ubuntu-22.04.3", "ubuntu-22.04"],
    ["ubuntu-22.04-arm64", "ubuntu-22.04-aarch64"],
    ["ubuntu-22.04-x86_64", "ubuntu-22.04"],
    ["macos-14.5", "macos-14"],
    ["macos-14-arm64", "macos-14"],
    ["windows-2022", "windows-server-2022"],
    ["linux-amd64", "linux-x86_64"],
  ] as const)("%s means %s", ([text, name]) => {
    expect(osTarget(text)?.name).toBe(name);
  });

  test("Alpine has musl, not a glibc of unknown version", () => {
    expect(osTarget("alpine-3.22")).toMatchObject({ libc: "musl", glibc: null });
    expect(osTarget("ubuntu-22.04")).toMatchObject({ libc: "glibc" });
    expect(osTarget("linux-x86_64")).toMatchObject({ libc: null });
  });

  test.for([
    "",
    "ubuntu",
    "ubuntu-22",
    "ubuntu-22.10",
    "ubuntu22.04",
    "macos",
    "windows-10.0.22631",
    "windows-11-aarch64",
    "zos",
    "x".repeat(1000),
    "-",
    "linux-",
  ])("%j is none of them", (text) => {
    expect(osTarget(text)).toBeNull();
  });

  test("that nobody knows are a platform of their own", () => {
    expect(platformOf("zos")).toBe("zos");
  });

  test.for([
    ["ubuntu22.04", 'did you mean "ubuntu-22.04"?'],
    ["Ubuntu 22.04", 'did you mean "ubuntu-22.04"?'],
    ["ubuntu_22_04", 'did you mean "ubuntu-22.04"?'],
    ["ubunut-22.04", 'did you mean "ubuntu-22.04"?'],
    ["rhel8", 'did you mean "rhel-8"?'],
    ["rocky 9", 'did you mean "rockylinux-9"?'],
    ["win11", 'did you mean "windows-11"?'],
    ["macos14", 'did you mean "macos-14"?'],
    ["windows server 2022", 'did you mean "windows-server-2022"?'],
    ["linux-x86-64", 'did you mean "linux-x86_64"?'],
    ["linux", "known here: linux-x86_64, linux-aarch64"],
    ["debian-latest", expect.stringMatching(/^known here: debian-8, .*debian-12, debian-13, debian-/) as string],
    ["zos", expect.stringMatching(/^write a platform \(linux-x86_64, .*\) or a release of a system/) as string],
  ] as const)("%s: %s", ([text, suggestion]) => {
    expect(suggestOs(text)).toEqual(suggestion);
  });

  test("a suggestion is never something that would be refused in turn", () => {
    for (const text of [
      "ubuntu 20.04",
      "fedora41",
      "macos_13_x86_64",
      "alpine3.22",
      "windows-server2019",
      ...KNOWN_PLATFORMS.map((name) => name.toUpperCase()),
    ]) {
      const meant = /^did you mean "(.*)"\?$/.exec(suggestOs(text))?.[1];
      expect([text, osTarget(meant ?? "")?.name]).toEqual([text, meant]);
    }
  });
});
