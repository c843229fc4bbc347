/** A results file that cannot be believed. The message names the line, and the file does the one who opened it. */
export class ResultsError extends Error {
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}
