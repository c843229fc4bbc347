import fc from "fast-check";
import { expect, test } from "vitest";
import { readSetupCall, textsOf } from "./python-values.ts";

function requires(source: string): readonly string[] | null {
  return textsOf(readSetupCall(source)?.named.get("install_requires"));
}

test.each<[string, string, readonly string[] | null]>([
  ["a list", "setup(install_requires=['a', \"b>=1\"])", ["a", "b>=1"]],
  ["a tuple over lines, with comments", "setup(\n  install_requires=(\n    'a',  # why\n    'b',\n  ),\n)", ["a", "b"]],
  ["a name that is given a list", "reqs = ['a']\nsetuptools.setup(install_requires=reqs)", ["a"]],
  ["a sum of lists", "more = ['b']\nsetup(install_requires=['a'] + more)", ["a", "b"]],
  ["texts beside each other", "setup(install_requires=['a'\n '>=1'])", ["a>=1"]],
  ["a name that is changed later", "reqs = ['a']\nreqs.append('b')\nsetup(install_requires=reqs)", null],
  ["a name that is assigned twice", "reqs = ['a']\nif x:\n  pass\nreqs = ['b']\nsetup(install_requires=reqs)", null],
  ["what a function gives", "setup(install_requires=read('requirements.txt'))", null],
  ["a comprehension", "setup(install_requires=[r for r in open('f')])", null],
  ["an f-string", "setup(install_requires=[f'torch=={v}'])", null],
  ["a name of itself", "a = b\nb = a\nsetup(install_requires=a)", null],
  ["a call in another text", "'''setup(install_requires=['no'])'''\nsetup(install_requires=['a'])", ["a"]],
])("%s", (_, source, expected) => {
  expect(requires(source)).toEqual(expected);
});

test("calls, dicts and `**` are seen for what they are", () => {
  const call = readSetupCall(
    "from torch.utils import cpp_extension as c\nsetup(ext_modules=[c.CUDAExtension('a', ['a.cu'])], extras_require={'test': ['pytest']}, **more)",
  );
  expect(call?.open).toBe(true);
  expect(call?.named.get("ext_modules")).toMatchObject({
    kind: "list",
    values: [{ kind: "call", name: "CUDAExtension" }],
  });
  expect(call?.named.get("extras_require")).toMatchObject({ kind: "dict" });
});

test("any text ends, and is read in a bounded time", () => {
  const pieces = fc.constantFrom(
    "setup(",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "=",
    "'a'",
    '"""',
    "#",
    "\n",
    "a",
    "b",
    "*",
    "**",
    "f'{x}'",
    "\\",
    ".",
    "+",
    " ",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      readSetupCall(`a = [b, b]\nb = [a, a]\n${parts.join("")}`);
    }),
    { numRuns: 500 },
  );
  const doubling = Array.from({ length: 35 }, (_, index) => `v${index} = [v${index + 1}, v${index + 1}]`).join("\n");
  expect(readSetupCall(`${doubling}\nsetup(x=v0)`)?.named.get("x")?.kind).toBeDefined();
});
