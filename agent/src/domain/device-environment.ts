import type { Job } from "./job.ts";

/**
 * The job with the variables by which CUDA shows it the GPUs that it has, and no
 * others; its own of these names do not count. Where the machine has GPUs, a job
 * without one sees none: another job may have them to itself. UUIDs of GPUs and
 * MIG slices are understood since CUDA 8 ("CUDA Environment Variables").
 */
export function withDevices(job: Job, machineHasGpus: boolean): Job {
  const gpus = job.devices?.gpus ?? [];
  if (gpus.length === 0 && !machineHasGpus) return job;
  const set = { CUDA_VISIBLE_DEVICES: gpus.join(","), CUDA_DEVICE_ORDER: "PCI_BUS_ID" };
  return { ...job, env: { ...job.env, ...set } };
}
