import { AddWindowBody, AgentDetail, ClearHealthBody, SetModeBody } from "@kiln/proto";
import { Type } from "typebox";
import type { AgentCommandOutcome } from "../../services/agent-commands.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";

const AgentParams = Type.Object({
  agent: Type.String({ minLength: 1, maxLength: 200, description: "The agent's id, or a name that only one has" }),
});
const WindowParams = Type.Object({ ...AgentParams.properties, window: Type.Integer({ minimum: 1 }) });

/** How agents stand: what operators let them do, and how well they are. */
export function agentStandingRoutes(app: App, { agents, queries }: RouteContext): void {
  const detail = async (agent: string): Promise<AgentDetail> => {
    const view = await queries.agent(agent);
    if (view) return view;
    throw new HttpProblem("no-such-agent", `no agent is called ${agent}; GET /api/v1/agents lists them`);
  };
  const changed = async (outcome: AgentCommandOutcome): Promise<AgentDetail> => {
    if (outcome.ok) return detail(outcome.agentId);
    throw new HttpProblem(outcome.reason, outcome.detail);
  };
  const answer = { 200: json("The agent", AgentDetail) };
  const schema = { tags: ["farm"], params: AgentParams };

  const show = { operationId: "getAgent", summary: "Show an agent with what it found of its health" };
  const shown = responses(answer, "unauthorized", "no-such-agent");
  app.get("/agents/:agent", { schema: { ...schema, ...show, response: shown } }, async (request) =>
    detail(request.params.agent),
  );

  const mode = { operationId: "setAgentMode", summary: "Let an agent work, drain it, or pause it", body: SetModeBody };
  const refusals = ["unauthorized", "no-such-agent", "ambiguous-agent", "too-large", "unsupported-media-type"] as const;
  const moded = responses(answer, ...refusals);
  app.post("/agents/:agent/mode", { schema: { ...schema, ...mode, response: moded } }, async (request) => {
    const { mode: name, reason = "" } = request.body;
    return changed(await agents.setMode(request.params.agent, name, reason));
  });

  const add = {
    operationId: "addMaintenanceWindow",
    summary: "Say when the agent's machine is not to be used; it is drained ahead of it",
    body: AddWindowBody,
  };
  const added = responses(answer, ...refusals, "bad-window");
  app.post("/agents/:agent/windows", { schema: { ...schema, ...add, response: added } }, async (request) =>
    changed(await agents.addWindow(request.params.agent, request.body)),
  );

  const remove = {
    tags: ["farm"],
    params: WindowParams,
    operationId: "removeMaintenanceWindow",
    summary: "Take a maintenance window back",
    response: responses(answer, "unauthorized", "no-such-agent", "ambiguous-agent", "no-such-window"),
  };
  app.delete("/agents/:agent/windows/:window", { schema: remove }, async (request) =>
    changed(await agents.removeWindow(request.params.agent, request.params.window)),
  );

  const clear = {
    operationId: "clearAgentHealth",
    summary: "Let an agent, or one of its GPUs, have jobs again after a failed health check",
    body: ClearHealthBody,
  };
  const cleared = responses(answer, ...refusals, "no-such-gpu");
  app.post("/agents/:agent/clear", { schema: { ...schema, ...clear, response: cleared } }, async (request) =>
    changed(await agents.clear(request.params.agent, request.body.gpu ?? null)),
  );
}
