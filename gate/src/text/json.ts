import type { Lines } from "./lines.ts";
import { lookup } from "./lookup.ts";
import { Refusal, shown } from "./refusal.ts";

/** Deeper nesting is no result file. */
const DEPTH_MAX = 64;

export type JsonNode = { readonly at: number } & (
  | { readonly kind: "object"; readonly members: ReadonlyMap<string, JsonNode> }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "null" }
);

/**
 * Parses JSON (RFC 8259) and keeps where everything stood, so that whoever
 * misses a field can say the line. Two things differ from `JSON.parse`: a
 * repeated name is refused, since one of its values would vanish, and NaN and
 * infinities are numbers, since Python writes them. Reads `text` from offset
 * `from` up to `to`.
 */
export function parseJson(text: string, lines: Lines, from = 0, to = text.length): JsonNode {
  const parser = new Parser(text.slice(0, to), lines, from);
  const node = parser.value(0);
  parser.end();
  return node;
}

const WORDS: Readonly<Record<string, (at: number) => JsonNode>> = {
  true: (at) => ({ kind: "boolean", value: true, at }),
  false: (at) => ({ kind: "boolean", value: false, at }),
  null: (at) => ({ kind: "null", at }),
  NaN: (at) => ({ kind: "number", value: Number.NaN, at }),
  Infinity: (at) => ({ kind: "number", value: Infinity, at }),
  "-Infinity": (at) => ({ kind: "number", value: -Infinity, at }),
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy;
const WORD = /-?[A-Za-z]+/uy;

class Parser {
  readonly #text: string;
  readonly #lines: Lines;
  #at: number;

  constructor(text: string, lines: Lines, from: number) {
    this.#text = text;
    this.#lines = lines;
    // A byte-order mark is no part of the text.
    this.#at = from === 0 && text.startsWith("\uFEFF") ? 1 : from;
  }

  value(depth: number): JsonNode {
    this.#space();
    const at = this.#at;
    if (depth > DEPTH_MAX) this.#refuse(`is nested more than ${DEPTH_MAX} deep`);
    const next = this.#text[at];
    if (next === undefined) this.#refuse("the file ends where a value is expected");
    if (next === "{") return this.#object(depth);
    if (next === "[") return this.#array(depth);
    if (next === '"') return { kind: "string", text: this.#string(), at };
    const number = this.#match(NUMBER);
    if (number !== undefined && !/[\w.]/u.test(this.#text[this.#at] ?? "")) {
      return { kind: "number", value: Number(number), at };
    }
    this.#at = at;
    const word = lookup(WORDS, this.#match(WORD) ?? "");
    this.#at = word === undefined ? at : this.#at;
    return word?.(at) ?? this.#refuse(`is no JSON value: ${shown(this.#text.slice(at, at + 20))}`);
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) this.#refuse("there is more text after the end of the JSON document");
  }

  #object(depth: number): JsonNode {
    const at = this.#at;
    this.#at += 1;
    const members = new Map<string, JsonNode>();
    for (let first = true; !this.#closes("}", first); first = false) {
      this.#space();
      const nameAt = this.#at;
      if (this.#text[nameAt] !== '"') this.#refuse("a member's name in quotes is expected");
      const name = this.#string();
      if (members.has(name)) {
        this.#at = nameAt;
        this.#refuse(`the name ${shown(name)} is there twice`);
      }
      this.#space();
      if (this.#text[this.#at] !== ":") this.#refuse('":" is expected');
      this.#at += 1;
      members.set(name, this.value(depth + 1));
    }
    return { kind: "object", members, at };
  }

  #array(depth: number): JsonNode {
    const at = this.#at;
    this.#at += 1;
    const items: JsonNode[] = [];
    for (let first = true; !this.#closes("]", first); first = false) items.push(this.value(depth + 1));
    return { kind: "array", items, at };
  }

  /** Takes the closing bracket, or the comma before another element. */
  #closes(bracket: string, first: boolean): boolean {
    this.#space();
    const next = this.#text[this.#at];
    if (next === bracket) {
      this.#at += 1;
      return true;
    }
    if (first) return false;
    if (next !== ",")
      this.#refuse(next === undefined ? `the file ends before "${bracket}"` : `"," or "${bracket}" is expected`);
    this.#at += 1;
    return false;
  }

  #string(): string {
    const from = this.#at;
    let to = from + 1;
    for (let code = this.#text.charCodeAt(to); code !== QUOTE; code = this.#text.charCodeAt(to)) {
      // Past the end, the code is NaN.
      if (!(code >= SPACE)) this.#refuse("a string is not closed");
      to += code === BACKSLASH ? 2 : 1;
    }
    this.#at = to + 1;
    try {
      return JSON.parse(this.#text.slice(from, to + 1)) as string;
    } catch {
      this.#at = from;
      return this.#refuse("a string has an escape that JSON does not have");
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #space(): void {
    while (" \n\r\t".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #refuse(problem: string): never {
    throw new Refusal(
      this.#lines.describe(this.#at),
      problem,
      "The file is not valid JSON: was it cut off, or mixed with other output?",
    );
  }
}
