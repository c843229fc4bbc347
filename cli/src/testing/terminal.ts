const ESC = "\u001b";
const TOKEN = new RegExp(`${ESC}\\[(\\??\\d*)([A-Za-z])|[^${ESC}]`, "gu");

/** As much of a terminal as the live table uses: text, line feeds, cursor up, erase line and erase below. */
export class Terminal {
  readonly columns: number;
  readonly rows: number;
  readonly isTTY = true;
  /** Everything that was scrolled or drawn, by line. */
  #lines: string[] = [""];
  #row = 0;
  #column = 0;
  cursorShown = true;
  writes = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    this.writes += 1;
    for (const [token, parameter, command] of text.matchAll(TOKEN)) {
      if (command !== undefined) this.#control(command, parameter ?? "");
      else if (token === "\n") this.#down();
      else if (token === "\r") this.#column = 0;
      else this.#put(token);
    }
    return true;
  }

  #control(command: string, parameter: string): void {
    const line = this.#lines[this.#row] ?? "";
    if (command === "A") this.#row = Math.max(this.#top, this.#row - Number(parameter));
    else if (command === "K") this.#lines[this.#row] = line.slice(0, this.#column);
    else if (command === "J") this.#lines = [...this.#lines.slice(0, this.#row), line.slice(0, this.#column)];
    else if (command === "h" && parameter === "?25") this.cursorShown = true;
    else if (command === "l" && parameter === "?25") this.cursorShown = false;
    else if (command !== "m" && parameter !== "?2026") throw new Error(`ESC[${parameter}${command} is not known`);
  }

  /** Lines above are scrolled away: the cursor does not reach them. */
  get #top(): number {
    return Math.max(0, this.#lines.length - this.rows);
  }

  #down(): void {
    this.#row += 1;
    this.#column = 0;
    this.#lines[this.#row] ??= "";
  }

  #put(character: string): void {
    if (this.#column >= this.columns) this.#down();
    const line = (this.#lines[this.#row] ?? "").padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }

  /** All lines, from the first one ever written. */
  get text(): string {
    return this.#lines.map((line) => line.trimEnd()).join("\n");
  }
}
