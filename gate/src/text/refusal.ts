/** Why a file was not read. */
export interface ReadProblem {
  /** As the caller named it. */
  readonly file: string;
  /** `benchmarks[1].stats.median (line 40, column 23)`, `line 3, column "p50_ms"`; `the file` when it is about all of it. */
  readonly place: string;
  /** What is wrong. */
  readonly problem: string;
  /** What to do instead; empty when the problem says it. */
  readonly advice: string;
}

export type Read<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly problem: ReadProblem };

/** `results.json: benchmarks[1].stats.median (line 40, column 23): is "x", not a number. …` */
export function describeProblem({ file, place, problem, advice }: ReadProblem): string {
  return `${file}: ${place}: ${problem}${advice === "" ? "" : `. ${advice}`}`;
}

/** Thrown inside the readers, and turned into a `ReadProblem` by `attempt`: it never leaves them. */
export class Refusal extends Error {
  readonly place: string;
  readonly advice: string;

  constructor(place: string, problem: string, advice = "") {
    super(problem);
    this.name = "Refusal";
    this.place = place;
    this.advice = advice;
  }
}

/** Runs a reader. What it refuses becomes a value; what it did not foresee stays an exception. */
export function attempt<T extends object>(file: string, read: () => T): Read<T> {
  try {
    return { ok: true, ...read() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, problem: { file, place: error.place, problem: error.message, advice: error.advice } };
  }
}

/** A piece of a file as it can be shown: one line, 60 characters, control characters escaped. */
export function shown(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return JSON.stringify(cut);
}
