import { parseJson, type JsonNode } from "./json.ts";
import { Lines } from "./lines.ts";
import { Refusal, shown } from "./refusal.ts";

/** A value in a JSON document, with its path: readers ask it for what they expect, and it refuses with its place. */
export class JsonPlace {
  readonly #lines: Lines;
  readonly #node: JsonNode;
  readonly #path: string;

  private constructor(lines: Lines, node: JsonNode, path: string) {
    this.#lines = lines;
    this.#node = node;
    this.#path = path;
  }

  static parse(text: string): JsonPlace {
    const lines = new Lines(text);
    return new JsonPlace(lines, parseJson(text, lines), "");
  }

  /** One JSON value a line; empty lines are skipped. */
  static parseLines(text: string): readonly JsonPlace[] {
    const lines = new Lines(text);
    const places: JsonPlace[] = [];
    let from = 0;
    for (const line of text.split("\n")) {
      const to = from + line.length;
      if (line.replace("\uFEFF", "").trim() !== "")
        places.push(new JsonPlace(lines, parseJson(text, lines, from, to), ""));
      from = to + 1;
    }
    return places;
  }

  /** `benchmarks[1].stats.median (line 40, column 23)`. */
  get place(): string {
    const where = this.#lines.describe(this.#node.at);
    return this.#path === "" ? where : `${this.#path} (${where})`;
  }

  get kind(): JsonNode["kind"] {
    return this.#node.kind;
  }

  refuse(problem: string, advice = ""): never {
    throw new Refusal(this.place, problem, advice);
  }

  /** A member that has to be there. */
  get(name: string): JsonPlace {
    return this.maybe(name) ?? this.refuse(this.#has(name) ? `"${name}" is null` : `"${name}" is missing`);
  }

  /** A member, unless it is absent or null. */
  maybe(name: string): JsonPlace | undefined {
    const node = this.#node;
    if (node.kind !== "object") return this.#expected("an object");
    const member = node.members.get(name);
    if (member === undefined || member.kind === "null") return undefined;
    return new JsonPlace(this.#lines, member, this.#path === "" ? name : `${this.#path}.${name}`);
  }

  /** All members, in the order of the file. */
  members(): readonly (readonly [string, JsonPlace])[] {
    const node = this.#node;
    if (node.kind !== "object") return this.#expected("an object");
    return [...node.members].map(([name, member]) => {
      const path = this.#path === "" ? name : `${this.#path}[${JSON.stringify(name)}]`;
      return [name, new JsonPlace(this.#lines, member, path)] as const;
    });
  }

  items(): readonly JsonPlace[] {
    const node = this.#node;
    if (node.kind !== "array") return this.#expected("an array");
    return node.items.map((item, i) => new JsonPlace(this.#lines, item, `${this.#path}[${i}]`));
  }

  /** An array with at least one item. */
  someItems(): readonly JsonPlace[] {
    const items = this.items();
    return items.length > 0 ? items : this.refuse("is empty", "A file without results is not evidence of anything.");
  }

  text(): string {
    return this.#node.kind === "string" ? this.#node.text : this.#expected("a string");
  }

  name(): string {
    const text = this.text();
    return text.trim() === "" ? this.refuse("is an empty name") : text;
  }

  boolean(): boolean {
    return this.#node.kind === "boolean" ? this.#node.value : this.#expected("true or false");
  }

  /** A finite number. */
  number(): number {
    if (this.#node.kind !== "number") return this.#expected("a number");
    return Number.isFinite(this.#node.value)
      ? this.#node.value
      : this.refuse(`is ${this.#node.value}, not a finite number`);
  }

  /** Whether it is NaN, with which some tools say "skipped". */
  isNaN(): boolean {
    return this.#node.kind === "number" && Number.isNaN(this.#node.value);
  }

  /** A string, number or boolean as text: the value of a parameter. */
  scalar(): string {
    const node = this.#node;
    if (node.kind === "string") return node.text;
    return node.kind === "number" || node.kind === "boolean"
      ? String(node.value)
      : this.#expected("a string or a number");
  }

  #has(name: string): boolean {
    return this.#node.kind === "object" && this.#node.members.has(name);
  }

  #expected(what: string): never {
    const node = this.#node;
    const is =
      node.kind === "string"
        ? shown(node.text)
        : node.kind === "number" || node.kind === "boolean"
          ? String(node.value)
          : node.kind;
    return this.refuse(`is ${is}, not ${what}`);
  }
}
