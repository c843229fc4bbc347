import { formatBytes } from "./units.ts";
import { utf8Length } from "./log-text.ts";

/** The last line of a log that was cut: what the limit is and that nothing follows. */
export function limitMark(logBytesMax: number): string {
  return `\n[kiln] the output limit of ${formatBytes(logBytesMax)} is reached: the job is stopped and its output ends here\n`;
}

/** How many bytes of output fit before the mark, so that log and mark together keep to the limit. */
export function bytesBeforeMark(logBytesMax: number): number {
  return Math.max(0, logBytesMax - utf8Length(limitMark(logBytesMax)));
}
