import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { openFarmIdentity } from "@kiln/identity";
import { temporaryFolder } from "@kiln/testkit";
import { pino } from "pino";
import { expect, test } from "vitest";
import { tlsOptions } from "../../transport/tls/tls-material.ts";
import { CertificateRenewal } from "./certificate-renewal.ts";

const DAY_MS = 86_400_000;
const log = pino({ level: "silent" });

test("a running server shows the renewed certificate once the old one is due, and says so once", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "identity");
  let nowMs = Date.now() - 61 * DAY_MS;
  const identity = await openFarmIdentity(path, { nowMs });
  const authorityPem = identity.authority.certificatePem;
  const server = createServer(tlsOptions({ authorityPem, ...identity.server }));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const shown = async (): Promise<string | undefined> => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: "127.0.0.1", port, ca: authorityPem });
    await once(socket, "secureConnect");
    const certificate = socket.getPeerX509Certificate()?.toString();
    socket.destroy();
    return certificate;
  };
  const renewed: string[] = [];
  const renewal = new CertificateRenewal(path, identity.server, { clock: { nowMs: () => nowMs }, log }, (next) => {
    renewed.push(next.certificatePem);
    server.setSecureContext(tlsOptions({ authorityPem, ...next }));
  });
  await renewal.check();
  expect(renewed).toEqual([]);
  expect(await shown()).toBe(identity.server.certificatePem);
  nowMs = Date.now();
  await renewal.check();
  await renewal.check();
  expect(renewed).toHaveLength(1);
  expect(await shown()).toBe(renewed[0]);
  server.close();
});
