import { create } from "@bufbuild/protobuf";
import { agent as wire } from "@kiln/proto";
import { expect, it } from "vitest";
import { readHeartbeat } from "./read-heartbeat.ts";

const readingsOf = (init: Parameters<typeof create<typeof wire.HeartbeatSchema>>[1]) =>
  readHeartbeat(create(wire.HeartbeatSchema, init)).readings;

it("what a heartbeat does not say is null, and never 0", () => {
  expect(readingsOf({ cpuPressure: 0, gpus: [{ uuid: "GPU-1", temperatureCelsius: 41 }] })).toEqual({
    cpuPressure: 0,
    memoryPressure: null,
    ioPressure: null,
    memoryAvailableBytes: null,
    gpus: [
      { uuid: "GPU-1", utilizationPercent: null, temperatureCelsius: 41, smClockMhz: null, memoryUsedBytes: null },
    ],
  });
});

it("a pressure has the two decimals that the system gave it", () => {
  expect(readingsOf({ cpuPressure: Math.fround(12.34), memoryAvailableBytes: 5n })).toMatchObject({
    cpuPressure: 12.34,
    memoryAvailableBytes: 5,
  });
});

it("numbers that make no sense are none, and a thousand GPUs are not kept", () => {
  const gpus = Array.from({ length: 1_000 }, () => ({ uuid: "G".repeat(10_000), memoryUsedBytes: 2n ** 63n }));
  const readings = readingsOf({ cpuPressure: Number.NaN, memoryPressure: Infinity, ioPressure: -1, gpus });
  expect([readings.cpuPressure, readings.memoryPressure, readings.ioPressure]).toEqual([null, null, null]);
  expect(readings.gpus).toHaveLength(64);
  expect(readings.gpus[0]).toMatchObject({ memoryUsedBytes: null });
  expect(readings.gpus[0]?.uuid).toHaveLength(100);
});
