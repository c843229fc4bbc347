export type { Brought } from "./containers/daemon.ts";
export { BUILDER_PYTHONS, builderImage, unpackBuilderPythons } from "./containers/builder-image.ts";
export { debianRootfs, type DebianRelease } from "./containers/debian-rootfs.ts";
export { startDockerd, startPodman, type TestEngine } from "./containers/engines.ts";
export { REGISTRY_PASSWORD, REGISTRY_USER, startRegistry, type TestRegistry } from "./containers/registry.ts";
export { freePort } from "./free-port.ts";
export { findNatsServer, startNatsServer, type NatsServer, type NatsServerOptions } from "./nats-server.ts";
export { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
export { fakeGpu, fakeMachine, type FakeGpu, type FakeMachine } from "./gpu/fake-machine.ts";
export { FakeGpus } from "./gpu/fake-gpus.ts";
export {
  findWindows,
  type WindowsMachine,
  type WindowsProcess,
  type WindowsTestBed,
} from "./windows/windows-machine.ts";
export { writeStandInPython } from "./windows/stand-in-python.ts";
