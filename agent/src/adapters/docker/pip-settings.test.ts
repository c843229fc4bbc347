import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { expect, test } from "vitest";
import { pipSettings } from "./pip-settings.ts";

test("pip in a container finds the machine owner's index, proxies, certificates and links", () => {
  using home = temporaryFolder();
  const path = (name: string): string => join(home.path, name);
  mkdirSync(path("pip"));
  for (const name of ["ca.pem", "own.pem"]) writeFileSync(path(name), "");
  for (const name of ["wheels", "index"]) mkdirSync(path(name));
  writeFileSync(
    path("pip/pip.conf"),
    `[global]\nindex-url = http://x\nextra-index-url = file://${path("index")}\ncert = ${path("own.pem")}\nfind-links =\n    ${path("wheels")}\n    ${path("nowhere")}\n`,
  );
  const { env, mounts } = pipSettings({
    XDG_CONFIG_HOME: home.path,
    PIP_INDEX_URL: "http://index",
    PIP_CERT: path("ca.pem"),
    https_proxy: "http://proxy",
    HOME: "/home/me",
    KILN_TOKEN: "secret",
  });
  expect(env).toEqual({
    PIP_INDEX_URL: "http://index",
    PIP_CERT: path("ca.pem"),
    PIP_CONFIG_FILE: "/run/kiln/pip.conf",
    https_proxy: "http://proxy",
  });
  expect(mounts).toEqual([
    { path: path("pip/pip.conf"), target: "/run/kiln/pip.conf", isReadOnly: true },
    ...[path("ca.pem"), path("index"), path("own.pem"), path("wheels")].map((one) => ({ path: one, isReadOnly: true })),
  ]);
});
