import type { FalsePositivesView, VerdictView } from "@kiln/proto";

/** A sentence for each class of machines that measured a candidate: how often its gate stops what has not changed. */
export function falsePositiveTexts({ falsePositives, run }: VerdictView): readonly string[] {
  return falsePositives.map((one) => falsePositiveText(one, run));
}

function falsePositiveText(view: FalsePositivesView, run: string): string {
  const { machine, comparisons, stopped, undecided, share } = view;
  if (share === null) {
    return `False alarms on ${machine}: not known, nothing was measured against itself there (./kiln self-compare ${run}).`;
  }
  const told = undecided === 0 ? "" : `, and could not decide ${undecided}`;
  const interval = `${percent(share.low)} … ${percent(share.high)}`;
  return (
    `False alarms on ${machine}: of ${comparisons} benchmarks against themselves the gate stopped ${stopped}, ` +
    `${percent(share.estimate)} (95 % interval ${interval})${told}.`
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
