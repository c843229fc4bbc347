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
export type { Execution, ExecutionRequest, ExecutionSink, Executor } from "./ports/executor.ts";
export type { Inventory, InventoryProblem } from "./ports/inventory.ts";
export type { Interpreter, PythonSource } from "./domain/interpreter.ts";
export type { Log } from "./ports/log.ts";
