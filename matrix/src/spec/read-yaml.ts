import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  visit,
  type Document,
  type Node,
  type Scalar,
  type YAMLError,
} from "yaml";
import type { ProblemList } from "./problem-list.ts";
import { quote, shorten } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { Place, YamlEntry, YamlValue } from "./yaml-value.ts";

/**
 * Parses YAML 1.2; null when nothing can be read. Mistakes of syntax,
 * duplicate keys and unknown aliases go to `problems`. A mistake of syntax
 * bends the meaning of what follows it: from there on `problems` takes no more.
 */
export function readYaml(text: string, problems: ProblemList): YamlValue | null {
  const documents = compose(text);
  const place = placesIn(text);
  if ("tooDeepAt" in documents) {
    const message = `more than ${SPEC_LIMITS.depthMax} collections inside each other`;
    problems.add(place(documents.tooDeepAt), "", message, "kiln.yaml needs six levels");
    return null;
  }
  const [first, second] = documents;
  if (second) {
    problems.add(place(second.range[0]), "", "a second YAML document begins here", "write one document, without ---");
  }
  if (first) reportSyntax(first, text, place, problems);
  return first?.contents ? new Reader(text, place, problems).read(first.contents, "") : null;
}

/** Lines are counted in the text: the library's own counter misses line ends where it skips what it cannot read. */
function placesIn(text: string): (offset: number) => Place {
  const starts = [0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return (offset) => {
    const inside = Math.min(offset, text.length);
    let [line, after] = [0, starts.length];
    while (after - line > 1) {
      const middle = (line + after) >> 1;
      if ((starts[middle] ?? 0) <= inside) line = middle;
      else after = middle;
    }
    return { line: line + 1, column: inside - (starts[line] ?? 0) + 1 };
  };
}

/**
 * Like the library's parseDocument, except that depth is watched while tokens
 * come in: composing deep nesting recurses, and a regular expression that is
 * compiled near the end of the stack ends the whole process.
 */
function compose(text: string): readonly Document.Parsed[] | { readonly tooDeepAt: number } {
  const parser = new Parser();
  const composer = new Composer({
    prettyErrors: false,
    resolveKnownTags: false,
    // Checked below: the library compares each key with every other.
    uniqueKeys: false,
  });
  const documents: Document.Parsed[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
    // Two token levels for each collection, and one for the document.
    if (parser.stack.length > SPEC_LIMITS.depthMax * 2 + 1) return { tooDeepAt: parser.offset };
  }
  for (const token of parser.end()) documents.push(...composer.next(token));
  documents.push(...composer.end(true, text.length));
  return documents;
}

/** What can be wrong inside one value without bending what follows. */
const LOCAL_ERRORS: readonly string[] = ["BAD_DQ_ESCAPE", "MULTIPLE_ANCHORS", "MULTIPLE_TAGS", "TAG_RESOLVE_FAILED"];

function reportSyntax(
  document: Document.Parsed,
  text: string,
  place: (offset: number) => Place,
  problems: ProblemList,
): void {
  const errorLines = new Set<number>();
  let bentFrom = Number.POSITIVE_INFINITY;
  for (const error of [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const at = place(openingQuote(error, document) ?? error.pos[0]);
    if (!LOCAL_ERRORS.includes(error.code)) bentFrom = Math.min(bentFrom, at.line);
    // One slip makes the parser complain several times; the first complaint of a line is the telling one.
    if (errorLines.has(at.line)) continue;
    errorLines.add(at.line);
    const { message, suggestion } = explain(error, text);
    problems.add(at, "", message, suggestion);
  }
  problems.believeOnly((line) => line < bentFrom && !errorLines.has(line));
}

/** An unclosed quote is noticed at the end of the file; a person looks for where it opens. */
function openingQuote(error: YAMLError, document: Document.Parsed): number | null {
  if (error.code !== "MISSING_CHAR" || !error.message.endsWith("quote")) return null;
  let opensAt: number | null = null;
  visit(document, {
    Scalar(_key, { type, range }) {
      if (type?.startsWith("QUOTE_") && range && range[0] < error.pos[0]) opensAt = Math.max(opensAt ?? 0, range[0]);
    },
  });
  return opensAt;
}

function explain(error: YAMLError, text: string): { message: string; suggestion: string } {
  const lineEnd = text.indexOf("\n", error.pos[0]);
  const rest = text.slice(error.pos[0], lineEnd < 0 ? undefined : lineEnd).trim();
  const lineStart = text.lastIndexOf("\n", error.pos[0] - 1) + 1;
  const specifier = /(?:^|\s)([><!]=?[^\s#]*\d.*)$/.exec(
    text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).trim(),
  );
  const message = `not valid YAML: ${shorten(error.message)}`;
  if (specifier?.[1] !== undefined && ["UNEXPECTED_TOKEN", "TAG_RESOLVE_FAILED"].includes(error.code)) {
    return { message, suggestion: `put quotes around it: ${quote(specifier[1])}` };
  }
  switch (error.code) {
    case "TAB_AS_INDENT":
      return { message, suggestion: "indent with spaces" };
    case "BAD_INDENT":
      return { message, suggestion: "indent it like the lines it belongs to" };
    case "BLOCK_AS_IMPLICIT_KEY":
    case "BAD_SCALAR_START":
      return { message, suggestion: `put quotes around it: ${quote(rest)}` };
    case "TAG_RESOLVE_FAILED":
      return { message, suggestion: "kiln.yaml uses no tags; put quotes around text that begins with !" };
    default:
      return { message, suggestion: "" };
  }
}

/** Turns the library's nodes into values, and notices what a mapping must not have. */
class Reader {
  readonly #text: string;
  readonly #place: (offset: number) => Place;
  readonly #problems: ProblemList;
  readonly #anchors = new Map<string, YamlValue>();

  constructor(text: string, place: (offset: number) => Place, problems: ProblemList) {
    this.#text = text;
    this.#place = place;
    this.#problems = problems;
  }

  read(node: Node, path: string): YamlValue {
    const at = this.#place(node.range?.[0] ?? 0);
    if (isAlias(node)) {
      const value = this.#anchors.get(node.source);
      if (value) return value;
      this.#problems.add(at, path, `no anchor ${quote(node.source)} stands before this alias`);
      return { type: "null", at, text: "" };
    }
    const value = this.#readPlain(node, at, path);
    const { anchor } = node as { anchor?: string };
    // Set after its content is read, so an alias inside itself is unknown and no value contains itself.
    if (anchor !== undefined) this.#anchors.set(anchor, value);
    return value;
  }

  #readPlain(node: Node, at: Place, path: string): YamlValue {
    if (isMap<Node, Node | null>(node)) {
      const entries = new Map<string, YamlEntry>();
      for (const { key, value } of node.items) {
        const entry = this.#readEntry(key, value, path);
        const earlier = entry && entries.get(entry.key);
        if (entry && !earlier) entries.set(entry.key, entry);
        if (entry && earlier) {
          const message = `${quote(entry.key)} is given twice, first on line ${earlier.keyAt.line}`;
          this.#problems.add(entry.keyAt, join(path, entry.key), message, "keep one of the two");
        }
      }
      return { type: "map", at, entries: [...entries.values()] };
    }
    if (isSeq<Node>(node)) {
      return { type: "list", at, items: node.items.map((item, index) => this.read(item, `${path}[${index}]`)) };
    }
    return isScalar(node) ? this.#readScalar(node, at) : { type: "null", at, text: "" };
  }

  #readEntry(key: Node, value: Node | null, path: string): YamlEntry | null {
    const keyAt = this.#place(key.range?.[0] ?? 0);
    if (!isScalar(key)) {
      this.#problems.add(keyAt, path, "a key must be plain text", "write key: value");
      return null;
    }
    const name = this.#readScalar(key, keyAt).text;
    return {
      key: name,
      keyAt,
      value: value ? this.read(value, join(path, name)) : { type: "null", at: keyAt, text: "" },
    };
  }

  #readScalar(node: Scalar, at: Place): YamlValue & { text: string } {
    if (typeof node.value === "string") return { type: "string", at, text: node.value };
    const range = node.range ?? [0, 0, 0];
    const text = node.source ?? this.#text.slice(range[0], range[1]);
    const type = typeof node.value;
    return {
      type: type === "number" || type === "bigint" ? "number" : type === "boolean" ? "boolean" : "null",
      at,
      text,
    };
  }
}

function join(path: string, key: string): string {
  return path === "" ? shorten(key) : `${path}.${shorten(key)}`;
}
