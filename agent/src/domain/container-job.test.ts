import { expect, test } from "vitest";
import { imageOf, networkOfStep } from "./container-job.ts";

test("only steps that install something have a network, and a command when its job asks", () => {
  const steps = [
    "make-environment",
    "build-wheel",
    "install-wheel",
    "install-requires",
    "check-imports",
    "run-command",
  ] as const;
  const quiet = steps.map((step) => networkOfStep(step, {}));
  expect(quiet).toEqual(["none", "index", "index", "index", "none", "none"]);
  const open = steps.map((step) => networkOfStep(step, { container: { network: "open" } }));
  expect(open).toEqual(["none", "index", "index", "index", "open", "open"]);
});

test("the job's image goes before its policy's, and that before the default", () => {
  const images = { byDefault: "default", byPolicy: { manylinux_2_28: "policy" } };
  expect(imageOf({ container: { image: "own", manylinux: "manylinux_2_28" } }, images)).toEqual({
    text: "own",
    isJobs: true,
  });
  expect(imageOf({ container: { manylinux: "manylinux_2_28" } }, images)).toEqual({ text: "policy", isJobs: false });
  expect(imageOf({ container: { manylinux: "manylinux_2_34" } }, images)).toEqual({ text: "default", isJobs: false });
  expect(imageOf({}, { byDefault: null, byPolicy: {} })).toBeNull();
});
