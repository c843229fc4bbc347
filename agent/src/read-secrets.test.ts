import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { describe, expect, test } from "vitest";
import { environmentSecrets, indexSecrets } from "./read-secrets.ts";

describe("secrets of the environment", () => {
  test("are the token, what KILN_REDACT names, and passwords in any address", () => {
    const problems: string[] = [];
    const env = {
      KILN_TOKEN: "farm-token-0123456789",
      KILN_REDACT: "LICENSE_KEY, SIGNING",
      LICENSE_KEY: "license-1",
      SIGNING: "signing-1",
      PIP_EXTRA_INDEX_URL: "https://ci:pass-one@a.example/simple http://token-two@b.example/simple",
      HTTPS_PROXY: "http://proxy:pass-three@proxy.example:3128",
      HOMEPAGE: "https://a.example/~me@b",
      REMOTE: "ssh://builder@host.example",
    };
    expect(environmentSecrets(env, problems)).toEqual([
      { value: "pass-one", user: "ci" },
      { value: "token-two" },
      { value: "pass-three", user: "proxy" },
      { value: "farm-token-0123456789" },
      { value: "license-1" },
      { value: "signing-1" },
    ]);
    expect(problems).toEqual([]);
  });

  test("that cannot be kept are refused, without their values", () => {
    const problems: string[] = [];
    environmentSecrets({ KILN_REDACT: "GONE,SHORT,LONG", SHORT: "abcde", LONG: "x".repeat(20_000) }, problems);
    expect(problems).toEqual([
      "KILN_REDACT names GONE, which is not set: set it, or take its name out",
      "KILN_REDACT names SHORT, whose value is shorter than 6 bytes: too short to find",
      "KILN_REDACT names LONG, which has a line longer than 16384 bytes",
    ]);
  });
});

test("passwords are found in pip's configuration and in .netrc", () => {
  using folder = temporaryFolder();
  mkdirSync(join(folder.path, "pip"));
  const config =
    "[global]\nindex-url = https://me:from-config@a.example/simple\nextra-index-url =\n  https://${USER}:${PASS}@b.example/\n";
  writeFileSync(join(folder.path, "pip", "pip.conf"), config);
  writeFileSync(
    join(folder.path, "netrc"),
    "machine a.example\n  login you\n  password from-netrc\ndefault login x password other-one\n",
  );
  const found = indexSecrets({
    XDG_CONFIG_HOME: folder.path,
    NETRC: join(folder.path, "netrc"),
    XDG_CONFIG_DIRS: "/nowhere",
  });
  expect(found).toContainEqual({ value: "from-config", user: "me" });
  expect(found).toContainEqual({ value: "from-netrc", user: "you" });
  expect(found).toContainEqual({ value: "other-one", user: "x" });
  expect(found.map(({ value }) => value)).not.toContain("${PASS}");
});
