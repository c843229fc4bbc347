import { readFileSync } from "node:fs";
import { ResultsParser } from "./results-parser.ts";
import { TestTally } from "./test-tally.ts";

/** A file that a real tool has written; `/job/test` is where the tests ran. */
export function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.xml`, import.meta.url), "utf8");
}

/** Reads a whole file, in pieces of `pieceChars`. Throws ResultsError. */
export function tallyOf(text: string, pieceChars = text.length): TestTally {
  const tally = new TestTally();
  const parser = new ResultsParser(tally, { root: "/job/test" });
  for (let at = 0; at < text.length; at += pieceChars) parser.write(text.slice(at, at + pieceChars));
  parser.end();
  return tally;
}
