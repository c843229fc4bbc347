import { readChoice, readSection, wrongType, type Field } from "./fields.ts";
import { imageMistake } from "./image-reference.ts";
import type { ProblemList } from "./problem-list.ts";
import { quote } from "./quote.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { ContainerSpec } from "./spec.ts";

/** What a kind of job asks of its container; null when that is no more than every job gets. */
export function readContainer(field: Field | undefined, problems: ProblemList): ContainerSpec | null {
  const fields = readSection("*.container", field?.value, problems, field?.path);
  const image = fields.image ? readImage(fields.image, problems) : null;
  const network = readChoice(fields.network, ["none", "open"], problems);
  return image === null && network === "none" ? null : { image, network };
}

function readImage({ path, value }: Field, problems: ProblemList): string | null {
  const wrong = (message: string, suggestion: string) => {
    problems.add(value.at, path, message, suggestion);
    return null;
  };
  if (value.type !== "string" || value.text.trim() === "") {
    wrongType(value, path, 'the name of an image: "debian:12"', problems);
    return null;
  }
  const text = value.text.trim();
  if (text.length > SPEC_LIMITS.imageCharsMax) {
    return wrong(
      `${path} has ${text.length} characters; the limit is ${SPEC_LIMITS.imageCharsMax}`,
      "use a shorter name",
    );
  }
  const mistake = imageMistake(text);
  return mistake === null ? text : wrong(`${quote(text)} ${mistake.message}`, mistake.suggestion);
}
