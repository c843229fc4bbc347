/** A message that does not fit the contract; the stream ends with INVALID_ARGUMENT. */
export class BadMessageError extends Error {}
