import type { RunView } from "@kiln/proto";
import { connectFarm } from "../farm/connect.ts";
import { errorMessage } from "../program/cli-error.ts";
import type { Context } from "../program/context.ts";
import { line, span } from "../render/line.ts";
import { renderFrame } from "../render/live-frame.ts";
import { oneLine } from "../render/plain-text.ts";
import type { Reporter } from "./reporter.ts";
import { Screen } from "./screen.ts";

const TICK_MS = 200;
const EXPECTED_EVERY_MS = 5_000;

/** A table of the cells, drawn again in place, for a terminal. */
export class LiveReporter implements Reporter {
  readonly #context: Context;
  readonly #screen: Screen;
  readonly #timer: NodeJS.Timeout;
  readonly #showCursor = (): void => this.#screen.release();
  #view: RunView | null = null;
  #expectedAtMs: number | null = null;
  #askedAtMs: number;
  #notice = "";
  readonly #hint: string;

  /** `hint`: a line below the table, for example what Ctrl-C does. */
  constructor(context: Context, hint: string) {
    this.#context = context;
    this.#hint = hint;
    this.#screen = new Screen(context.out.stdout, (each) => context.out.paint(each));
    this.#askedAtMs = context.nowMs();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    process.on("exit", this.#showCursor);
  }

  view(view: RunView): void {
    this.#notice = "";
    this.#view = view;
    this.#expectedAtMs = this.#context.nowMs();
    this.#draw();
  }

  event(_event: unknown, _before: RunView, after: RunView): void {
    this.#notice = "";
    this.#view = after;
  }

  broken(why: string): void {
    this.#notice = `reconnecting: ${oneLine(why)}`;
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    process.off("exit", this.#showCursor);
    // What was reached stays on the screen when the person stops looking; else the report takes its place.
    if (this.#context.interrupted.aborted) this.#screen.release();
    else this.#screen.clear();
  }

  #tick(): void {
    const view = this.#view;
    if (view === null) return;
    this.#draw();
    const nowMs = this.#context.nowMs();
    if (nowMs - this.#askedAtMs < EXPECTED_EVERY_MS) return;
    this.#askedAtMs = nowMs;
    void this.#askExpected(view.run);
  }

  /** The expected time is in no event; a farm that does not answer is told of elsewhere. */
  async #askExpected(run: string): Promise<void> {
    try {
      const { expectedMs } = await (await connectFarm(this.#context)).run(run);
      if (this.#view === null) return;
      this.#view = { ...this.#view, expectedMs };
      this.#expectedAtMs = this.#context.nowMs();
    } catch (error) {
      this.#notice ||= this.#context.interrupted.aborted ? "" : oneLine(errorMessage(error));
    }
  }

  #draw(): void {
    if (this.#view === null) return;
    const { out } = this.#context;
    const hint = this.#hint !== "" && out.rows > 8 && this.#hint.length < out.columns;
    const frame = renderFrame(this.#view, {
      // A full last column makes some terminals break the line.
      width: out.columns - 1,
      height: Math.max(4, out.rows - (hint ? 2 : 1)),
      nowMs: this.#context.nowMs(),
      expectedAtMs: this.#expectedAtMs,
      notice: this.#notice,
      symbols: out.symbols,
    });
    this.#screen.draw(hint ? [...frame, line(span(this.#hint, "dim"))] : frame);
  }
}
