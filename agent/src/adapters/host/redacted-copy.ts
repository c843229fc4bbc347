import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import type { RedactorOf } from "../../ports/secret-source.ts";
import { openOwnFile } from "./own-file.ts";

/**
 * Copies a file of a job's into one of the agent's, without the job's secrets.
 * Throws when `from` is no ordinary file inside `folder`, as `openOwnFile` says.
 */
export async function redactedCopy(from: string, folder: string, to: string, redactorOf: RedactorOf): Promise<void> {
  await using file = await openOwnFile(from, folder);
  if (!file) throw new Error(`${from} is gone`);
  const target = createWriteStream(to, { flags: "wx", mode: 0o600 });
  await once(target, "open");
  await pipeline(
    file.createReadStream({ autoClose: false }),
    async function* (chunks: AsyncIterable<Buffer>) {
      let parts: Buffer[] = [];
      // What is emitted is a view of what was pushed, and of what the redactor goes on with.
      const redactor = redactorOf((bytes) => void parts.push(Buffer.from(bytes)));
      for await (const chunk of chunks) {
        redactor.push(chunk);
        yield Buffer.concat(parts);
        parts = [];
      }
      redactor.flush();
      yield Buffer.concat(parts);
    },
    target,
  );
}
