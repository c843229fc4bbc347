import { expect, test } from "vitest";
import { PullProgress } from "./pull-progress.ts";

const MIB = 1024 ** 2;

test("the events of all layers become one line", () => {
  const progress = new PullProgress();
  expect(progress.line()).toBe("");
  progress.apply({ id: "1.0", status: "Pulling from kiln/python" });
  for (const id of ["a", "b", "c"]) progress.apply({ id, status: "Pulling fs layer" });
  expect(progress.line()).toBe("0 of 3 layers");
  progress.apply({ id: "a", status: "Already exists" });
  progress.apply({ id: "b", status: "Downloading", progressDetail: { current: 10 * MIB, total: 40 * MIB } });
  expect(progress.line()).toBe("1 of 3 layers, 10 MiB of 40 MiB");
  // Extracting counts bytes of another kind.
  progress.apply({ id: "b", status: "Extracting", progressDetail: { current: 1, total: 90 * MIB } });
  expect(progress.line()).toBe("1 of 3 layers, 10 MiB of 40 MiB");
  progress.apply({ id: "b", status: "Pull complete" });
  progress.apply({ id: "c", status: "Pull complete" });
  expect(progress.line()).toBe("3 of 3 layers, 40 MiB of 40 MiB");
  progress.apply({ status: "Status: Downloaded newer image" });
  expect(progress.line()).toBe("3 of 3 layers, 40 MiB of 40 MiB");
});
