import { osTarget } from "../known/os-target.ts";
import type { Knowledge } from "./knowledge.ts";
import { compareNumbers } from "./number-order.ts";
import type { Answer, Rule } from "./judge.ts";
import { askLists, citeData } from "./torch-cell.ts";
import { torchWheelTag } from "./wheel-tag-of.ts";

/** The release of macOS against the deployment target in the tag of PyTorch's wheel (PEP 425: macosx_14_0_arm64). */
export function macosVersionRule(knowledge: Knowledge): Rule {
  const rule = "macos-version";
  return {
    name: rule,
    axes: ["torch", "cuda", "python", "os"],
    judge: ({ torch, cuda, python, os }): Answer => {
      const target = osTarget(os);
      const release = torch === undefined ? undefined : knowledge.torchByVersion.get(torch);
      if (!release || target === null || target.distribution !== "macos" || target.release === null) return null;
      const { platform } = target;
      // Macs run CPU builds only: other values of the axis are for torch-wheel to refuse.
      if (cuda !== undefined && cuda !== "cpu") return null;
      const cell = { platform, cuda: cuda ?? null, python };
      if (askLists(release, cell).kind === "not-listed" || release.macosTags?.get(platform)?.length === 0) return null;
      const wheel = torchWheelTag(release, cell);
      const match = /^macosx_(\d+)_(\d+)_/.exec(wheel?.tag ?? "");
      if (wheel === null || !match) {
        const reason = `no document that was read names the macOS that wheels of torch ${torch} for ${platform} need`;
        return { answer: "unknown", rule, reason, ...citeData(knowledge) };
      }
      const needed = `${match[1]}.${match[2]}`;
      const fits = compareNumbers(target.release, needed) >= 0;
      const reason = `the wheel of torch ${torch} (${wheel.tag}) needs macOS ${needed}${fits ? "" : `, and ${os} is older`}`;
      return { answer: fits ? "possible" : "impossible", rule, reason, ...wheel.citation };
    },
  };
}
