import { toText, type Line } from "../render/line.ts";
import { ASCII_SYMBOLS, UNICODE_SYMBOLS, type Symbols } from "../render/symbols.ts";

/** A stream as far as the CLI needs it; `process.stdout` is one. */
export interface TextStream {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface OutputOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly json: boolean;
  /** False with `--no-color`. */
  readonly colour: boolean;
}

/** Width of what is not a terminal: wide enough that nothing useful is cut. */
const COLUMNS_WITHOUT_TERMINAL = 160;
const COLUMNS_MIN = 20;

/** Where a command's text goes: results to stdout, everything said on the way to stderr. */
export class Output {
  readonly symbols: Symbols;
  /** True when progress may be redrawn in place. */
  readonly live: boolean;
  readonly stdout: TextStream;
  readonly #stderr: TextStream;
  readonly #json: boolean;
  readonly #colourOut: boolean;
  readonly #colourErr: boolean;

  constructor(options: OutputOptions) {
    const { stdout, stderr, env, json } = options;
    this.stdout = stdout;
    this.#stderr = stderr;
    this.#json = json;
    this.symbols = isUnicodeTerminal(env, options.platform) ? UNICODE_SYMBOLS : ASCII_SYMBOLS;
    this.live = stdout.isTTY === true && env["TERM"] !== "dumb" && !json;
    const wanted = options.colour && !env["NO_COLOR"] && env["TERM"] !== "dumb";
    this.#colourOut = wanted && stdout.isTTY === true;
    this.#colourErr = wanted && stderr.isTTY === true;
  }

  /** Columns of the terminal that results go to. */
  get columns(): number {
    return Math.max(COLUMNS_MIN, this.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL);
  }

  get rows(): number {
    return this.stdout.rows ?? 24;
  }

  /** Prints lines of a result; nothing with `--json`. */
  lines(lines: readonly Line[]): void {
    if (this.#json || lines.length === 0) return;
    this.stdout.write(lines.map((line) => `${this.paint(line)}\n`).join(""));
  }

  /** Prints plain lines of a result; nothing with `--json`. */
  text(...texts: readonly string[]): void {
    this.lines(texts.map((text) => [{ text, tone: "plain" }]));
  }

  /** Prints the one document of `--json`; nothing without it. */
  document(value: unknown): void {
    if (this.#json) this.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** Prints one line of a JSON stream; nothing without `--json`. */
  record(value: unknown): void {
    if (this.#json) this.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Says something beside the result, on stderr. */
  note(...texts: readonly string[]): void {
    this.noteLines(texts.map((text) => [{ text, tone: "plain" }]));
  }

  noteLines(lines: readonly Line[]): void {
    this.#stderr.write(lines.map((line) => `${toText(line, this.#colourErr)}\n`).join(""));
  }

  /** Text on stderr as it is, without a line end of its own. */
  prompt(text: string): void {
    this.#stderr.write(text);
  }

  /** A line as stdout takes it: with colours when it is a terminal that wants them. */
  paint(line: Line): string {
    return toText(line, this.#colourOut);
  }
}

/** An unset locale counts as UTF-8: containers leave it unset and their terminals are not. */
function isUnicodeTerminal(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (env["TERM"] === "linux") return false;
  if (platform === "win32") return Boolean(env["WT_SESSION"] ?? env["TERM_PROGRAM"]);
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "UTF-8";
  return /utf-?8/i.test(locale);
}
