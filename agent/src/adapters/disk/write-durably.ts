import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { replaceFile } from "./replace-file.ts";

/** Writes a file that is whole and on the disk when this returns, or not there under its name. */
export function writeDurably(path: string, text: string, mode: number): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w", mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  replaceFile(temporary, path);
}
