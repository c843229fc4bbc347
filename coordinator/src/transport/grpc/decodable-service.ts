import type { ServiceDefinition } from "@grpc/grpc-js";

/**
 * The service with requests that cannot be decoded taken for empty ones, which
 * every handler refuses as it refuses whatever lacks its fields. Left to itself
 * grpc-js ends such a call on its own while the handler may be writing: then the
 * status is never sent, and the other side waits for ever.
 */
export function decodableService<Service extends ServiceDefinition>(service: Service): Service {
  const methods = Object.entries(service).map(([name, method]) => {
    const decode = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes);
      } catch {
        return method.requestDeserialize(Buffer.alloc(0));
      }
    };
    return [name, { ...method, requestDeserialize: decode }];
  });
  return Object.fromEntries(methods) as Service;
}
