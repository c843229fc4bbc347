import { expect, it } from "vitest";
import { osRelease } from "./os-release.ts";

const NONE = { osReleaseText: "", title: "", version: "" };
const linux = (osReleaseText: string) => osRelease({ ...NONE, os: "linux", osReleaseText });

it("a Linux is named by ID and VERSION_ID, quoted or not", () => {
  expect(linux('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n')).toBe("debian-12");
  expect(linux("NAME='Ubuntu'\nID=ubuntu\nID_LIKE=debian\nVERSION_ID='22.04'\n")).toBe("ubuntu-22.04");
  expect(linux('NAME="Rocky Linux"\nVERSION_ID="9.4"\nID="rocky"\n')).toBe("rockylinux-9.4");
  expect(linux('NAME="CentOS Stream"\nVERSION_ID="9"\nID="centos"\n')).toBe("centos-stream9");
});

it("a Linux that does not say its version has no release", () => {
  expect(linux("ID=arch\nNAME=Arch\n")).toBe("");
  expect(linux("")).toBe("");
});

it("macOS is named by its major version, Windows by its product", () => {
  expect(osRelease({ ...NONE, os: "macos", version: "14.5" })).toBe("macos-14");
  expect(osRelease({ ...NONE, os: "windows", title: "Microsoft Windows 11 Pro" })).toBe("windows-11");
  expect(osRelease({ ...NONE, os: "windows", title: "Microsoft Windows Server 2022 Datacenter" })).toBe(
    "windows-server-2022",
  );
  expect(osRelease({ ...NONE, os: "windows", title: "Microsoft Windows 8.1" })).toBe("");
});
