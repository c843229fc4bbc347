import { expect, test } from "vitest";
import { findIndexes, withoutPassword } from "./index-locations.ts";
import { parsePipConfig } from "./pip-config.ts";

const NO_PIP = { pipConfig: async () => new Map<string, string>(), pipDefault: async () => null };
const config = (text: string) => async () => parsePipConfig(text);
const pipDefault = async () => "https://default.example/simple/";

test("the sources are asked in their order, and only as far as needed", async () => {
  const env = { UV_DEFAULT_INDEX: "https://uv.example/simple", PIP_INDEX_URL: "https://pip.example/simple" };
  const never = async (): Promise<never> => {
    throw new Error("pip was asked");
  };
  const lazy = { pipConfig: never, pipDefault: never };
  const urls = async (flag: string | null, variables: NodeJS.ProcessEnv) =>
    (await findIndexes({ flag, env: variables, ...lazy })).urls;
  expect(await urls("https://flag.example/simple/", env)).toEqual(["https://flag.example/simple"]);
  expect(await urls(null, env)).toEqual(["https://uv.example/simple"]);
  expect(
    await urls(null, { PIP_INDEX_URL: env.PIP_INDEX_URL, PIP_EXTRA_INDEX_URL: "https://a.example https://b.example" }),
  ).toEqual(["https://pip.example/simple", "https://a.example", "https://b.example"]);
});

test("pip's configuration comes before its default, and its extra indexes come after either", async () => {
  const text =
    "global.extra-index-url='https://a.example\\nfile:///srv/simple'\nglobal.index-url='https://own.example/simple'\n";
  expect(await findIndexes({ flag: null, env: {}, pipConfig: config(text), pipDefault })).toEqual({
    urls: ["https://own.example/simple", "https://a.example", "file:///srv/simple"],
    from: "pip's configuration",
  });
  expect(await findIndexes({ flag: null, env: {}, pipConfig: config("global.timeout='5'"), pipDefault })).toEqual({
    urls: ["https://default.example/simple"],
    from: "pip's default",
  });
});

test("uv's NAME=URL form is understood", async () => {
  const env = { UV_DEFAULT_INDEX: "internal=https://uv.example/simple" };
  expect((await findIndexes({ flag: null, env, ...NO_PIP })).urls).toEqual(["https://uv.example/simple"]);
});

test("without any index the advice says how to name one", async () => {
  await expect(findIndexes({ flag: null, env: {}, ...NO_PIP })).rejects.toMatchObject({
    advice: "Give one with --index-url URL, or set PIP_INDEX_URL.",
  });
  await expect(findIndexes({ flag: "ftp://x.example", env: {}, ...NO_PIP })).rejects.toThrow(
    "is not an http, https or file address",
  );
});

test("a password never reaches a message", () => {
  expect(withoutPassword("https://user:secret@x.example/simple")).toBe("https://x.example/simple");
});
