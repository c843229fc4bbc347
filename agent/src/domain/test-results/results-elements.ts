import type { Coverage } from "../report.ts";
import type { JunitCase } from "./junit-case.ts";

/** Takes what a file says, as it is read. */
export interface ResultsSink {
  testCase(found: JunitCase): void;
  /** Wall-clock time of all its tests; called once a JUnit file. */
  duration(ms: number): void;
  /** Called once a coverage file. */
  coverage(found: Coverage): void;
}

/** What reads the elements of one kind of file. It throws ResultsError. */
export interface ResultsElements {
  open(element: ResultsElement): void;
  /** Text and character data of the element that is open. */
  text(text: string, line: number): void;
  close(name: string, line: number): void;
  end(line: number): void;
}

export interface ResultsElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** From 1. */
  readonly line: number;
}
