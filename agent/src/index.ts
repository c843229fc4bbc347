export {
  readConfig,
  defaultFolder,
  CONFIG_DEFAULTS,
  type AgentConfig,
  type ConfigResult,
  type LogLevel,
} from "./config.ts";
export { startAgent, type AgentDeps, type AgentHandle, type AgentStats } from "./start-agent.ts";
export { readInventory } from "./adapters/inventory/read-inventory.ts";
export { runContainer } from "./adapters/docker/container-command.ts";
export type { ContainerSpec } from "./adapters/docker/container-options.ts";
export { openEngine } from "./adapters/docker/engine.ts";
export { BlobCache } from "./adapters/http/blob-cache.ts";
export { HttpBlobClient } from "./adapters/http/http-blob-client.ts";
export { CredentialFolder } from "./adapters/disk/credential-folder.ts";
export { AgentHttp } from "./adapters/farm/farm-http.ts";
export { LiveCredentials } from "./adapters/farm/live-credentials.ts";
export { joinAtStart } from "./adapters/join/join-at-start.ts";
export { systemClock } from "./adapters/system/system-clock.ts";
export { importArguments } from "./domain/measure/ncu.ts";
export { namesArguments, readNames } from "./domain/measure/kernel-names.ts";
export type { Execution, ExecutionRequest, ExecutionSink, Executor } from "./ports/executor.ts";
export type { AckedTo, Coordinator, FrameBatch, ResultsConnection, ResultsHandlers } from "./ports/coordinator.ts";
export type { Inventory, InventoryProblem } from "./ports/inventory.ts";
export type { Interpreter, PythonSource } from "./domain/interpreter.ts";
export type { Log } from "./ports/log.ts";
