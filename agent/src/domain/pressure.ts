/** How long programs wait for something (Linux pressure stall information), percent of the last ten seconds. */
export interface Pressure {
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly io: number | null;
}

/** "some avg10" of a file of /proc/pressure (docs.kernel.org/accounting/psi.html); null: it is not there. */
export function parsePressure(text: string | null): number | null {
  const value = /^some avg10=(\d{1,3}\.\d{2})\b/m.exec(text ?? "")?.[1];
  return value === undefined ? null : Number(value);
}
