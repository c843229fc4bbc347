import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { logStoreContract, type OpenedLogStore } from "../../ports/log-store.contract.ts";
import { openDiskLogStore } from "./log-store.ts";

async function openEmpty(): Promise<OpenedLogStore & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "kiln-logs-"));
  const stores: AsyncDisposable[] = [];
  const reopen = async () => {
    const store = await openDiskLogStore(folder, { openFilesMax: 3 });
    stores.push(store);
    return store;
  };
  return {
    folder,
    store: await reopen(),
    reopen,
    [Symbol.asyncDispose]: async () => {
      for (const store of stores) await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

logStoreContract("a folder", openEmpty);

it("an attempt's log lies where a person would look for it", async () => {
  await using opened = await openEmpty();
  await opened.store.write({ run: 12, job: 7, attempt: 1 }, 0, [Buffer.from("x")]);
  expect(await readdir(join(opened.folder, "r12"))).toEqual(["7.1.log"]);
});

it("an attempt without output makes no file", async () => {
  await using opened = await openEmpty();
  const key = { run: 1, job: 0, attempt: 1 };
  await opened.store.sync(key);
  await opened.store.read(key, 0, 10);
  await opened.store.close(key);
  expect(await readdir(opened.folder)).toEqual([]);
});

// fdatasync(2) on a device file fails with EINVAL on Linux.
it.runIf(process.platform === "linux")(
  "a log that once could not be synced never counts as durable again",
  async () => {
    await using opened = await openEmpty();
    const key = { run: 1, job: 0, attempt: 1 };
    await mkdir(join(opened.folder, "r1"));
    await symlink("/dev/null", join(opened.folder, "r1", "0.1.log"));
    await opened.store.write(key, 0, [Buffer.from("x")]);
    const outcomes = await Promise.allSettled([opened.store.sync(key), opened.store.sync(key)]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    await expect(opened.store.sync(key)).rejects.toThrow("could not be made durable");
    await opened.store.close(key);
    await expect(opened.store.sync(key)).rejects.toThrow("could not be made durable");
  },
);
