import type { ContainerSpec } from "../spec/spec.ts";
import type { CanonicalValue } from "./canonical-json.ts";
import type { PlannedContainer } from "./plan.ts";

/** What a job on a platform asks of its container. Containers are of Linux; elsewhere there is nothing to ask. */
export function containerOn(
  platform: string,
  spec: ContainerSpec | null,
  manylinux: string | null = null,
): PlannedContainer | null {
  if (!platform.startsWith("linux-") || (spec === null && manylinux === null)) return null;
  return { image: spec?.image ?? null, manylinux, network: spec?.network ?? "none" };
}

/** Whether only an agent that runs jobs in containers can run it: any other agent passes over what names no image. */
export function namesImage(platform: string, spec: ContainerSpec | null): boolean {
  return (containerOn(platform, spec)?.image ?? null) !== null;
}

/** Its part of a job's key; without a word of the spec there is none, so that such keys are what they always were. */
export function containerKey(spec: ContainerSpec | null): Readonly<Record<string, CanonicalValue>> {
  return spec === null ? {} : { container: { image: spec.image, network: spec.network } };
}
