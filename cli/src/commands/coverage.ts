import type { CoverageReport } from "@kiln/matrix";
import { readdir, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { EXIT } from "../exit-code.ts";
import { findPythons } from "../planning/farm-pythons.ts";
import { planLocally } from "../planning/local-plan.ts";
import { CliError, errorCode } from "../program/cli-error.ts";
import { examples, type CliCommand } from "../program/command.ts";
import { renderCoverage } from "../render/coverage-report.ts";
import { prepareSource } from "../source/prepare.ts";

interface Options {
  readonly source: string;
  readonly spec?: string;
  readonly pre?: boolean;
}

/** Findings that a release must not have. */
const BAD: readonly CoverageReport["findings"][number]["kind"][] = ["hole", "wrong-cuda", "wrong-torch"];

const HELP = `
FILES are names of wheels and sdists, or folders of them: only their names are read, and they need not be there. They
are taken to lie on one index: where variants have an index each, ask once for each.

Exit code 1: in some cell nothing can be installed, or a wheel for another CUDA or torch is taken.

With --json: { cells: [{ cell, environment, picks: { pip, uv } }], findings: [{ kind, cell, message … }],
refused: [{ file, problem }] }.
`;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<files...>", "wheels and sdists, or folders of them")
      .option("--source <source>", "the project whose matrix is covered: a folder, sdist or pypi:NAME==VERSION", ".")
      .option("--spec <file>", "the kiln.yaml to use")
      .option("--pre", "offer pre-releases as releases are")
      .addHelpText(
        "after",
        HELP +
          examples(
            ["./kiln coverage dist/", "what pip and uv would take of these, in every cell of the matrix"],
            ["./kiln coverage --spec ci/kiln.yaml dist/*.whl", "for another spec"],
            ["./kiln coverage dist/ --json", "all of it as one JSON document"],
          ),
      );
  },
  async run(context, args, options) {
    const files = await namesOf(
      args.filter((each) => each !== undefined),
      context.cwd,
    );
    await using source = await prepareSource({
      source: options.source,
      specFile: options.spec ?? null,
      indexUrl: null,
      cwd: context.cwd,
      env: context.env,
      signal: context.interrupted,
      note: () => {},
    });
    const { pythons } = await findPythons(context, source.candidate.name);
    const { candidate: facts, sha256: sourceSha256, spec } = source;
    const candidate = { ...facts, requiresDist: facts.requiresDist ?? null };
    const { plan } = planLocally({ candidate, sourceSha256, spec, pythons, release: null, failing: [] });
    const { wheelCoverage } = await import("@kiln/matrix");
    const cells = [...plan.cells, ...plan.reduced];
    const report = wheelCoverage(files, cells, { project: candidate.name, prereleases: options.pre === true });
    context.out.document(report);
    context.out.lines(renderCoverage(report, cells, context.out.columns, context.out.symbols));
    return report.findings.some(({ kind }) => BAD.includes(kind)) ? EXIT.failed : EXIT.passed;
  },
};

/** The names of the files; of folders, what lies in them and can be installed. */
async function namesOf(written: readonly string[], cwd: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const each of written) {
    const path = resolve(cwd, each);
    const stats = await stat(path).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    });
    if (stats?.isDirectory() !== true) {
      names.add(basename(path));
      continue;
    }
    const inside = (await readdir(path)).filter((name) => /\.(whl|tar\.gz|zip)$/.test(name));
    if (inside.length === 0) throw new CliError(`${each} has no wheel and no sdist.`);
    for (const name of inside) names.add(name);
  }
  return [...names].toSorted();
}
