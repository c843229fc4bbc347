/** A token of Python source, as far as literals and calls need it. */
export type Token =
  | {
      readonly kind: "string";
      readonly value: string;
      /** An f-string with fields: computed. */ readonly computed: boolean;
    }
  | { readonly kind: "name"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "operator"; readonly value: string }
  /** The end of a line outside of every bracket. */
  | { readonly kind: "end" };

const STRING = /([A-Za-z]{0,2})("""|'''|"|')/y;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER = /\d[\d_]*(\.\d+)?/y;
const OPERATOR = /\*\*|==|!=|<=|>=|->|:=|\+=|[^\s]/y;

/** Tokens of Python source; nothing is run, and what is not understood becomes an operator. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  while (at < source.length) {
    const sign = source[at] ?? "";
    if (sign === "\n") {
      if (depth === 0) tokens.push({ kind: "end" });
      at += 1;
    } else if (sign === "\\" || /\s/.test(sign)) {
      // A backslash before the end of a line joins it with the next.
      at += sign === "\\" && source[at + 1] === "\n" ? 2 : 1;
    } else if (sign === "#") {
      const end = source.indexOf("\n", at);
      at = end === -1 ? source.length : end;
    } else {
      const string = match(STRING);
      if (string !== null && /^([rbuf]|rb|br|fr|rf)?$/i.test(string[1] ?? "")) {
        const read = readString(source, at + string[0].length, string[1] ?? "", string[2] ?? "");
        tokens.push({ kind: "string", value: read.value, computed: read.computed });
        at = read.end;
        continue;
      }
      const [text, token] = plainToken(match);
      if (token.kind === "operator") depth = Math.max(0, depth + bracket(token.value));
      tokens.push(token);
      at += text.length;
    }
  }
  return tokens;
}

function plainToken(match: (pattern: RegExp) => RegExpExecArray | null): readonly [text: string, token: Token] {
  const name = match(NAME)?.[0];
  if (name !== undefined) return [name, { kind: "name", value: name }];
  const number = match(NUMBER)?.[0];
  if (number !== undefined) return [number, { kind: "number", value: Number(number.replaceAll("_", "")) }];
  const operator = match(OPERATOR)?.[0] ?? " ";
  return [operator, { kind: "operator", value: operator }];
}

function bracket(operator: string): number {
  if (operator === "(" || operator === "[" || operator === "{") return 1;
  return operator === ")" || operator === "]" || operator === "}" ? -1 : 0;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

function readString(
  source: string,
  from: number,
  prefix: string,
  quote: string,
): { readonly value: string; readonly computed: boolean; readonly end: number } {
  const raw = /r/i.test(prefix);
  let value = "";
  let at = from;
  while (at < source.length && !source.startsWith(quote, at)) {
    const sign = source[at] ?? "";
    // A string of one line that does not end on it is broken source.
    if (sign === "\n" && quote.length === 1) break;
    if (sign === "\\") {
      const next = source[at + 1] ?? "";
      value += raw ? sign + next : (ESCAPES[next] ?? sign + next);
      at += 2;
    } else {
      value += sign;
      at += 1;
    }
  }
  return { value, computed: /f/i.test(prefix) && value.includes("{"), end: at + quote.length };
}
