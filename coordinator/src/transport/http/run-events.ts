import { RunEvent } from "@kiln/proto";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { people } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import type { LiveStream } from "./live-stream.ts";
import { noSuchRun, runNumber, RunParams } from "./params.ts";
import { HttpProblem } from "./problem.ts";
import { responses } from "./responses.ts";

const WRITE_CHARS = 64 * 1024;
/** How long a browser waits before it reconnects. */
const RECONNECT_MS = 1_000;

const EventsQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({ minimum: 0, default: 0, description: "Only what changed after this event; 0 for everything" }),
    ),
  },
  { additionalProperties: false },
);

/**
 * Watching a run: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * Each event is the newest state of a job or of the run, so a reader that was away,
 * or is slow, gets fewer events, never wrong ones.
 */
export function runEventRoutes(app: App, context: RouteContext): void {
  app.get(
    "/runs/:run/events",
    {
      config: people("viewer"),
      schema: {
        operationId: "watchRun",
        summary: "Watch a run as server-sent events, until it is finished",
        description:
          "Event types are `job` and `run`, the data is a RunEvent, ids increase. The stream ends once the run is " +
          "finished. A `Last-Event-ID` header goes before `after`.",
        tags: ["runs"],
        params: RunParams,
        querystring: EventsQuery,
        response: responses(
          {
            200: {
              description: "What changed so far, then what changes",
              content: { "text/event-stream": { schema: RunEvent } },
            },
            204: { description: "The run is finished and nothing changed since: do not reconnect" },
          },
          "unauthorized",
          "no-such-run",
          "too-many-streams",
        ),
      },
    },
    async (request, reply) => {
      const run = runNumber(request.params.run);
      const view = await context.queries.run(run);
      if (!view) throw noSuchRun(request.params.run);
      const asked = lastEventId(request) ?? request.query.after ?? 0;
      // An id from the future is another farm's, or from before a backup was restored.
      const after = asked > view.lastEventId ? 0 : asked;
      const finished = view.state === "finished";
      if (finished && after === view.lastEventId) return reply.code(204).send();

      const stream = context.eventStreams.open(reply, {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-store",
        Connection: "close",
        // Without it nginx holds events back until its buffer is full.
        "X-Accel-Buffering": "no",
      });
      try {
        await sendEvents(stream, context, { run, after, finished });
        stream.end();
      } catch (cause) {
        request.log.error({ err: cause, run: request.params.run }, "a run could not be watched any longer");
        stream.break();
      }
      return reply;
    },
  );
}

interface Watch {
  readonly run: number;
  readonly after: number;
  /** Whether the run was finished when the watch began. */
  readonly finished: boolean;
}

/** Resolves when the run is finished and everything was sent, or the reader is gone. */
async function sendEvents(stream: LiveStream, { queries, changes, limits }: RouteContext, watch: Watch): Promise<void> {
  using _subscription = changes.onRunChanged(watch.run, stream.notify);
  const heartbeat = setInterval(() => stream.writeIfDrained(":\n\n"), limits.heartbeatIntervalMs);
  try {
    let { after, finished } = watch;
    await stream.write(`retry: ${RECONNECT_MS}\n\n`);
    while (!stream.isClosed) {
      stream.beginLookup();
      const events = await queries.eventsAfter(watch.run, after);
      for (const text of inPieces(events)) await stream.write(text);
      for (const event of events) {
        after = event.id;
        if (event.type === "run") finished = event.run.state === "finished";
      }
      if (finished) return;
      await stream.pause(limits.lookupIntervalMs);
      await stream.changed();
    }
  } finally {
    clearInterval(heartbeat);
  }
}

/** Events as text, several to a piece while they are small. */
function* inPieces(events: readonly RunEvent[]): Generator<string> {
  let piece = "";
  for (const event of events) {
    piece += `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    if (piece.length < WRITE_CHARS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

function lastEventId(request: FastifyRequest): number | null {
  const header = request.headers["last-event-id"];
  if (header === undefined || header === "") return null;
  const id = Number(header);
  if (Number.isSafeInteger(id) && id >= 0) return id;
  throw new HttpProblem("invalid-request", "Last-Event-ID must be the id of an event of this stream: a whole number");
}
