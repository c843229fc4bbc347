import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Interrupted } from "./cli-error.ts";
import type { Context } from "./context.ts";
import { readSecretValue } from "./secret-value.ts";

/** A terminal that somebody types at, and what is shown there. */
function terminal() {
  const typed = new PassThrough();
  const modes: boolean[] = [];
  const stdin = Object.assign(typed, { isTTY: true, setRawMode: (raw: boolean) => void modes.push(raw) });
  let shown = "";
  const out = { prompt: (text: string) => void (shown += text) };
  const interrupted = new AbortController();
  const context = { stdin, out, interrupted: interrupted.signal } as unknown as Context;
  return { typed, modes, context, interrupted, shown: () => shown };
}

test("what is typed at a terminal is not shown, and the terminal is as before afterwards", async () => {
  const { typed, modes, context, shown } = terminal();
  const value = readSecretValue(context, "Value of A_TOKEN: ");
  typed.write("hunter22\r");
  expect(await value).toBe("hunter22");
  expect(shown()).toBe("Value of A_TOKEN: \n");
  expect(modes).toEqual([true, false]);
});

test.each([["\u0003"], ["\u0004"]])("%j at a terminal ends the command", async (key) => {
  const { typed, modes, context } = terminal();
  const value = readSecretValue(context, "Value: ");
  typed.write(key);
  await expect(value).rejects.toThrow(Interrupted);
  expect(modes).toEqual([true, false]);
});
