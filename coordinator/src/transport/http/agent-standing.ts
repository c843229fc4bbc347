import { AddWindowBody, AgentDetail, ClearHealthBody, SetModeBody } from "@kiln/proto";
import { Type } from "typebox";
import type { AgentCommandOutcome } from "../../services/agent-commands.ts";
import { people } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";

const AgentParams = Type.Object({
  agent: Type.String({ minLength: 1, maxLength: 200, description: "The agent's id, or a name that only one has" }),
});
const WindowParams = Type.Object({ ...AgentParams.properties, window: Type.Integer({ minimum: 1 }) });

/** The agent after a change, or why there was none. */
type Changed = (outcome: AgentCommandOutcome) => Promise<AgentDetail>;

const ANSWER = { 200: json("The agent", AgentDetail) };
const SCHEMA = { tags: ["farm"], params: AgentParams };
const REFUSALS = ["unauthorized", "no-such-agent", "ambiguous-agent", "too-large", "unsupported-media-type"] as const;

/** How agents stand: what operators let them do, and how well they are. */
export function agentStandingRoutes(app: App, context: RouteContext): void {
  const { queries } = context;
  const detail = async (agent: string): Promise<AgentDetail> => {
    const view = await queries.agent(agent);
    if (view) return view;
    throw new HttpProblem("no-such-agent", `no agent is called ${agent}; GET /api/v1/agents lists them`);
  };
  const changed: Changed = async (outcome) => {
    if (!outcome.ok) throw new HttpProblem(outcome.reason, outcome.detail);
    return detail(outcome.agentId);
  };
  const show = { operationId: "getAgent", summary: "Show an agent with what it found of its health" };
  const shown = responses(ANSWER, "unauthorized", "no-such-agent");
  app.get(
    "/agents/:agent",
    { config: people("viewer"), schema: { ...SCHEMA, ...show, response: shown } },
    async (request) => detail(request.params.agent),
  );
  modeRoutes(app, context, changed);
  windowRoutes(app, context, changed);
}

function modeRoutes(app: App, { agents }: RouteContext, changed: Changed): void {
  const mode = { operationId: "setAgentMode", summary: "Let an agent work, drain it, or pause it", body: SetModeBody };
  const moded = responses(ANSWER, ...REFUSALS);
  app.post(
    "/agents/:agent/mode",
    { config: people("operator"), schema: { ...SCHEMA, ...mode, response: moded } },
    async (request) => {
      const { mode: name, reason = "" } = request.body;
      return changed(await agents.setMode(request.params.agent, name, reason, actorOf(request)));
    },
  );

  const clear = {
    operationId: "clearAgentHealth",
    summary: "Let an agent, or one of its GPUs, have jobs again after a failed health check",
    body: ClearHealthBody,
  };
  const cleared = responses(ANSWER, ...REFUSALS, "no-such-gpu");
  app.post(
    "/agents/:agent/clear",
    { config: people("operator"), schema: { ...SCHEMA, ...clear, response: cleared } },
    async (request) => changed(await agents.clear(request.params.agent, request.body.gpu ?? null, actorOf(request))),
  );
}

function windowRoutes(app: App, { agents }: RouteContext, changed: Changed): void {
  const add = {
    operationId: "addMaintenanceWindow",
    summary: "Say when the agent's machine is not to be used; it is drained ahead of it",
    body: AddWindowBody,
  };
  const added = responses(ANSWER, ...REFUSALS, "bad-window");
  app.post(
    "/agents/:agent/windows",
    { config: people("operator"), schema: { ...SCHEMA, ...add, response: added } },
    async (request) => changed(await agents.addWindow(request.params.agent, request.body, actorOf(request))),
  );

  const remove = {
    tags: ["farm"],
    params: WindowParams,
    operationId: "removeMaintenanceWindow",
    summary: "Take a maintenance window back",
    response: responses(ANSWER, "unauthorized", "no-such-agent", "ambiguous-agent", "no-such-window"),
  };
  app.delete("/agents/:agent/windows/:window", { config: people("operator"), schema: remove }, async (request) =>
    changed(await agents.removeWindow(request.params.agent, request.params.window, actorOf(request))),
  );
}
