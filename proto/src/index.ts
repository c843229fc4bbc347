export { grpcService, type GrpcService } from "./grpc/service-definition.ts";
export { reconnectDelay } from "./nats/reconnect-delay.ts";
export { CONSUMERS, isAgentId, STREAMS, SUBJECTS, type AgentSubject } from "./nats/topology.ts";

export * as job from "./gen/kiln/v1/job_pb.ts";
export * as results from "./gen/kiln/v1/results_pb.ts";
export * as agent from "./gen/kiln/v1/agent_pb.ts";

export { AgentDetail, AgentView, GpuView } from "./http/agent-view.ts";
export {
  AddWindowBody,
  AGENT_MODES,
  ClearHealthBody,
  HEALTHS,
  HealthReportView,
  HealthView,
  ModeView,
  SetModeBody,
  WindowView,
} from "./http/agent-standing-view.ts";
export { AgentUpdateView, UpdateAgentBody } from "./http/agent-update.ts";
export {
  AGENT_ROLES,
  AgentRole,
  Enrolment,
  EnrolmentBody,
  JoinTokenBody,
  JoinTokenView,
  Labels,
  NewJoinToken,
  RenewalBody,
  RevokeAgentBody,
  RevokedAgent,
} from "./http/enrolment.ts";
export {
  AttemptView,
  BlobView,
  JOB_STATES,
  JOB_KINDS,
  JobKind,
  JobStateName,
  JobSummary,
  JobView,
  OUTCOMES,
  OutcomeName,
  ReusedFrom,
  StepView,
  TestCounts,
} from "./http/job-view.ts";
export {
  AuditEntryView,
  AuditPage,
  CreatedToken,
  CreateTokenBody,
  RoleName,
  SecretView,
  SetSecretBody,
  TokenView,
} from "./http/people-view.ts";
export { Problem, SpecProblem } from "./http/problem.ts";
export {
  ARMS,
  BaselineFile,
  Coverage,
  GpuStamp,
  KernelBinary,
  MeasuredProcess,
  MeasureReport,
  NoBaseline,
  Report,
  TEST_CASE_OUTCOMES,
  TestCase,
  TestReport,
  WheelMember,
  WheelReport,
} from "./http/report-view.ts";
export {
  CandidateFacts,
  CellView,
  ExcludedCellView,
  PlannedCellView,
  ProjectView,
  ReducedCellView,
  RELEASE_TYPES,
  RetryRunBody,
  RunCounts,
  RunEvent,
  RunStateName,
  RunSummary,
  RunView,
  SubmitRunBody,
  VerdictName,
} from "./http/run-view.ts";
export {
  ApproveBody,
  ComparisonView,
  EvidenceView,
  GATE_OUTCOMES,
  GateView,
  VerdictView,
  FalsePositivesView,
  WaiveBody,
} from "./http/verdict-view.ts";
export { runReader, type RunReader } from "./http/run-reader.ts";
export { RefusedWheelView, StagedFileView, StagedView, UnyankBody, YankBody } from "./http/staged-view.ts";
