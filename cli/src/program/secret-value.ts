import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Interrupted, usageError } from "./cli-error.ts";
import type { Context } from "./context.ts";

const VALUE_BYTES_MAX = 1024 * 1024;

/**
 * A value that must not be seen: typed at the prompt without being shown, or all
 * of standard input where that is no terminal, without the line end at its end.
 * Throws a usage error when there is none.
 */
export async function readSecretValue({ stdin, out, interrupted }: Context, prompt: string): Promise<string> {
  const value = stdin.isTTY ? await ask(stdin, prompt, interrupted, (text) => out.prompt(text)) : await readAll(stdin);
  if (value === "") throw usageError("There is no value.", "Type it at the prompt, or send it by standard input.");
  return value;
}

async function ask(
  stdin: NodeJS.ReadStream,
  prompt: string,
  signal: AbortSignal,
  show: (text: string) => void,
): Promise<string> {
  // What readline would show of what is typed goes nowhere.
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: hidden, terminal: true });
  const stopping = new AbortController();
  lines.once("SIGINT", () => stopping.abort());
  lines.once("close", () => stopping.abort());
  show(prompt);
  try {
    return await lines.question("", { signal: AbortSignal.any([signal, stopping.signal]) });
  } catch {
    throw new Interrupted();
  } finally {
    lines.close();
    show("\n");
  }
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > VALUE_BYTES_MAX) throw usageError(`The value has more than ${VALUE_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
