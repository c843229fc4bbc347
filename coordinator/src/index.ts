export { ConfigError, readConfig, type CoordinatorConfig, type HostPort } from "./config.ts";
export { startCoordinator, type Coordinator } from "./coordinator.ts";
export { jobStateDiagram } from "./domain/job-state-diagram.ts";
