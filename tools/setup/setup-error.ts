/** Something that a person has to put right before Kiln can run here. */
export class SetupError extends Error {
  override readonly name = "SetupError";
  /** What to do, a line each. */
  readonly hints: readonly string[];

  constructor(message: string, hints: readonly string[]) {
    super(message);
    this.hints = hints;
  }
}

/** A line for the person, on standard error: standard output belongs to the command. */
export function say(line: string): void {
  process.stderr.write(`kiln: ${line}\n`);
}

/** Runs a setup script: exit status 3 (could not run) and no stack trace for what a person can put right. */
export async function setupMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    for (const hint of error.hints) process.stderr.write(`      ${hint}\n`);
    process.exitCode = 3;
  }
}
