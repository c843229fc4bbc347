/** What a job has found out, beside its outcome and its log; as the coordinator shows it. */
export type { Coverage, Report, TestCase, TestReport, WheelMember, WheelReport } from "@kiln/proto";
