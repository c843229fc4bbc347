import { count } from "../text/count.ts";
import type { Evidence } from "../verdict.ts";
import { CANDIDATE } from "./case-facts.ts";
import type { InstallFact } from "./gate-facts.ts";
import { decide, rule } from "./rule.ts";

const INSTALL: InstallFact = {
  cell: "cp312-linux-x86_64",
  job: "test-cp312-linux-x86_64",
  freshEnvironment: true,
  fromStagingOnly: true,
  editable: false,
  insideSourceTree: false,
  imports: true,
  installedVersion: "1.4.0",
};

/** G12: installed fresh, from the staging index only, not editable, outside the source tree; it imports, in the candidate's version. */
export const cleanInstall = rule({
  id: "G12",
  name: "clean-install",
  needs: ["candidate", "installs"],
  defaults: {},
  judge: ({ candidate, installs }) => {
    const problems: Evidence[] = [];
    const doubts: Evidence[] = [];
    for (const install of installs) {
      const about = (text: string): Evidence => ({ kind: "statement", text: `${install.job}: ${text}` });
      if (!install.freshEnvironment) problems.push(about("its environment was not fresh"));
      if (!install.fromStagingOnly) problems.push(about("the candidate did not come from the staging index alone"));
      if (install.editable) problems.push(about("the install was editable"));
      if (install.insideSourceTree) problems.push(about("the tests ran inside the source tree"));
      if (install.imports === false) problems.push(about("the import failed"));
      if (install.imports === null) doubts.push(about("the import was not reached"));
      if (install.installedVersion === null) doubts.push(about("the installed version is not known"));
      else if (install.installedVersion !== candidate.version) {
        problems.push(about(`${install.installedVersion} is installed, not ${candidate.version}`));
      }
    }
    if (installs.length === 0) doubts.push({ kind: "statement", text: "nothing was installed" });
    return decide({ problems, doubts }, `installs cleanly in ${count(installs.length, "cell")}`);
  },
  cases: {
    pass: { facts: { candidate: CANDIDATE, installs: [INSTALL] }, options: {} },
    fail: { facts: { candidate: CANDIDATE, installs: [{ ...INSTALL, installedVersion: "1.3.2" }] }, options: {} },
    cannotTell: { facts: { candidate: CANDIDATE, installs: [{ ...INSTALL, imports: null }] }, options: {} },
  },
});
