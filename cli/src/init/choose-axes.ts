import { KNOWLEDGE, KNOWN_PYTHONS, torchBySpecifier } from "@kiln/matrix";
import { satisfies, validRange } from "@renovatebot/pep440";
import type { Survey } from "./survey.ts";

/** The axes to write, as their values are written in kiln.yaml, each with why. */
export interface ChosenAxes {
  readonly python: Chosen;
  readonly torch: Chosen | null;
  readonly cuda: Chosen | null;
}

export interface Chosen {
  readonly values: readonly string[];
  readonly why: string;
}

export function chooseAxes(survey: Survey): ChosenAxes {
  const torch = chooseTorch(survey);
  return { python: choosePythons(survey), torch, cuda: chooseCuda(survey, torch) };
}

/** Every CPython that the metadata admits; of those, the ones that the classifiers name, if they name any. */
function choosePythons({ requiresPython, classifiedPythons }: Survey): Chosen {
  const known = KNOWN_PYTHONS.filter((python) => !python.freeThreaded);
  const range = requiresPython?.value ?? "";
  const readable = range !== "" && validRange(range);
  const admitted = readable ? known.filter(({ newest }) => satisfies(newest, range)) : known;
  const named = admitted.filter(({ feature }) => classifiedPythons.includes(feature));
  const where = requiresPython === null ? "" : ` (${requiresPython.where})`;
  const admits = readable
    ? `The metadata admits Python ${range}${where}`
    : "The metadata does not say which Pythons it admits";
  // Classifiers lag behind: what they do not name, and the metadata admits, is worth a look.
  const left = admitted.filter((python) => !named.includes(python)).map(({ feature }) => feature);
  if (named.length > 0) {
    const rest = left.length === 0 ? "" : `; admitted, and named by no classifier: ${left.join(", ")}`;
    return { values: named.map(({ feature }) => feature), why: `${admits}, its classifiers name these${rest}` };
  }
  // A specifier that admits nothing that Kiln knows is told by the plan, which then has no cell.
  const chosen = admitted.length > 0 ? admitted : known;
  return { values: chosen.map(({ feature }) => feature), why: admits };
}

/** The oldest, and the two newest feature versions of those that the requirement admits. */
function chooseTorch({ torch }: Survey): Chosen | null {
  if (torch === null) return null;
  const { value, where } = torch;
  const says = `${where} requires torch${value}`;
  const pin = /^={2,3}([\d.]+)$/.exec(value)?.[1];
  if (pin !== undefined) return { values: [pin], why: `${says}, so that there is nothing to choose` };
  const releases = torchBySpecifier(value === "" ? ">=0" : value, KNOWLEDGE);
  const features = releases.map((version) => version.split(".").slice(0, 2).join("."));
  const [oldest] = features;
  if (oldest === undefined) return { values: ["latest"], why: `${says}, of which Kiln knows no release` };
  if (value === "") return { values: ["latest-2", "latest"], why: `${says}, any version` };
  const chosen = [...new Set([oldest, ...features.slice(-2)])];
  const all = chosen.length < features.length ? `; all ${features.length} feature versions: torch: "${value}"` : "";
  return { values: chosen, why: `${says}: the oldest and the newest${all}` };
}

/** `cpu`, and the CUDA that PyPI's wheels of the oldest and the newest chosen PyTorch are made for. */
function chooseCuda({ cuda }: Survey, torch: Chosen | null): Chosen | null {
  if (cuda === null) return null;
  const why = `${cuda.where} has ${cuda.value}`;
  const newestToolkit = [...KNOWLEDGE.toolkitsByFeature.keys()].at(-1);
  if (torch === null) return { values: newestToolkit === undefined ? ["cpu"] : ["cpu", newestToolkit], why };
  const releases = KNOWLEDGE.torchReleases;
  const chosen = torch.values.map((value) => {
    if (value === "latest") return releases.at(-1);
    return releases.findLast(({ version, feature }) => version === value || feature === value) ?? releases.at(-1);
  });
  const variants = [chosen[0], chosen.at(-1)].map((release) => release?.pypiDefault.get("linux-x86_64"));
  const values = [...new Set(variants.filter((each) => each !== undefined && /^\d/.test(each)))].filter(
    (each) => each !== undefined,
  );
  const defaults = values.length === 0 ? (newestToolkit === undefined ? [] : [newestToolkit]) : values;
  return {
    values: ["cpu", ...defaults],
    why: `${why}; these are what PyPI's wheels of the oldest and the newest torch are made for. Without cpu where the package needs CUDA to build`,
  };
}
