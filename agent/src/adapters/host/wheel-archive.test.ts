import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Interpreter } from "../../domain/interpreter.ts";
import { readPythons } from "../inventory/read-pythons.ts";
import { ARCHIVE_LIMITS, readWheel, type ArchiveLimits, type ReadWheel } from "./wheel-archive.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const { pythons } = await readPythons(process.env, join(folder.path, "pythons.json"));
const python = pythons.at(-1) as Interpreter;
if (!python) console.warn("skipped: this machine has no usable CPython to make wheels with");

/** Writes a wheel; `files` is Python that makes a dict of bytes, `lines` Python that changes RECORD's lines. */
const SCRIPT = `
import base64, hashlib, sys, warnings, zipfile
warnings.simplefilter("ignore")
path, files, lines = sys.argv[1:4]
def line(name, data, algorithm="sha256"):
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).decode().rstrip("=")
    return "%s,%s=%s,%d" % (name, algorithm, digest, len(data))
members = [("demo.py", b"x = 1\\n"), ("demo-1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\\n")] + eval(files)
record = [line(*member) for member in members] + ["demo-1.0.dist-info/RECORD,,"]
record = eval(lines)
members.append(("demo-1.0.dist-info/RECORD", "\\n".join(record).encode()))
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
    for name, data in members:
        wheel.writestr(name, data)
`;

const path = join(folder.path, "demo-1.0-py3-none-any.whl");
const never = new AbortController().signal;

function make(files = "[]", lines = "record"): void {
  execFileSync(python.path, ["-c", SCRIPT, path, files, lines]);
}

function read(limits: ArchiveLimits = ARCHIVE_LIMITS): Promise<ReadWheel> {
  return readWheel(path, "demo-1.0-py3-none-any.whl", join(folder.path, "scratch"), never, limits);
}

async function refusal(limits?: ArchiveLimits): Promise<string> {
  const result = await read(limits);
  return result.ok ? "it was taken" : result.message;
}

describe.skipIf(!python)("a wheel's archive", () => {
  test("is read with its binaries, and its size", async () => {
    const fixture = new URL("../../domain/wheel-audit/fixtures/sm80-sm90-ptx90.so", import.meta.url);
    make(
      `[("demo/_C.so", open(${JSON.stringify(fixture.pathname)}, "rb").read()), ("demo/broken.so", b"\\x7fELF" + b"?" * 90)]`,
    );
    const result = await read();
    expect(result).toMatchObject({
      ok: true,
      facts: {
        sizeBytes: statSync(path).size,
        binaries: [{ path: "demo/_C.so", sizeBytes: 3_656, facts: { device: { machineCode: ["80", "90"] } } }],
        unreadable: [{ path: "demo/broken.so", message: expect.stringContaining("ELF class") }],
        unhashed: [],
      },
    });
  });

  test.each([
    ['record + ["ghost.py,,"]', "it lists ghost.py, which is not there"],
    ["record[1:]", "demo.py is there and not in it"],
    ['[record[0].replace("sha256=", "sha256=A")] + record[1:]', "demo.py has another sha256 than it says"],
    ['[record[0].replace(",6", ",7")] + record[1:]', "demo.py has 6 bytes, and it says 7"],
    ['[line("demo.py", b"x = 1\\n", "md5")] + record[1:]', "its hash of demo.py is md5, not SHA-256 or stronger"],
    ['["demo.py"] + record[1:]', 'line 1 is not "path,hash,size"'],
    ["record + record[:1]", "it lists demo.py twice"],
  ])("whose RECORD is %s lies", async (lines, lie) => {
    make("[]", lines);
    expect(await refusal()).toBe(`RECORD lies: ${lie}`);
  });

  test("may use stronger hashes, and a file without one is named", async () => {
    make("[]", '[line("demo.py", b"x = 1\\n", "sha512"), "demo-1.0.dist-info/WHEEL,,"] + record[2:]');
    expect(await read()).toMatchObject({ ok: true, facts: { unhashed: ["demo-1.0.dist-info/WHEEL"] } });
  });

  test("that would unpack to far more than it is, or to more than allowed, is refused unread", async () => {
    make('[("bomb", b"0" * 100_000_000)]');
    expect(statSync(path).size).toBeLessThan(1_000_000);
    expect(await refusal()).toMatch(/^it would unpack to more than 67108864 bytes, and has \d+ itself$/);
    make('[("some", __import__("os").urandom(3_000))]');
    expect(await refusal({ ...ARCHIVE_LIMITS, unpackedBytesMax: 2_000 })).toMatch(/^it would unpack to more than 2000/);
  });

  test("with too many files, too long names, or one twice is refused", async () => {
    make('[("a" * 300 + str(n), b"") for n in range(20)]');
    expect(await refusal({ ...ARCHIVE_LIMITS, entriesMax: 20 })).toBe("it has 23 files, more than 20");
    expect(await refusal({ ...ARCHIVE_LIMITS, nameBytesMax: 5_000 })).toBe("the names in it have more than 5000 bytes");
    make('[("twice", b"1"), ("twice", b"2")]', "record[:3] + record[4:]");
    expect(await refusal()).toBe("it has twice twice");
    make('[("../escape.py", b"")]');
    expect(await refusal()).toMatch(/^it is not a readable zip archive: .*\.\./);
  });

  test("is read or refused, and nothing else, whatever bytes of it are others or gone", async () => {
    make('[("demo/_C.so", b"\\x7fELF\\2\\1" + b"0" * 500)]');
    const bytes = readFileSync(path);
    const changes = fc.tuple(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.option(fc.nat(bytes.length), { freq: 4 }),
    );
    await fc.assert(
      fc.asyncProperty(changes, async ([flips, cutTo]) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of flips) changed[at] = value;
        writeFileSync(path, cutTo === null ? changed : changed.subarray(0, cutTo));
        const result = await read();
        expect(result.ok || result.message.length > 5).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("is not read on once the job is stopped", async () => {
    make();
    const stopped = AbortSignal.abort();
    await expect(readWheel(path, "demo-1.0-py3-none-any.whl", join(folder.path, "scratch"), stopped)).rejects.toThrow();
  });
});
