import { expect, it } from "vitest";
import { upstreamSettings } from "./upstream-settings.ts";

const silent = (): void => undefined;

it("takes the person's index and its extra ones, certificates and proxies", async () => {
  const env = {
    PATH: "",
    PIP_INDEX_URL: "https://pypi.example/simple/",
    PIP_EXTRA_INDEX_URL: "https://extra.example/simple",
    PIP_CERT: "/etc/company.pem",
  };
  expect(await upstreamSettings(env, silent)).toEqual({
    KILN_UPSTREAM_INDEX: "https://pypi.example/simple https://extra.example/simple",
    NODE_USE_ENV_PROXY: "1",
    NODE_EXTRA_CA_CERTS: "/etc/company.pem",
  });
});

it("leaves what the environment sets for the coordinator itself", async () => {
  const env = { PATH: "", KILN_UPSTREAM_INDEX: "", PIP_INDEX_URL: "https://pypi.example/simple" };
  expect(await upstreamSettings(env, silent)).toEqual({});
});

it("says what is missing without a pip and without an index, and starts all the same", async () => {
  const notes: string[] = [];
  expect(await upstreamSettings({ PATH: "" }, (text) => notes.push(text))).toEqual({});
  expect(notes.join()).toMatch(/No package index is known.*not what they depend on/);
});
