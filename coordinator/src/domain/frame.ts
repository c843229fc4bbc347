import type { Report } from "@kiln/proto";
import type { Outcome } from "./outcome.ts";
import type { Blob } from "./rows.ts";

/** What an agent says of an attempt, parsed. `seq` counts from 1 without holes. */
export interface Frame {
  readonly seq: number;
  readonly atMs: number;
  readonly body: FrameBody;
}

export type FrameBody =
  | { readonly type: "started"; readonly pythonVersion: string }
  | { readonly type: "step-started"; readonly index: number; readonly title: string; readonly logOffset: number }
  | { readonly type: "log"; readonly offset: number; readonly data: Uint8Array }
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
