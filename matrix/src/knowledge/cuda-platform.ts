import { isCudaVersion } from "../known/cuda-value.ts";
import { platformOf } from "../known/os-target.ts";
import type { Knowledge } from "./knowledge.ts";
import { compareNumbers } from "./number-order.ts";
import type { Answer, Rule } from "./judge.ts";

/** Spack's package refuses macOS from 11.0.2 on; NVIDIA's last toolkit for it was 10.2. */
const FIRST_WITHOUT_MACOS = "11.0";

/** Whether the CUDA toolkit exists for the platform: never for macOS, on Linux for the architectures of its packages. */
export function cudaPlatformRule(knowledge: Knowledge): Rule {
  const rule = "cuda-platform";
  return {
    name: rule,
    axes: ["cuda", "os"],
    judge: ({ cuda, os }): Answer => {
      if (cuda === undefined || !isCudaVersion(cuda)) return null;
      const platform = platformOf(os);
      const toolkits = knowledge.toolkitsByFeature.get(cuda);
      // The newest patch release of which the documents say it.
      const packaged = toolkits?.findLast(({ linuxArchs }) => linuxArchs !== null);
      const citation = packaged?.citations.get("runfile-driver") ?? packaged?.citations.get("release");
      if (platform.startsWith("macos-") && compareNumbers(cuda, FIRST_WITHOUT_MACOS) >= 0) {
        const spack =
          citation ??
          knowledge.toolkits
            .findLast(({ citations }) => citations.has("runfile-driver"))
            ?.citations.get("runfile-driver");
        const said = spack ?? { source: "matrix/data/cuda-toolkits.json", asOf: knowledge.version };
        return {
          answer: "impossible",
          rule,
          reason: `CUDA ${cuda} does not exist for macOS: NVIDIA has made no toolkit for it since 11.0`,
          ...said,
        };
      }
      if (!toolkits) {
        const reason = `Kiln's data, of ${knowledge.version}, has no CUDA ${cuda}`;
        return { answer: "unknown", rule, reason, source: "matrix/data/cuda-toolkits.json", asOf: knowledge.version };
      }
      const windows = toolkits
        .findLast(({ oldestDriver }) => oldestDriver.windows !== null)
        ?.citations.get("minor-version-driver");
      if (platform === "windows-x86_64" && windows) {
        return { answer: "possible", rule, reason: `CUDA ${cuda} exists for Windows`, ...windows };
      }
      const arch = /^linux-(.+)$/.exec(platform)?.[1];
      if (arch === undefined || !packaged?.linuxArchs || !citation) {
        const reason = `no document that Kiln's data was read from says whether CUDA ${cuda} exists for ${platform}`;
        return { answer: "unknown", rule, reason, source: "matrix/data/cuda-toolkits.json", asOf: knowledge.version };
      }
      const has = packaged.linuxArchs.includes(arch);
      const reason = has
        ? `CUDA ${cuda} exists for Linux on ${arch}`
        : `CUDA ${cuda} has no packages for Linux on ${arch}, only for ${packaged.linuxArchs.join(", ")}`;
      return { answer: has ? "possible" : "impossible", rule, reason, ...citation };
    },
  };
}
