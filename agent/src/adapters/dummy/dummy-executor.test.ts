import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { expect, test } from "vitest";
import type { Job } from "../../domain/job.ts";
import type { BlobClient } from "../../ports/blob-client.ts";
import type { ExecutionSink } from "../../ports/executor.ts";
import { systemClock } from "../system/system-clock.ts";
import { DummyExecutor } from "./dummy-executor.ts";

const job: Job = {
  name: "build",
  limits: { timeoutMs: 60_000, logBytesMax: 1_000_000 },
  python: "3.12",
  env: { KILN_DUMMY: "upload 1000" },
  work: {
    kind: "build",
    source: { sha256: "0".repeat(64), sizeBytes: 1, filename: "a.tar.gz" },
    candidate: { name: "a", version: "1.0" },
    configSettings: {},
    frontend: "pip",
    checkReproducible: false,
    wheel: null,
  },
  container: {},
};

/** An upload that never ends by itself, and says so when it is called off. */
class StuckUpload implements BlobClient {
  readonly begun = Promise.withResolvers<void>();

  fetch(): never {
    throw new Error("nothing is fetched");
  }

  store(...[, , signal, note]: Parameters<BlobClient["store"]>): ReturnType<BlobClient["store"]> {
    this.begun.resolve();
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => {
        note?.("the upload broke off");
        resolve({ ok: false, message: "called off" });
      }),
    );
  }
}

test("a job that is stopped while it uploads reports nothing after its end", async () => {
  using folder = temporaryFolder();
  const workFolder = join(folder.path, "work");
  mkdirSync(workFolder);
  const blobs = new StuckUpload();
  const reported: string[] = [];
  const sink = new Proxy({} as ExecutionSink, {
    get: (_target, name) => () => {
      reported.push(String(name));
      return true;
    },
  });
  const executor = new DummyExecutor({ blobs, clock: systemClock, workFolder, die: () => undefined });
  const execution = executor.start({ ref: { run: 1, job: 0, attempt: 1 }, job }, sink);
  await blobs.begun.promise;
  execution.stop();
  expect(reported).toEqual(["started", "ended"]);
});
