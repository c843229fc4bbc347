import {
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";

type Method<M extends DescMethod> = MethodDefinition<MessageShape<M["input"]>, MessageShape<M["output"]>>;

/** A grpc-js service definition with the message types of a protobuf-es service. */
export type GrpcService<S extends DescService> = { readonly [K in keyof S["method"]]: Method<S["method"][K]> };

function codec<T extends DescMessage>(schema: T) {
  return {
    serialize: (message: MessageShape<T>): Buffer => {
      const bytes = toBinary(schema, message);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    deserialize: (bytes: Buffer): MessageShape<T> => fromBinary(schema, bytes),
  };
}

/** Turns a protobuf-es service into what grpc-js's `addService` and `makeClientConstructor` take. */
export function grpcService<S extends DescService>(service: S): GrpcService<S> & ServiceDefinition {
  const methods = Object.values(service.method).map((method) => {
    const input = codec(method.input);
    const output = codec(method.output);
    const definition: MethodDefinition<MessageShape<DescMessage>, MessageShape<DescMessage>> = {
      path: `/${service.typeName}/${method.name}`,
      requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
      responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
      requestSerialize: input.serialize,
      requestDeserialize: input.deserialize,
      responseSerialize: output.serialize,
      responseDeserialize: output.deserialize,
    };
    return [method.localName, definition];
  });
  return Object.fromEntries(methods) as GrpcService<S> & ServiceDefinition;
}
