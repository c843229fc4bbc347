export { freePort } from "./free-port.ts";
export { findNatsServer, startNatsServer, type NatsServer, type NatsServerOptions } from "./nats-server.ts";
export { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
