import type { FakeGpu, FakeMachine } from "./fake-machine.ts";

/**
 * `nvidia-smi -q -x` of a fake machine: the elements that are read, and some
 * that are not, in the order and spelling of nvsmi_device_v12.dtd.
 */
export function smiLog(machine: FakeMachine): string {
  return `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
	<timestamp>Sat Nov 21 11:00:00 2026</timestamp>
	<driver_version>${machine.driver}</driver_version>
	<cuda_version>${machine.cuda}</cuda_version>
	<attached_gpus>${machine.gpus.length}</attached_gpus>
${machine.gpus.map(gpuElement).join("")}
</nvidia_smi_log>
`;
}

function gpuElement(gpu: FakeGpu): string {
  const ecc = gpu.model.startsWith("NVIDIA GeForce") ? "N/A" : "Enabled";
  const count = (errors: number): string => (ecc === "N/A" ? "N/A" : String(errors));
  return `	<gpu id="${gpu.pciBusId}">
		<product_name>${gpu.model}</product_name>
		<mig_mode>
			<current_mig>${gpu.migSlices.length > 0 ? "Enabled" : "N/A"}</current_mig>
		</mig_mode>
		<mig_devices>${gpu.migSlices.length > 0 ? gpu.migSlices.map(migElement).join("") : "None"}</mig_devices>
		<uuid>${gpu.uuid}</uuid>
		<pci>
			<pci_bus_id>${gpu.pciBusId}</pci_bus_id>
		</pci>
		<clocks_event_reasons>
			<clocks_event_reason_gpu_idle>Active</clocks_event_reason_gpu_idle>
${gpu.slowdowns.map((reason) => `			<clocks_event_reason_${reason}>Active</clocks_event_reason_${reason}>\n`).join("")}
		</clocks_event_reasons>
		<fb_memory_usage>
			<total>${gpu.memoryMib} MiB</total>
			<used>${gpu.usedMib} MiB</used>
		</fb_memory_usage>
		<ecc_mode>
			<current_ecc>${ecc}</current_ecc>
		</ecc_mode>
		<ecc_errors>
			<volatile>
				<sram_correctable>0</sram_correctable>
				<sram_uncorrectable>${count(0)}</sram_uncorrectable>
				<dram_correctable>${count(gpu.eccCorrected)}</dram_correctable>
				<dram_uncorrectable>${count(gpu.eccUncorrected)}</dram_uncorrectable>
			</volatile>
			<aggregate>
				<dram_correctable>${count(gpu.eccCorrected)}</dram_correctable>
				<dram_uncorrectable>${count(gpu.eccUncorrected)}</dram_uncorrectable>
			</aggregate>
		</ecc_errors>
		<temperature>
			<gpu_temp>${gpu.sick === "" ? "41 C" : gpu.sick}</gpu_temp>
		</temperature>
		<gpu_power_readings>
			<current_power_limit>400.00 W</current_power_limit>
		</gpu_power_readings>
		<max_clocks>
			<sm_clock>1410 MHz</sm_clock>
			<mem_clock>1593 MHz</mem_clock>
		</max_clocks>
		<supported_clocks>
			<supported_mem_clock>
				<value>1593 MHz</value>
				<supported_graphics_clock>1410 MHz</supported_graphics_clock>
			</supported_mem_clock>
		</supported_clocks>
		<processes>${gpu.processes.map(processElement).join("")}</processes>
	</gpu>
`;
}

function migElement(slice: FakeGpu["migSlices"][number], index: number): string {
  return `
			<mig_device>
				<index>${index}</index>
				<fb_memory_usage>
					<total>${slice.memoryMib} MiB</total>
				</fb_memory_usage>
			</mig_device>`;
}

function processElement({ pid, name, memoryMib }: FakeGpu["processes"][number]): string {
  return `
			<process_info>
				<pid>${pid}</pid>
				<type>C</type>
				<process_name>${name}</process_name>
				<used_memory>${memoryMib} MiB</used_memory>
			</process_info>`;
}
