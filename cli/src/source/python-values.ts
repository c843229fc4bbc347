import { tokenize, type Token } from "./python-tokens.ts";

/** What an expression of Python source is, without running it. */
export type PythonValue =
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "constant"; readonly value: boolean | null }
  /** Lists, tuples and sets; elements that could not be read are `unknown`. */
  | { readonly kind: "list"; readonly values: readonly PythonValue[] }
  /** Keys that are texts. */
  | { readonly kind: "dict"; readonly entries: ReadonlyMap<string, PythonValue> }
  /** `CUDAExtension(…)`: the last part of what is called. */
  | { readonly kind: "call"; readonly name: string; readonly call: PythonCall }
  | { readonly kind: "unknown" };

export interface PythonCall {
  readonly positional: readonly PythonValue[];
  readonly named: ReadonlyMap<string, PythonValue>;
  /** Has `**arguments`, whose names nobody sees. */
  readonly open: boolean;
}

const UNKNOWN: PythonValue = { kind: "unknown" };
const DEPTH_MAX = 40;
/** Expressions that are read of one file: names that stand for names could else be read for ever. */
const EXPRESSIONS_MAX = 100_000;

/** The arguments of the first call of `setup()`; null when there is none. */
export function readSetupCall(source: string): PythonCall | null {
  const tokens = tokenize(source);
  const names = assignments(tokens);
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== "name" || token.value !== "setup" || !isOperator(tokens[at + 1], "(")) continue;
    const before = tokens[at - 1];
    if (before?.kind === "name" && before.value === "def") continue;
    return new Reader(tokens, at + 1, names, { left: EXPRESSIONS_MAX }).arguments(0);
  }
  return null;
}

/** The texts of a list; null when it is none, or has anything else in it. */
export function textsOf(value: PythonValue | undefined): readonly string[] | null {
  if (value?.kind !== "list") return null;
  const texts = value.values.map((each) => (each.kind === "text" ? each.value : null));
  return texts.includes(null) ? null : texts.filter((text) => text !== null);
}

/** Where the value of each name that is assigned once, at the start of a line of the module, begins. */
function assignments(tokens: readonly Token[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const often = new Set<string>();
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== "name") continue;
    const next = tokens[at + 1];
    const before = tokens[at - 1];
    const begins = before === undefined || before.kind === "end";
    if (isOperator(next, "+=") || (isOperator(next, ".") && isChange(tokens[at + 2]))) often.add(token.value);
    if (!begins || !isOperator(next, "=")) continue;
    if (found.has(token.value)) often.add(token.value);
    found.set(token.value, at + 2);
  }
  for (const name of often) found.delete(name);
  return found;
}

/** `requirements.append(…)`: the list is not what it was assigned. */
function isChange(token: Token | undefined): boolean {
  return token?.kind === "name" && ["append", "extend", "insert", "remove", "update", "pop"].includes(token.value);
}

function isOperator(token: Token | undefined, value: string): boolean {
  return token?.kind === "operator" && token.value === value;
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #names: ReadonlyMap<string, number>;
  readonly #budget: { left: number };
  #at: number;

  constructor(tokens: readonly Token[], at: number, names: ReadonlyMap<string, number>, budget: { left: number }) {
    this.#tokens = tokens;
    this.#at = at;
    this.#names = names;
    this.#budget = budget;
  }

  /** From the opening bracket to the one that closes it. */
  arguments(depth: number): PythonCall {
    const positional: PythonValue[] = [];
    const named = new Map<string, PythonValue>();
    let open = false;
    this.#at += 1;
    while (!this.#done(")")) {
      const [first, second] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
      if (isOperator(first, "**") || isOperator(first, "*")) {
        open = true;
        this.#at += 1;
        this.#element(depth);
      } else if (first?.kind === "name" && isOperator(second, "=")) {
        this.#at += 2;
        named.set(first.value, this.#element(depth));
      } else {
        positional.push(this.#element(depth));
      }
    }
    return { positional, named, open };
  }

  /** True at the closing bracket, which is then behind, and at the end; passes over commas. */
  #done(closing: string): boolean {
    while (isOperator(this.#tokens[this.#at], ",")) this.#at += 1;
    if (this.#at >= this.#tokens.length) return true;
    if (!isOperator(this.#tokens[this.#at], closing)) return false;
    this.#at += 1;
    return true;
  }

  /** An expression between brackets; goes on in any case, over what nobody understands. */
  #element(depth: number): PythonValue {
    const before = this.#at;
    const value = this.#expression(depth);
    if (this.#at === before) this.#at += 1;
    return value;
  }

  /** One expression up to a comma, a closing bracket or the end of the line; what is more than a literal is unknown. */
  #expression(depth: number): PythonValue {
    this.#budget.left -= 1;
    if (depth > DEPTH_MAX || this.#budget.left < 0) {
      this.#skip();
      return UNKNOWN;
    }
    const value = this.#operand(depth + 1);
    const next = this.#tokens[this.#at];
    const over =
      next === undefined || next.kind === "end" || (next.kind === "operator" && /^[,)\]}:]$/.test(next.value));
    if (over) return value;
    if (isOperator(next, "+") && value.kind === "list") {
      this.#at += 1;
      const more = this.#expression(depth + 1);
      return more.kind === "list" ? { kind: "list", values: [...value.values, ...more.values] } : UNKNOWN;
    }
    this.#skip();
    return UNKNOWN;
  }

  #operand(depth: number): PythonValue {
    const token = this.#tokens[this.#at];
    if (token === undefined) return UNKNOWN;
    if (token.kind === "string") return this.#text();
    if (token.kind === "name") return this.#name(token.value, depth);
    this.#at += 1;
    if (token.kind === "number") return { kind: "number", value: token.value };
    if (token.kind === "operator" && (token.value === "[" || token.value === "("))
      return this.#list(token.value === "[" ? "]" : ")", depth);
    if (token.kind === "operator" && token.value === "{") return this.#dict(depth);
    this.#at -= 1;
    return UNKNOWN;
  }

  /** Texts beside each other are one. */
  #text(): PythonValue {
    let value = "";
    let computed = false;
    for (let token = this.#tokens[this.#at]; token?.kind === "string"; token = this.#tokens[this.#at]) {
      value += token.value;
      computed ||= token.computed;
      this.#at += 1;
    }
    return computed ? UNKNOWN : { kind: "text", value };
  }

  #name(name: string, depth: number): PythonValue {
    this.#at += 1;
    if (name === "True" || name === "False") return { kind: "constant", value: name === "True" };
    if (name === "None") return { kind: "constant", value: null };
    let last = name;
    while (isOperator(this.#tokens[this.#at], ".") && this.#tokens[this.#at + 1]?.kind === "name") {
      const part = this.#tokens[this.#at + 1];
      last = part?.kind === "name" ? part.value : last;
      this.#at += 2;
    }
    if (isOperator(this.#tokens[this.#at], "(")) return { kind: "call", name: last, call: this.arguments(depth) };
    const assigned = last === name ? this.#names.get(name) : undefined;
    if (assigned === undefined) return UNKNOWN;
    // Without its own name, so that `a = a` ends.
    const others = new Map([...this.#names].filter(([each]) => each !== name));
    return new Reader(this.#tokens, assigned, others, this.#budget).#expression(depth);
  }

  #list(closing: string, depth: number): PythonValue {
    const values: PythonValue[] = [];
    const from = this.#at;
    while (!this.#done(closing)) values.push(this.#element(depth));
    // A bracket around one expression is no tuple.
    const comma = this.#tokens.slice(from, this.#at).some((token) => isOperator(token, ","));
    const [only] = values;
    return closing === ")" && values.length === 1 && only !== undefined && !comma ? only : { kind: "list", values };
  }

  #dict(depth: number): PythonValue {
    const entries = new Map<string, PythonValue>();
    const values: PythonValue[] = [];
    let keyed = false;
    while (!this.#done("}")) {
      const key = this.#element(depth);
      if (!isOperator(this.#tokens[this.#at], ":")) {
        values.push(key);
        continue;
      }
      keyed = true;
      this.#at += 1;
      const value = this.#element(depth);
      if (key.kind === "text") entries.set(key.value, value);
    }
    return keyed ? { kind: "dict", entries } : { kind: "list", values };
  }

  /** To the next comma, closing bracket or end of line of this depth. */
  #skip(): void {
    let depth = 0;
    for (; this.#at < this.#tokens.length; this.#at += 1) {
      const token = this.#tokens[this.#at];
      if (token?.kind === "end" && depth === 0) return;
      if (token?.kind !== "operator") continue;
      if (/^[([{]$/.test(token.value)) depth += 1;
      else if (/^[)\]}]$/.test(token.value)) {
        if (depth === 0) return;
        depth -= 1;
      } else if (token.value === "," && depth === 0) return;
    }
  }
}
