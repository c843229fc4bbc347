import { devNull } from "node:os";
import { runReader } from "@kiln/proto";
import { expect, test } from "vitest";
import { changedEnvironment } from "./job-environment.ts";
import { isOnLoopback, otherSources, runIndexEnvironment, runIndexUrl } from "./run-index.ts";

const ACCESS = { coordinatorHttp: "http://127.0.0.1:8270", token: "a/b@c:d%" };
const INDEX = { run: 7, variant: "cu118" };

test("every other source of packages is taken out, and what only says how to install stays", () => {
  const env = {
    PATH: "/bin",
    PIP_EXTRA_INDEX_URL: "http://other/",
    "PIP_EXTRA-INDEX-URL": "http://other/",
    PIP_PYPI_URL: "http://other/",
    pip_find_links: "/wheels",
    PIP_CONSTRAINT: "constraints.txt",
    PIP_CONFIG_FILE: "/etc/pip.conf",
    PIP_CACHE_DIR: "/cache",
    PIP_CERT: "/cert.pem",
    PIP_PRE: "1",
  };
  const changed = changedEnvironment(env, runIndexEnvironment(ACCESS, INDEX));
  expect(changed).toEqual({
    PATH: "/bin",
    PIP_CACHE_DIR: "/cache",
    PIP_CERT: "/cert.pem",
    PIP_PRE: "1",
    PIP_CONFIG_FILE: devNull,
    PIP_INDEX_URL: expect.stringMatching(/^http:\/\/r7:[\w-]{43}@127\.0\.0\.1:8270\/index\/r7\/cu118\/simple\/$/),
    PIP_TRUSTED_HOST: "127.0.0.1:8270",
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
  });
  expect(otherSources({ PIP_PRE: "1", PIP_FIND_LINKS: "/wheels", PATH: "/bin" })).toEqual(["PIP_FIND_LINKS"]);
});

test("the password is the reader's of that run alone, and not the token", () => {
  const passwordOf = (run: number): string => {
    const { set } = runIndexEnvironment(ACCESS, { ...INDEX, run });
    return new URL(set["PIP_INDEX_URL"] ?? "").password;
  };
  expect(passwordOf(7)).toBe(runReader(ACCESS.token, 7).password);
  expect(new Set([passwordOf(7), passwordOf(8), ACCESS.token, encodeURIComponent(ACCESS.token)]).size).toBe(4);
});

test("the address for people has no token, and TLS is not set aside", () => {
  expect(runIndexUrl(ACCESS, INDEX)).toBe("http://127.0.0.1:8270/index/r7/cu118/simple/");
  const { set } = runIndexEnvironment({ ...ACCESS, coordinatorHttp: "https://farm.example" }, INDEX);
  expect(set).not.toHaveProperty("PIP_TRUSTED_HOST");
});

test("a loopback address is known by any of its spellings", () => {
  const answers = ["http://localhost:1", "http://127.1.2.3:1", "http://[::1]:1", "http://10.0.0.1:1", "https://farm"];
  expect(answers.map((coordinatorHttp) => isOnLoopback({ coordinatorHttp }))).toEqual([true, true, true, false, false]);
});
