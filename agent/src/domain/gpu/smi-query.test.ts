import { expect, it } from "vitest";
import { parseCapabilities, parseGpus, parseReadings } from "./smi-query.ts";

it("every GPU of the main query is read, its memory in bytes; what is none is kept as it came", () => {
  const output = [
    "GPU-5d5b, NVIDIA H100 80GB HBM3, 81559, 535.104.05, 00000000:3B:00.0",
    "GPU-77aa, [Unknown Error], [Unknown Error], 535.104.05, 00000000:5E:00.0",
    "[GPU requires reset], Tesla T4, 15360, 535.104.05, 00000000:AF:00.0",
    "Unable to determine the device handle for GPU0000:D8:00.0: GPU is lost.",
    "",
  ].join("\r\n");
  const { gpus, others } = parseGpus(output);
  expect(gpus).toEqual([
    {
      uuid: "GPU-5d5b",
      model: "NVIDIA H100 80GB HBM3",
      memoryBytes: 81559 * 1024 * 1024,
      driver: "535.104.05",
      pciBusId: "00000000:3B:00.0",
    },
  ]);
  expect(others).toHaveLength(3);
});

it("a query that fails gives no compute capabilities, and one that answers gives them by uuid", () => {
  expect(parseCapabilities('Field "compute_cap" is not a valid field to query.\n')).toEqual(new Map());
  expect(parseCapabilities("GPU-1, 9.0\nGPU-2, [N/A]\n")).toEqual(new Map([["GPU-1", "9.0"]]));
});

it("a reading that the driver does not have is null, and never 0", () => {
  expect(parseReadings("GPU-1, [N/A], 41, 345, 4\nGPU-2, 0, [Unknown Error], [N/A], [N/A]\nno devices\n")).toEqual([
    {
      uuid: "GPU-1",
      utilizationPercent: null,
      temperatureCelsius: 41,
      smClockMhz: 345,
      memoryUsedBytes: 4 * 1024 ** 2,
    },
    { uuid: "GPU-2", utilizationPercent: 0, temperatureCelsius: null, smClockMhz: null, memoryUsedBytes: null },
  ]);
});
