import fc from "fast-check";
import { expect, it } from "vitest";
import { parseSmiLog } from "./smi-log.ts";

/** Written after nvsmi_device_v10.dtd to v13.dtd: only what differs between them, and around it what is not read. */
function log(
  gpu: string,
  head = "<driver_version>535.54.03</driver_version><cuda_version>12.2</cuda_version>",
): string {
  return `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>${head}<gpu id="00000000:01:00.0"><uuid>GPU-1</uuid>${gpu}</gpu></nvidia_smi_log>`;
}

const gpuOf = (text: string) => parseSmiLog(log(text))?.gpus[0];

it("ECC errors are summed the way each generation of drivers counts them, and are null where nothing is counted", () => {
  const old = `<ecc_errors><volatile>
    <single_bit><device_memory>2</device_memory><total>5</total></single_bit>
    <double_bit><device_memory>1</device_memory><total>1</total></double_bit></volatile></ecc_errors>`;
  const new13 = `<ecc_errors><volatile><sram_correctable>1</sram_correctable>
    <sram_uncorrectable_parity>2</sram_uncorrectable_parity><sram_uncorrectable_secded>3</sram_uncorrectable_secded>
    <dram_correctable>4</dram_correctable><dram_uncorrectable>N/A</dram_uncorrectable></volatile></ecc_errors>`;
  expect(gpuOf(old)?.eccVolatile).toEqual({ corrected: 5, uncorrected: 1 });
  expect(gpuOf(new13)?.eccVolatile).toEqual({ corrected: 5, uncorrected: 5 });
  expect(
    gpuOf("<ecc_errors><volatile><dram_correctable>N/A</dram_correctable></volatile></ecc_errors>")?.eccVolatile,
  ).toEqual({
    corrected: null,
    uncorrected: null,
  });
});

it("slowdowns have one meaning under both of their names; an idle GPU is not slowed down", () => {
  const reasons = (word: string) => `<clocks_${word}_reasons>
    <clocks_${word}_reason_gpu_idle>Active</clocks_${word}_reason_gpu_idle>
    <clocks_${word}_reason_hw_thermal_slowdown>Active</clocks_${word}_reason_hw_thermal_slowdown>
    <clocks_${word}_reason_hw_slowdown>Not Active</clocks_${word}_reason_hw_slowdown></clocks_${word}_reasons>`;
  for (const word of ["throttle", "event"]) expect(gpuOf(reasons(word))?.slowdowns).toEqual(["hw thermal slowdown"]);
});

it.each([
  ["<gpu_recovery_action>Reset</gpu_recovery_action>", "Reset"],
  ["<gpu_recovery_action>None</gpu_recovery_action>", ""],
  ["<gpu_reset_status><reset_required>Yes</reset_required></gpu_reset_status>", "Reset"],
  [
    "<gpu_reset_status><reset_required>Requested functionality has been deprecated</reset_required></gpu_reset_status>",
    "",
  ],
])("what the driver wants done is read from %s", (text, wants) => {
  expect(gpuOf(text)?.wants).toBe(wants);
});

it("processes are told by whether they compute; their arguments are left out", () => {
  const info = (type: string, name: string) =>
    `<process_info><pid>7</pid><type>${type}</type><process_name>${name}</process_name><used_memory>22 MiB</used_memory></process_info>`;
  const processes = gpuOf(
    `<processes>${info("G", "/usr/lib/xorg/Xorg")}${info("C+G", "/opt/app --key=secret")}</processes>`,
  )?.processes;
  expect(processes?.map(({ computes, name }) => [computes, name])).toEqual([
    [false, "/usr/lib/xorg/Xorg"],
    [true, "/opt/app"],
  ]);
});

it("values that the driver could not read make the GPU a sick one, with the fields in words", () => {
  const gpu = gpuOf("<temperature><gpu_temp>Unknown Error</gpu_temp></temperature><fan_speed>ERR!</fan_speed>");
  expect(gpu?.sick).toBe("gpu_temp: Unknown Error; fan_speed: ERR!");
  expect(gpu?.temperatureCelsius).toBeNull();
});

it("a driver without a CUDA version, and a GPU with a uuid and little else, are read", () => {
  const parsed = parseSmiLog(log("<fb_memory_usage><total>4096 MiB</total></fb_memory_usage>", ""));
  expect(parsed).toMatchObject({
    driver: "",
    cuda: "",
    gpus: [{ uuid: "GPU-1", memoryBytes: 4096 * 1024 ** 2, processes: [] }],
  });
});

it("no text makes it throw; what is no such document is null", () => {
  const whole = log("<processes><process_info><pid>1</pid></process_info></processes>");
  fc.assert(
    fc.property(fc.nat(whole.length), fc.string({ maxLength: 20 }), (at, put) => {
      const parsed = parseSmiLog(whole.slice(0, at) + put + whole.slice(at));
      return parsed === null || parsed.gpus.length <= 1;
    }),
  );
  for (const text of ["", "NVIDIA-SMI has failed", "<a/>", "<nvidia_smi_log>", "<a>".repeat(100_000)]) {
    expect(parseSmiLog(text)).toBeNull();
  }
});
