import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { bodyText, httpServer, sendJson } from "../../testing/http-server.ts";
import { runKiln } from "../../testing/run-kiln.ts";

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** A farm that answers everything as told, and what it was asked. */
async function farm(answer: (request: IncomingMessage) => { readonly status?: number; readonly body?: unknown }) {
  const asked: Asked[] = [];
  const server = await httpServer(async (request, response) => {
    asked.push({ method: request.method ?? "", url: request.url ?? "", body: await bodyText(request) });
    const { status = 200, body } = answer(request);
    if (status === 429) response.setHeader("retry-after", "1");
    if (body === undefined) return void response.writeHead(status).end();
    sendJson(response, body, status);
  });
  const env = { KILN_URL: server.url, KILN_TOKEN: "a-token", KILN_HOME: "/nonexistent/kiln" };
  return { asked, env, [Symbol.asyncDispose]: () => server.close() };
}

const TOKEN = { name: "ci", role: "viewer", createdAtMs: 0, createdBy: "owner", expired: false, usedAtMs: null };
const SECRET = { name: "INDEX_TOKEN", project: null, setAtMs: 0, setBy: "owner", readable: true };

describe("token create", () => {
  test("prints the token alone on stdout, so that a script can take it", async () => {
    await using at = await farm(() => ({
      status: 201,
      body: { ...TOKEN, expiresAtMs: 86_400_000, token: "kiln_api_x" },
    }));
    const result = await runKiln(["token", "create", "ci", "--role", "viewer", "--expires", "1d"], { env: at.env });
    expect(result).toMatchObject({ exitCode: 0, stdout: "kiln_api_x\n" });
    expect(result.stderr).toContain("until 1970-01-02T00:00:00.000Z. Keep it now: it is not shown again.");
    expect(at.asked).toMatchObject([{ method: "POST", url: "/api/v1/tokens" }]);
    expect(JSON.parse(at.asked[0]?.body ?? "")).toEqual({ name: "ci", role: "viewer", expiresInMs: 86_400_000 });
  });

  test.each([
    [["ci"], "The token needs a role."],
    [["ci", "--role", "root"], "--role root is no role."],
    [["ci", "--role", "viewer", "--expires", "soon"], "--expires soon is not a time like 30m"],
  ])("%j is told what is missing", async (args, message) => {
    const result = await runKiln(["token", "create", ...args], { env: { KILN_URL: "http://127.0.0.1:9" } });
    expect(result).toMatchObject({ exitCode: 64, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});

test("token list shows roles, ends and last uses, and token revoke takes one back", async () => {
  const tokens = [
    { ...TOKEN, expiresAtMs: null },
    { ...TOKEN, name: "old", expiresAtMs: 1, expired: true },
  ];
  await using at = await farm(({ method }) => (method === "GET" ? { body: { tokens } } : { status: 204 }));
  const { stdout } = await runKiln(["token", "list"], { env: at.env });
  expect(stdout).toMatch(/ci +viewer +for ever +never/);
  expect(stdout).toMatch(/old +viewer +✗ expired/);
  expect(await runKiln(["token", "revoke", "ci"], { env: at.env })).toMatchObject({ exitCode: 0 });
  expect(at.asked.at(-1)).toMatchObject({ method: "DELETE", url: "/api/v1/tokens/ci" });
});

describe("secret set", () => {
  test("takes the value from standard input, without the line end, and shows it nowhere", async () => {
    await using at = await farm(() => ({ body: SECRET }));
    const result = await runKiln(["secret", "set", "INDEX_TOKEN"], { env: at.env, stdin: "hunter22\nvalue\n" });
    expect(result.exitCode).toBe(0);
    expect(result.stdout + result.stderr).not.toContain("hunter22");
    expect(at.asked).toMatchObject([{ method: "PUT", url: "/api/v1/secrets/INDEX_TOKEN" }]);
    expect(JSON.parse(at.asked[0]?.body ?? "")).toEqual({ value: "hunter22\nvalue" });
  });

  test("is refused without a value, and with the value as an argument", async () => {
    await using at = await farm(() => ({ body: SECRET }));
    const none = await runKiln(["secret", "set", "INDEX_TOKEN"], { env: at.env, stdin: "\n" });
    expect(none).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("There is no value.") });
    const shown = await runKiln(["secret", "set", "INDEX_TOKEN", "hunter22"], { env: at.env, stdin: "" });
    expect(shown).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("too many arguments") });
    expect(at.asked).toEqual([]);
  });
});

test("secret list says which the farm cannot read, and secret remove which project's goes", async () => {
  const secrets = [SECRET, { ...SECRET, project: "demo", readable: false }];
  await using at = await farm(({ method }) => (method === "GET" ? { body: { secrets } } : { status: 204 }));
  const { stdout } = await runKiln(["secret", "list"], { env: at.env });
  expect(stdout).toMatch(/INDEX_TOKEN +demo +✗ of another key: set it again/);
  await runKiln(["secret", "remove", "INDEX_TOKEN", "--project", "demo"], { env: at.env });
  expect(at.asked.at(-1)).toMatchObject({ method: "DELETE", url: "/api/v1/secrets/INDEX_TOKEN?project=demo" });
});

test("audit asks page by page and prints the newest last", async () => {
  const entry = (id: number) => ({
    ...{ id, atMs: id * 1_000, who: "token:ci", what: "run.submit", object: `r${id}`, outcome: "done" },
    ...{ from: "127.0.0.1", detail: "" },
  });
  await using at = await farm(({ url }) =>
    url?.includes("before=2")
      ? { body: { entries: [entry(1)], next: null } }
      : { body: { entries: [entry(2)], next: 2 } },
  );
  const args = ["audit", "--since", "1d", "--who", "token:ci", "--what", "run.submit"];
  const { stdout } = await runKiln(args, { env: at.env });
  expect(stdout.match(/r\d/g)).toEqual(["r1", "r2"]);
  expect(at.asked[0]?.url).toMatch(/^\/api\/v1\/audit\?since=\d+&who=token%3Aci&what=run\.submit&limit=50$/);
  expect(at.asked).toHaveLength(2);
});

test("a farm that takes no more requests for now is waited for, and that is said", async () => {
  let times = 0;
  const problem = { type: "urn:kiln:problem:too-many-requests", title: "Too many", status: 429, detail: "wait" };
  await using at = await farm(() => (++times < 3 ? { status: 429, body: problem } : { body: { tokens: [] } }));
  const result = await runKiln(["token", "list"], { env: at.env });
  expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("No token yet.") });
  expect(result.stderr).toBe("The farm takes no more requests for now: going on in 1 s.\n".repeat(2));
});
