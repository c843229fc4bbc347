import { parseDurationMs, suggestDuration } from "./duration.ts";
import { readText, type Field } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { parseSizeBytes, suggestSize } from "./size.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { JobLimits } from "./spec.ts";

export const DEFAULT_LIMITS: JobLimits = { timeoutMs: 30 * 60_000, logBytesMax: 64 * 1024 * 1024 };

/** A name that every platform's shell can set. */
export const ENV_NAME = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, shape: "CFLAGS" };

export function readLimits(timeout: Field | undefined, logLimit: Field | undefined, problems: ProblemList): JobLimits {
  return {
    timeoutMs: timeout ? readTimeout(timeout, problems) : DEFAULT_LIMITS.timeoutMs,
    logBytesMax: logLimit ? readLogLimit(logLimit, problems) : DEFAULT_LIMITS.logBytesMax,
  };
}

function readTimeout(field: Field, problems: ProblemList): number {
  const shape = "a duration: 90s, 20m or 1h30m";
  const text = readText(field, shape, problems);
  if (text === null) return DEFAULT_LIMITS.timeoutMs;
  const timeoutMs = parseDurationMs(text);
  const { at } = field.value;
  if (timeoutMs === null) {
    const why = /^\d+$/.test(text) ? "has no unit (h, m or s)" : "is no duration";
    const meant = suggestDuration(text);
    problems.add(at, field.path, `${quote(text)} ${why}`, `write ${meant ?? shape}`);
    return DEFAULT_LIMITS.timeoutMs;
  }
  if (timeoutMs < SPEC_LIMITS.timeoutMsMin || timeoutMs > SPEC_LIMITS.timeoutMsMax) {
    problems.add(
      at,
      field.path,
      `${field.path} is ${text}; it can be 1s to 24h`,
      timeoutMs > 0 ? "write 24h or less" : "write 1s or more",
    );
  }
  return timeoutMs;
}

function readLogLimit(field: Field, problems: ProblemList): number {
  const { path } = field;
  const shape = "a size: 16MiB or 1GB";
  const text = readText(field, shape, problems);
  if (text === null) return DEFAULT_LIMITS.logBytesMax;
  const logBytesMax = parseSizeBytes(text);
  const { at } = field.value;
  if (logBytesMax === null) {
    const why = /^\d+$/.test(text) ? "has no unit (B, kB, MB, GB, KiB, MiB or GiB)" : "is no size";
    const meant = suggestSize(text);
    problems.add(at, path, `${quote(text)} ${why}`, `write ${meant ?? shape}`);
    return DEFAULT_LIMITS.logBytesMax;
  }
  if (logBytesMax < SPEC_LIMITS.logBytesMin || logBytesMax > SPEC_LIMITS.logBytesMax) {
    const suggestion = logBytesMax < SPEC_LIMITS.logBytesMin ? "write 1KiB or more" : "write 2GiB or less";
    problems.add(at, path, `${path} is ${text}; it can be 1KiB to 2GiB`, suggestion);
  }
  return logBytesMax;
}
