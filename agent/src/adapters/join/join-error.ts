import { joinFailureWords, type JoinFailure } from "../../domain/join/join-failure.ts";

/** This machine is no agent of a farm. The message says why and what to do. */
export class JoinError extends Error {
  readonly failure: JoinFailure | null;

  constructor(message: string, failure: JoinFailure | null = null) {
    super(message);
    this.name = "JoinError";
    this.failure = failure;
  }

  static of(failure: JoinFailure): JoinError {
    const { message, advice } = joinFailureWords(failure);
    return new JoinError(`${message}\n${advice}`, failure);
  }
}
