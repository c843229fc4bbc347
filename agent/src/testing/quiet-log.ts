import type { Log } from "../ports/log.ts";

/** A log that nobody reads. */
export const quietLog: Log = { debug: noop, info: noop, warn: noop, error: noop };

function noop(): void {}
