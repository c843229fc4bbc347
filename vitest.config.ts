import { defineConfig } from "vitest/config";

/** Tests of whole farms that measure time. */
const ALONE = ["test/src/farm/benchmarks.test.ts", "test/src/farm/demo.test.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["*/src/**/*.test.ts", "tools/**/*.test.ts"],
          exclude: ["test/**", "**/node_modules/**"],
          testTimeout: 20_000,
          hookTimeout: 20_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          // Whole farms: real processes, two files beside each other, and not while the unit tests keep the cores busy.
          name: "farm",
          include: ["test/src/**/*.test.ts"],
          exclude: [...ALONE, "**/node_modules/**"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // What measures has the machine to itself: what else runs would make its results no evidence.
          name: "alone",
          include: ALONE,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
