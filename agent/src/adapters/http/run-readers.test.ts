import { expect, test } from "vitest";
import { SecretBook } from "../../domain/redaction/secret-book.ts";
import type { FarmHttp } from "../../ports/farm-http.ts";
import { quietLog } from "../../testing/quiet-log.ts";
import { systemClock } from "../system/system-clock.ts";
import { FinalError } from "./refusal.ts";
import { RunReaders } from "./run-readers.ts";

const PASSWORD = "password-of-the-reader";
const { signal } = new AbortController();
const PARTS = { clock: systemClock, log: quietLog, random: () => 0 };

function answering(...answers: readonly (() => Response)[]): FarmHttp & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (path) => {
      const answer = answers[Math.min(asked.push(path), answers.length) - 1];
      if (!answer) throw new Error("nothing is to be asked");
      return answer();
    },
  };
}

const reader = () => Response.json({ user: "r7", password: PASSWORD });

test("the coordinator is asked once for each run, and its password is a secret from then on", async () => {
  const http = answering(() => new Response("not yet", { status: 503 }), reader);
  const secrets = new SecretBook([]);
  const readers = new RunReaders(http, secrets, PARTS);
  expect(secrets.redactText(PASSWORD)).toBe(PASSWORD);
  expect(await readers.of(7, signal)).toEqual({ user: "r7", password: PASSWORD });
  await readers.of(7, signal);
  expect(http.asked).toEqual(["/api/v1/runs/r7/reader", "/api/v1/runs/r7/reader"]);
  expect(secrets.redactText(btoa(`r7:${PASSWORD}`))).toMatch(/^\*{3}=*$/);
  expect(secrets.redactText(`https://r7:${PASSWORD}@farm`)).toBe("https://r7:***@farm");
});

test("an agent that holds no job of the run is told so, and what is no reader is not taken for one", async () => {
  const refusing = answering(() => new Response("it holds none", { status: 403 }));
  await expect(new RunReaders(refusing, new SecretBook([]), PARTS).of(7, signal)).rejects.toThrow(
    /HTTP 403 it holds none/,
  );
  const strange = answering(() => Response.json({ user: "r7" }));
  await expect(new RunReaders(strange, new SecretBook([]), PARTS).of(7, signal)).rejects.toThrow(FinalError);
});
