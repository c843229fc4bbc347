import { satisfies } from "../pep440/satisfies.ts";
import { validRange, validVersion } from "./pep440.ts";

/** An environment marker of PEP 508 (now "Dependency specifiers" of the packaging specifications). */
export type Marker =
  | { readonly kind: "and" | "or"; readonly parts: readonly Marker[] }
  | { readonly kind: "compare"; readonly left: MarkerValue; readonly op: MarkerOperator; readonly right: MarkerValue };

export type MarkerValue =
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "literal"; readonly text: string };

const OPERATORS = ["===", "==", "!=", "~=", "<=", ">=", "<", ">", "in", "not in"] as const;
export type MarkerOperator = (typeof OPERATORS)[number];

/** Old names that the grammar still admits. */
const LEGACY: ReadonlyMap<string, string> = new Map([
  ["os.name", "os_name"],
  ["sys.platform", "sys_platform"],
  ["platform.version", "platform_version"],
  ["platform.machine", "platform_machine"],
  ["platform.python_implementation", "platform_python_implementation"],
  ["python_implementation", "platform_python_implementation"],
]);

const VARIABLES = new Set([
  ...LEGACY.values(),
  "python_version",
  "python_full_version",
  "platform_release",
  "platform_system",
  "implementation_name",
  "implementation_version",
  "extra",
  "extras",
  "dependency_groups",
]);

const TOKEN = /\s*(?:([()])|("[^"]*"|'[^']*')|(===|==|!=|~=|<=|>=|<|>)|(not\s+in\b|in\b|and\b|or\b)|([A-Za-z][\w.]*))/y;
const TEXT_CHARS_MAX = 4096;
const DEPTH_MAX = 50;

/** Null for what is no marker, or is too long or too deep to be one that a person wrote. */
export function parseMarker(text: string): Marker | null {
  const tokens = text.length > TEXT_CHARS_MAX ? null : tokenize(text);
  if (tokens === null) return null;
  const reader = new MarkerReader(tokens);
  const marker = reader.either(0);
  return reader.atEnd ? marker : null;
}

interface Token {
  readonly kind: "bracket" | "literal" | "operator" | "word" | "variable";
  readonly text: string;
}

function tokenize(text: string): readonly Token[] | null {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const match = pattern.exec(text);
    if (!match) return null;
    const [, bracket, literal, operator, word, variable] = match;
    if (bracket !== undefined) tokens.push({ kind: "bracket", text: bracket });
    else if (literal !== undefined) tokens.push({ kind: "literal", text: literal.slice(1, -1) });
    else if (operator !== undefined) tokens.push({ kind: "operator", text: operator });
    else if (word !== undefined) tokens.push({ kind: "word", text: word.replace(/\s+/, " ") });
    else tokens.push({ kind: "variable", text: variable ?? "" });
  }
  return tokens;
}

/** Recursive descent over `or`, `and`, brackets and comparisons; every method gives null when the text is no marker. */
class MarkerReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get atEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  either(depth: number): Marker | null {
    return this.#chain("or", () => this.#chain("and", () => this.#atom(depth)));
  }

  #chain(kind: "and" | "or", next: () => Marker | null): Marker | null {
    const parts: Marker[] = [];
    do {
      const part = next();
      if (part === null) return null;
      parts.push(part);
    } while (this.#take("word", kind) !== null);
    const [only] = parts;
    return parts.length === 1 && only ? only : { kind, parts };
  }

  #atom(depth: number): Marker | null {
    if (this.#take("bracket", "(") !== null) {
      const inner = depth < DEPTH_MAX ? this.either(depth + 1) : null;
      return inner !== null && this.#take("bracket", ")") !== null ? inner : null;
    }
    const left = this.#value();
    const written = left && (this.#take("operator") ?? this.#take("word"));
    const op = OPERATORS.find((operator) => operator === written);
    const right = op && this.#value();
    return left && op && right ? { kind: "compare", left, op, right } : null;
  }

  #value(): MarkerValue | null {
    const literal = this.#take("literal");
    if (literal !== null) return { kind: "literal", text: literal };
    const variable = this.#take("variable");
    const name = variable === null ? null : (LEGACY.get(variable) ?? variable);
    return name !== null && VARIABLES.has(name) ? { kind: "variable", name } : null;
  }

  #take(kind: Token["kind"], text?: string): string | null {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind || (text !== undefined && token.text !== text)) return null;
    this.#at += 1;
    return token.text;
  }
}

/** Names of the variables in it. */
export function markerVariables(marker: Marker): ReadonlySet<string> {
  if (marker.kind !== "compare") return new Set(marker.parts.flatMap((part) => [...markerVariables(part)]));
  return new Set([marker.left, marker.right].flatMap((value) => (value.kind === "variable" ? [value.name] : [])));
}

/** The values that a variable may have in an environment; null when any. */
export type MarkerEnvironment = (variable: string) => readonly string[] | null;

/** True or false when it is so for every value that the environment may have; else null. */
export function evaluateMarker(marker: Marker, environment: MarkerEnvironment): boolean | null {
  if (marker.kind === "compare") return compareAll(marker, environment);
  const decides = marker.kind === "or";
  let result: boolean | null = !decides;
  for (const part of marker.parts) {
    const value = evaluateMarker(part, environment);
    if (value === decides) return decides;
    if (value === null) result = null;
  }
  return result;
}

function compareAll(
  { left, op, right }: Extract<Marker, { kind: "compare" }>,
  environment: MarkerEnvironment,
): boolean | null {
  const values = (value: MarkerValue) => (value.kind === "literal" ? [value.text] : environment(value.name));
  const [lefts, rights] = [values(left), values(right)];
  if (lefts === null || rights === null) return null;
  const results = new Set(lefts.flatMap((a) => rights.map((b) => compareOne(a, op, b))));
  return results.size === 1 ? ([...results][0] ?? null) : null;
}

/** As versions where both are (PEP 440), else as texts; order of texts is left open, as installers differ on it. */
function compareOne(left: string, op: MarkerOperator, right: string): boolean | null {
  if (op === "in") return right.includes(left);
  if (op === "not in") return !right.includes(left);
  if (op === "===") return left === right;
  if (validVersion(left) && validRange(`${op}${right}`)) return satisfies(left, `${op}${right}`);
  if (op === "==") return left === right;
  return op === "!=" ? left !== right : null;
}
