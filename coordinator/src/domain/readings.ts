/** Numbers that an agent's last heartbeat had; null: its system or driver does not say. */
export interface Readings {
  /** How long programs wait for processors, memory and disks, percent of the last ten seconds. */
  readonly cpuPressure: number | null;
  readonly memoryPressure: number | null;
  readonly ioPressure: number | null;
  readonly memoryAvailableBytes: number | null;
  readonly gpus: readonly GpuReading[];
}

export interface GpuReading {
  readonly uuid: string;
  readonly utilizationPercent: number | null;
  readonly temperatureCelsius: number | null;
  readonly smClockMhz: number | null;
  readonly memoryUsedBytes: number | null;
}
