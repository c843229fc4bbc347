import { availableParallelism, cpus, release, totalmem } from "node:os";
import { execFileSync } from "node:child_process";

export function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

export function row(name: string, value: string, against = ""): void {
  say(`${name.padEnd(46)} ${value.padStart(14)}   ${against}`);
}

export const ms = (value: number): string => `${value.toFixed(2)} ms`;
export const seconds = (valueMs: number): string => `${(valueMs / 1000).toFixed(2)} s`;
export const perSecond = (value: number): string => `${Math.round(value).toLocaleString("en")}/s`;
export const mb = (value: number | null): string => (value === null ? "not known" : `${Math.round(value)} MB`);
export const mbs = (value: number): string => `${Math.round(value)} MB/s`;
export const met = (isMet: boolean): string => (isMet ? "met" : "NOT met");

export function describeMachine(): void {
  const [cpu] = cpus();
  say(
    `${cpu?.model ?? "a CPU"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}`,
  );
}

/** What one measurement left to be written must not be paid for by the next. */
export function settleDisk(): void {
  if (process.platform !== "win32") execFileSync("sync");
}
