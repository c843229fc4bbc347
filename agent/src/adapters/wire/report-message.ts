import { create } from "@bufbuild/protobuf";
import { results } from "@kiln/proto";
import type {
  GpuStamp,
  MeasureReport,
  Report,
  TestCase,
  TestReport,
  WheelMember,
  WheelReport,
} from "../../domain/report.ts";

const OUTCOMES: Readonly<Record<TestCase["outcome"], results.TestCaseOutcome>> = {
  passed: results.TestCaseOutcome.PASSED,
  failed: results.TestCaseOutcome.FAILED,
  error: results.TestCaseOutcome.ERROR,
  skipped: results.TestCaseOutcome.SKIPPED,
  flaky: results.TestCaseOutcome.FLAKY,
};

const ARMS: Readonly<Record<MeasureReport["processes"][number]["arm"], results.Arm>> = {
  baseline: results.Arm.BASELINE,
  candidate: results.Arm.CANDIDATE,
};

const REPRODUCIBILITY: Readonly<Record<NonNullable<WheelReport["reproducibility"]>, results.Reproducibility>> = {
  "same-bytes": results.Reproducibility.SAME_BYTES,
  "same-content": results.Reproducibility.SAME_CONTENT,
  different: results.Reproducibility.DIFFERENT,
};

/** The body of the frame that carries a report. */
export function reportMessage(report: Report): results.ResultFrame["body"] {
  switch (report.kind) {
    case "wheel":
      return { case: "wheelReport", value: wheelMessage(report) };
    case "test":
      return { case: "testReport", value: testMessage(report) };
    case "measure":
      return { case: "measureReport", value: measureMessage(report) };
  }
}

function measureMessage(report: MeasureReport): results.MeasureReport {
  const { baseline, baselineFile: file, noBaseline, processes } = report;
  return create(results.MeasureReportSchema, {
    baseline: baseline ?? "",
    ...(file ? { baselineFile: { ...file, run: file.run ?? "", commit: file.commit ?? "" } } : {}),
    ...(noBaseline ? { noBaseline } : {}),
    processes: processes.map(({ arm, pair, exitCode, durationMs, stamp, files, disturbed, ...profiled }) => ({
      ...{ arm: ARMS[arm], pair, exitCode, durationMs, files: [...files], disturbed },
      kernels: (profiled.kernels ?? []).map((one) =>
        create(results.KernelBinarySchema, { ...one, launches: [...one.launches] }),
      ),
      kernelsUnknown: profiled.kernelsUnknown ?? "",
      stamp: create(results.ProcessStampSchema, {
        ...(stamp.gpu ? { gpu: gpuMessage(stamp.gpu) } : {}),
        ...(stamp.foreignCpu === null ? {} : { foreignCpu: stamp.foreignCpu }),
      }),
    })),
  });
}

function gpuMessage(stamp: GpuStamp): results.GpuStamp {
  const { uuid, driver, smClockMhz, defaultSmClockMhz, temperatureC, powerW, throttleReasons, otherProcesses } = stamp;
  return create(results.GpuStampSchema, {
    ...{ uuid, driver, throttleReasons: [...throttleReasons] },
    ...(smClockMhz ? { smClockMhzBefore: smClockMhz.before, smClockMhzAfter: smClockMhz.after } : {}),
    ...(defaultSmClockMhz === null ? {} : { smClockMhzDefault: defaultSmClockMhz }),
    ...(temperatureC === null ? {} : { temperatureCelsius: Math.max(0, Math.round(temperatureC)) }),
    ...(powerW === null ? {} : { powerWatts: powerW }),
    ...(otherProcesses === null ? {} : { otherProcesses }),
  });
}

function wheelMessage(report: WheelReport): results.WheelReport {
  return create(results.WheelReportSchema, {
    tags: [...report.tags],
    sizeBytes: BigInt(report.sizeBytes),
    policy: report.policy ?? "",
    glibc: report.glibc ?? "",
    extensions: report.extensions.map(memberMessage),
    grafted: report.grafted.map(memberMessage),
    external: [...report.external],
    foreignRpaths: [...report.foreignRpaths],
    smArchitectures: [...report.smArchitectures],
    ptxArchitectures: [...report.ptxArchitectures],
    reproducibility:
      report.reproducibility === null ? results.Reproducibility.UNSPECIFIED : REPRODUCIBILITY[report.reproducibility],
    sourceDateEpoch: BigInt(report.sourceDateEpoch),
    remarks: [...report.remarks],
  });
}

function memberMessage({ path, sizeBytes }: WheelMember): { path: string; sizeBytes: bigint } {
  return { path, sizeBytes: BigInt(sizeBytes) };
}

function testMessage(report: TestReport): results.TestReport {
  const { tests, passed, failed, errors, skipped, flaky, durationMs, coverage } = report;
  return create(results.TestReportSchema, {
    ...{ tests, passed, failed, errors, skipped, flaky },
    durationMs: Math.round(durationMs),
    failures: report.failures.map(caseMessage),
    skips: report.skips.map(caseMessage),
    slowest: report.slowest.map(caseMessage),
    ...(coverage === null ? {} : { coverage: create(results.CoverageSchema, coverage) }),
  });
}

function caseMessage({ name, outcome, durationMs, message, place }: TestCase): results.TestCase {
  return create(results.TestCaseSchema, {
    name,
    outcome: OUTCOMES[outcome],
    durationMs: Math.round(durationMs),
    message,
    place,
  });
}
