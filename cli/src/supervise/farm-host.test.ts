import { expect, test } from "vitest";
import { hostPort, parseHost } from "./farm-host.ts";

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

test("a farm listens on the first address and is certified for all that is given, and this machine", () => {
  expect(parseHost("10.0.0.5, farm.example,fd00::5")).toEqual({
    ...{ listen: "10.0.0.5", local: "10.0.0.5" },
    names: [...LOOPBACK, "10.0.0.5", "farm.example", "fd00::5"],
  });
});

test("every address of the machine is reached by the loopback one, and certified with the machine's name", () => {
  const machine = () => ["192.168.1.7", "box"];
  expect(parseHost("0.0.0.0,farm.example", machine)).toEqual({
    ...{ listen: "0.0.0.0", local: "127.0.0.1" },
    names: [...LOOPBACK, "192.168.1.7", "box", "farm.example"],
  });
  expect(parseHost("[::]", machine)).toMatchObject({ listen: "::", local: "::1" });
  expect(parseHost("0.0.0.0").names.length).toBeGreaterThanOrEqual(LOOPBACK.length);
});

test.each(["", "farm.example", "10.0.0.5,not a name", "10.0.0.5,-x", "10.0.0.5,a..b"])(
  "--host %j is refused",
  (text) => {
    expect(() => parseHost(text)).toThrow(/--host/);
  },
);

test("an address of IPv6 is in brackets where a port follows", () => {
  expect([hostPort("::1", 80), hostPort("127.0.0.1", 80)]).toEqual(["[::1]:80", "127.0.0.1:80"]);
});
