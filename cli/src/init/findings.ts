import type { ChosenAxes } from "./choose-axes.ts";
import type { Survey } from "./survey.ts";

/** One thing that was looked for. */
export interface Finding {
  readonly about: string;
  /** What was found; null: nothing was. */
  readonly found: string | null;
  /** Where, or, where nothing was found, what the spec then has. */
  readonly note: string;
}

/** What was found in which file, and what was not. */
export function findingsOf(survey: Survey, axes: ChosenAxes): readonly Finding[] {
  const { requiresPython, torch, cuda, archList, wheel, tests, linters } = survey;
  const none = (about: string, note: string): Finding => ({ about, found: null, note });
  return [
    requiresPython === null
      ? none("Python", `every Python that Kiln knows: ${axes.python.values.join(", ")}`)
      : { about: "Python", found: requiresPython.value, note: requiresPython.where },
    torch === null
      ? none("PyTorch", "no torch axis")
      : { about: "PyTorch", found: `torch${torch.value}`, note: torch.where },
    cuda === null ? none("CUDA", "no cuda axis") : { about: "CUDA", found: cuda.value, note: cuda.where },
    ...(archList === null
      ? []
      : [{ about: "compute capabilities", found: archList.value.join(" "), note: archList.where }]),
    {
      about: "wheel",
      found: wheel.value.kind === "abi3" ? `abi3, from Python ${wheel.value.python}` : wheel.value.kind,
      note: wheel.where,
    },
    tests.pytest === null
      ? none("tests", "the tests import what the wheel installs")
      : { about: "tests", found: `pytest ${tests.files.join(" ")}`, note: tests.pytest.where },
    linters.length === 0
      ? none("checks", "no checks")
      : {
          about: "checks",
          found: linters.map(({ value }) => value).join(", "),
          note: linters.map(({ where }) => where).join(", "),
        },
  ];
}
