import { describe, expect, test } from "vitest";
import { SecretBook } from "../domain/redaction/secret-book.ts";
import type { FetchSecretsResult } from "../ports/coordinator.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { FetchedSecrets } from "./fetched-secrets.ts";

const REF = { run: 1, job: 0, attempt: 1 };
const AWAY: FetchSecretsResult = { ok: false, message: "the coordinator is away", isPassing: true };
const GIVEN: FetchSecretsResult = { ok: true, values: { A_TOKEN: "hunter22-value", MORE: "not-asked-for" } };

function source(answers: readonly FetchSecretsResult[]) {
  const left = [...answers];
  const asked: unknown[] = [];
  const clock = new ManualClock();
  const secrets = new SecretBook([]);
  const coordinator = {
    fetchSecrets: async (request: unknown) => {
      asked.push(request);
      return left.length > 1 ? (left.shift() as FetchSecretsResult) : (left[0] as FetchSecretsResult);
    },
  };
  const fetched = new FetchedSecrets(
    { coordinator, secrets, clock, random: () => 1 },
    { agentId: "a", sessionId: "s" },
  );
  return { fetched, asked, clock, secrets };
}

/** Lets time pass until `done` has settled. */
async function passing<T>(clock: ManualClock, done: Promise<T>): Promise<T> {
  const settled = { yet: false };
  void done.finally(() => (settled.yet = true));
  while (!settled.yet) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1_000);
  }
  return done;
}

describe("the secrets of a job", () => {
  test("are asked for by the attempt, and redacted from the moment that they are there", async () => {
    const { fetched, asked, secrets } = source([GIVEN]);
    const got = await fetched.fetch(REF, ["A_TOKEN"], new AbortController().signal);
    if (!got.ok) throw new Error(got.message);
    expect(got.values).toEqual({ A_TOKEN: "hunter22-value" });
    expect(asked).toEqual([{ agentId: "a", sessionId: "s", ref: REF }]);
    expect(secrets.redactText("it is hunter22-value.")).toBe("it is ***.");
  });

  test("are waited for while the coordinator is away, for two minutes", async () => {
    const signal = new AbortController().signal;
    const back = source([AWAY, AWAY, GIVEN]);
    expect(await passing(back.clock, back.fetched.fetch(REF, ["A_TOKEN"], signal))).toMatchObject({ ok: true });
    const gone = source([AWAY]);
    const startedMs = gone.clock.nowMs();
    expect(await passing(gone.clock, gone.fetched.fetch(REF, ["A_TOKEN"], signal))).toEqual(AWAY);
    expect(gone.clock.nowMs() - startedMs).toBeLessThan(150_000);
  });

  test("are not asked for twice when the coordinator refuses them", async () => {
    const refused = { ok: false, message: "the secret A_TOKEN was removed", isPassing: false } as const;
    const { fetched, asked } = source([refused]);
    expect(await fetched.fetch(REF, ["A_TOKEN"], new AbortController().signal)).toEqual(refused);
    expect(asked).toHaveLength(1);
  });

  test("are all there or none is", async () => {
    const { fetched } = source([GIVEN]);
    const got = await fetched.fetch(REF, ["A_TOKEN", "__proto__", "B_TOKEN"], new AbortController().signal);
    expect(got).toMatchObject({ ok: false, message: expect.stringContaining("__proto__") });
  });

  test("are not waited for by a job that is stopped", async () => {
    const { fetched, clock } = source([AWAY]);
    const stopping = new AbortController();
    const waiting = fetched.fetch(REF, ["A_TOKEN"], stopping.signal);
    await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    expect(await waiting).toMatchObject({ ok: false });
    expect(clock.pendingTimers).toBe(0);
  });
});

test("secrets that are held stay, however many others are learned meanwhile", () => {
  const book = new SecretBook([]);
  const hold = book.hold([{ value: "held-secret" }]);
  for (let i = 0; i < 300; i++) book.learn({ value: `learned-${i}-` });
  expect(book.redactText("held-secret learned-0- learned-299-")).toBe("*** learned-0- ***");
  hold[Symbol.dispose]();
  hold[Symbol.dispose]();
  expect(book.redactText("held-secret")).toBe("***");
});
