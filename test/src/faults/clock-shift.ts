// Loaded before a process of the farm (`node --import`): lets a test move the
// process's wall clock, as somebody who sets it would. The shift in
// milliseconds is in the file that KILN_TEST_CLOCK names, read anew at every
// SIGUSR2; monotonic time and timers go on as they do on a real machine.
// `FILE.reader` has the process's number before the file is read for the first
// time: earlier the signal would end the process.
import { readFileSync, writeFileSync } from "node:fs";

const file = process.env["KILN_TEST_CLOCK"];
if (file !== undefined) {
  const RealDate = Date;
  const realNow = Date.now.bind(Date);
  let shiftMs = 0;
  const read = (): void => {
    try {
      shiftMs = Number(readFileSync(file, "utf8")) || 0;
    } catch {
      shiftMs = 0;
    }
  };
  process.on("SIGUSR2", read);
  writeFileSync(`${file}.reader`, String(process.pid));
  read();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [realNow() + shiftMs] : args, newTarget) as Date,
    get: (target, key, receiver) =>
      key === "now" ? () => realNow() + shiftMs : (Reflect.get(target, key, receiver) as unknown),
  });
}
