import { create } from "@bufbuild/protobuf";
import { agent as wire, grpcService } from "@kiln/proto";
import { expect, test } from "vitest";
import { decodableService } from "./decodable-service.ts";

test("a request that cannot be decoded is taken for one that lacks everything, and any other for what it is", () => {
  const service = grpcService(wire.AgentService);
  const decodable = decodableService(service);
  const valid = service.register.requestSerialize(create(wire.RegisterRequestSchema, { agentId: "a", slots: 2 }));
  expect(decodable.register.requestDeserialize(valid)).toMatchObject({ agentId: "a", slots: 2 });
  const broken = valid.subarray(0, valid.length - 1);
  expect(() => service.register.requestDeserialize(broken)).toThrow();
  expect(decodable.register.requestDeserialize(broken)).toEqual(create(wire.RegisterRequestSchema));
  expect(decodable.streamResults).toMatchObject({ requestStream: true, path: service.streamResults.path });
});
