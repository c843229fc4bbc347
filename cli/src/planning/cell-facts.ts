import { cxx11Abi, hostGccMax, KNOWLEDGE, osTarget, torchArchList, type CellAxes } from "@kiln/matrix";

/** Something that is known of a cell beside what the rules say. */
export interface CellFact {
  /** `C++ ABI`. */
  readonly about: string;
  readonly fact: string;
  readonly source: string;
  /** Date of the data. */
  readonly asOf: string;
}

/** What builds and tests of a cell have to do with: C++ ABI, compute capabilities, the host compiler's limit. */
export function factsOfCell({ os, torch, cuda }: CellAxes): readonly CellFact[] {
  const platform = osTarget(os)?.platform ?? os;
  const facts: CellFact[] = [];
  const add = (about: string, fact: string, file: string): void => {
    facts.push({ about, fact, source: `matrix/data/${file}`, asOf: KNOWLEDGE.version });
  };
  if (torch !== undefined) {
    const abi = cxx11Abi(KNOWLEDGE, torch, cuda ?? null, platform);
    if (abi !== null) {
      const meant = abi === "1" ? "the C++11 ABI" : "the ABI from before C++11";
      add(
        "C++ ABI",
        `torch ${torch} is compiled with ${meant} (_GLIBCXX_USE_CXX11_ABI=${abi})`,
        "pytorch-releases.json",
      );
    }
    const archs = torchArchList(KNOWLEDGE, torch, cuda ?? null, platform);
    if (archs !== null && archs.length > 0) {
      add("compute capabilities", `torch ${torch} holds code for ${archs.join(", ")}`, "pytorch-releases.json");
    }
  }
  if (cuda !== undefined && /^\d/.test(cuda)) {
    const gcc = platform.startsWith("linux") ? hostGccMax(KNOWLEDGE, cuda) : null;
    if (gcc !== null) add("host compiler", `nvcc of CUDA ${cuda} accepts gcc up to ${gcc}`, "cuda-toolkits.json");
  }
  return facts;
}
