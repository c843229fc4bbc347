import { devNull } from "node:os";
import { expect, test } from "vitest";
import { changedEnvironment } from "./job-environment.ts";
import { isOnLoopback, otherSources, runIndexEnvironment, runIndexUrl } from "./run-index.ts";

const ACCESS = { coordinatorHttp: "http://127.0.0.1:8270", authorityFile: null };
const READER = { user: "r7", password: "a/b@c:d%" };
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
  const changed = changedEnvironment(env, runIndexEnvironment(ACCESS, INDEX, READER, "23.0"));
  expect(changed).toEqual({
    PATH: "/bin",
    PIP_CACHE_DIR: "/cache",
    PIP_CERT: "/cert.pem",
    PIP_PRE: "1",
    PIP_CONFIG_FILE: devNull,
    PIP_INDEX_URL: "http://r7:a%2Fb%40c%3Ad%25@127.0.0.1:8270/index/r7/cu118/simple/",
    PIP_TRUSTED_HOST: "127.0.0.1:8270",
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
  });
  expect(otherSources({ PIP_PRE: "1", PIP_FIND_LINKS: "/wheels", PATH: "/bin" })).toEqual(["PIP_FIND_LINKS"]);
});

test("the address for people has no password, and with TLS pip trusts the farm's own authority and no other", () => {
  expect(runIndexUrl(ACCESS, INDEX)).toBe("http://127.0.0.1:8270/index/r7/cu118/simple/");
  const secure = { coordinatorHttp: "https://[fd00::1]:8270", authorityFile: "/agent/farm-ca.pem" };
  const env = {
    PIP_CERT: "/machine.pem",
    PIP_CLIENT_CERT: "/own.pem",
    SSL_CERT_FILE: "/machine.pem",
    REQUESTS_CA_BUNDLE: "/machine.pem",
    CURL_CA_BUNDLE: "/machine.pem",
  };
  const changed = changedEnvironment(env, runIndexEnvironment(secure, INDEX, READER, "25.0"));
  expect(changed).toEqual({
    PIP_CERT: "/agent/farm-ca.pem",
    PIP_CONFIG_FILE: devNull,
    PIP_INDEX_URL: "https://r7:a%2Fb%40c%3Ad%25@[fd00::1]:8270/index/r7/cu118/simple/",
    PIP_USE_DEPRECATED: "legacy-certs",
    SSL_CERT_FILE: "/machine.pem",
    NO_PROXY: "fd00::1",
    no_proxy: "fd00::1",
  });
});

test("a loopback address is known by any of its spellings", () => {
  const answers = ["http://localhost:1", "http://127.1.2.3:1", "http://[::1]:1", "http://10.0.0.1:1", "https://farm"];
  expect(answers.map((coordinatorHttp) => isOnLoopback({ coordinatorHttp }))).toEqual([true, true, true, false, false]);
});
