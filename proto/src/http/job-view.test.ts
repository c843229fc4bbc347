import { expect, it } from "vitest";
import { job, OUTCOMES } from "../index.ts";

it("every outcome of the wire has one name over HTTP, in the same order", () => {
  const wire = Object.keys(job.Outcome)
    .filter((key) => Number.isNaN(Number(key)) && key !== "UNSPECIFIED")
    .map((key) => key.toLowerCase().replaceAll("_", "-"));
  expect([...OUTCOMES]).toEqual(wire);
});
