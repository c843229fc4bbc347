import {
  checkCompiler,
  checkDisk,
  checkFarm,
  checkGit,
  checkNatsServer,
  checkNode,
  checkPythons,
} from "../doctor/checks.ts";
import { EXIT } from "../exit-code.ts";
import { examples, type CliCommand } from "../program/command.ts";
import { renderChecklist } from "../render/checklist.ts";
import { count } from "../render/count.ts";

export const command: CliCommand = {
  configure(command) {
    command.addHelpText(
      "after",
      examples(
        ["./kiln doctor", "what is there, what is missing, and how to get it"],
        ["./kiln doctor --json", "{ ok, checks: [{ name, state, found, fix }] }"],
      ),
    );
  },
  async run(context) {
    const { env } = context;
    const others = await Promise.all([
      checkNatsServer(env),
      checkPythons(env),
      checkCompiler(env, process.platform),
      checkGit(env),
      checkDisk(env),
      checkFarm(context),
    ]);
    const checks = [checkNode(process.version), ...others.flat()];
    const failed = checks.filter((check) => check.state === "failed").length;
    context.out.document({ ok: failed === 0, checks });
    context.out.lines(renderChecklist(checks, context.out.columns, context.out.symbols));
    context.out.text(
      "",
      failed === 0 ? "Kiln can run here." : `Kiln cannot run here: ${count(failed, "thing")} to fix.`,
    );
    return failed === 0 ? EXIT.passed : EXIT.failed;
  },
};
