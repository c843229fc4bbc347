import { expect, test } from "vitest";
import { needsLegacyCerts, pipVersion } from "./pip-version.ts";

test("a wheel of pip names its version", () => {
  expect(pipVersion("/usr/lib/ensurepip/_bundled/pip-23.0.1-py3-none-any.whl")).toBe("23.0.1");
  expect(pipVersion("C:\\Python\\pip-25.1-py3-none-any.whl")).toBe("25.1");
  expect(pipVersion("pip-18.1-py2.py3-none-any.whl")).toBe("18.1");
  expect(pipVersion("/usr/lib/other.whl")).toBe("");
});

test("only a pip with truststore, and only at an address without a name, needs the old way", () => {
  const needs = (address: string, version: string) => needsLegacyCerts(new URL(address), version);
  expect(
    ["9.0.1", "23.0.1", "24.0", "24.1.2", "24.2", "24.3.1", "25.0", ""].map((one) => needs("https://10.0.0.1", one)),
  ).toEqual([false, false, false, false, true, true, true, false]);
  expect(needs("https://[fd00::1]:8270/", "25.0")).toBe(true);
  expect(needs("https://farm.example", "25.0")).toBe(false);
  expect(needs("http://10.0.0.1", "25.0")).toBe(false);
});
