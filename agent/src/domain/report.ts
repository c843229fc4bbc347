/** What a job has found out, beside its outcome and its log; as the coordinator shows it. */
export type {
  BaselineFile,
  Coverage,
  GpuStamp,
  KernelBinary,
  MeasuredProcess,
  MeasureReport,
  Report,
  TestCase,
  TestReport,
  WheelMember,
  WheelReport,
} from "@kiln/proto";
