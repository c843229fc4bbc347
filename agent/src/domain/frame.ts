import type { Blob } from "./job.ts";
import type { Outcome } from "./outcome.ts";
import type { Report } from "./report.ts";

/** Most bytes of output in one frame. */
export const LOG_CHUNK_BYTES_MAX = 64 * 1024;

/** What an agent says of an attempt; the spool numbers these from 1 without holes. */
export type FrameBody =
  /** `pythonVersion` is exact, or empty where the executor uses none. */
  | { readonly type: "started"; readonly pythonVersion: string }
  /** `index` counts from 0; `logOffset` is where the step's output begins. */
  | { readonly type: "step-started"; readonly index: number; readonly title: string; readonly logOffset: number }
  /** At most LOG_CHUNK_BYTES_MAX bytes; the spool copies them. */
  | { readonly type: "log"; readonly offset: number; readonly data: Uint8Array }
  /** `exitCode` is the exit status, or 128 + signal number. */
  | { readonly type: "step-finished"; readonly index: number; readonly exitCode: number; readonly durationMs: number }
  | { readonly type: "artifact"; readonly role: string; readonly blob: Blob }
  | { readonly type: "report"; readonly report: Report }
  | {
      readonly type: "finished";
      readonly outcome: Outcome;
      readonly summary: string;
      readonly excerpt: string;
      readonly logBytesDropped: number;
    };
