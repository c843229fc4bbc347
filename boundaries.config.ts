// Who may import whom. `./kiln check boundaries` runs these rules with
// dependency-cruiser and makes sure that it saw every module
// (tools/check/boundaries.ts).
import type { ICruiseOptions, IForbiddenRuleType } from "dependency-cruiser";

/** What each package may import of the others; always by the front door. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  matrix: [],
  gate: [],
  identity: ["proto"],
  coordinator: ["matrix", "gate", "proto", "identity"],
  agent: ["proto", "identity"],
  cli: ["matrix", "gate", "proto", "identity"],
  testkit: ["identity"],
  test: ["testkit", "matrix", "gate", "proto", "identity", "coordinator", "agent", "cli"],
};

/** Libraries without a clock, a file or a socket: what pure code may import from the registry. */
const PURE_LIBRARIES = [
  "@renovatebot/pep440",
  "fastest-levenshtein",
  "saxes",
  "semver",
  "smol-toml",
  "tinyqueue",
  "yaml",
];

/** What else the packages that stay small may import from the registry. */
const LIBRARIES = {
  proto: ["@bufbuild/protobuf", "@grpc/grpc-js", "typebox"],
  identity: ["@nats-io/jwt", "@nats-io/nkeys", "@peculiar/x509", "reflect-metadata"],
  matrix: PURE_LIBRARIES,
  gate: PURE_LIBRARIES,
};

/** Inside coordinator and agent: what each layer may import of the others. Only files directly in src/ see all. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  ports: ["domain"],
  services: ["domain", "ports"],
  adapters: ["domain", "ports"],
  transport: ["domain", "ports", "services"],
};

const ALL = Object.keys(PACKAGES).join("|");
/** Tests, and what is written for tests only. */
const TESTS = "(\\.(test|contract)\\.ts|(^|/)testing(/|\\.ts|-[^/]*\\.ts))";
const inNodeModules = (library: string): string => `node_modules/${library}/`;

const packageRules: IForbiddenRuleType[] = Object.entries(PACKAGES).map(([name, allowed]) => ({
  name: `${name}-imports-only-${["itself", ...allowed].join("-")}`,
  severity: "error",
  from: { path: `^${name}/` },
  to: { path: `^(${ALL}|tools|examples|deploy)/`, pathNot: `^(${[name, ...allowed, "testkit"].join("|")})/` },
}));

const libraryRules: IForbiddenRuleType[] = Object.entries(LIBRARIES).map(([name, libraries]) => ({
  name: `${name}-stays-small`,
  comment: `${name} may import these libraries only: ${libraries.join(", ")}`,
  severity: "error",
  from: { path: `^${name}/src/`, pathNot: TESTS },
  to: {
    path: "node_modules/",
    pathNot: libraries.map(inNodeModules),
  },
}));

const layerRules: IForbiddenRuleType[] = Object.entries(LAYERS).map(([name, allowed]) => ({
  name: `${name}-imports-only-${["itself", ...allowed].join("-")}`,
  severity: "error",
  from: { path: `^(coordinator|agent)/src/${name}/`, pathNot: TESTS },
  to: { path: "^$1/src/", pathNot: `^$1/src/(${[name, ...allowed].join("|")})/` },
}));

/** The rules, as dependency-cruiser takes them. */
export const forbidden: IForbiddenRuleType[] = [
  ...packageRules,
  ...libraryRules,
  ...layerRules,
  {
    name: "one-front-door",
    comment: "Other packages are imported as @kiln/NAME, never a file inside them.",
    severity: "error",
    from: { path: `^(${ALL})/` },
    to: { path: `^(${ALL})/`, pathNot: ["^$1/", "^[^/]+/src/index\\.ts$"] },
  },
  {
    name: "packages-by-name",
    comment: "Other packages are imported as @kiln/NAME, not by a relative path.",
    severity: "error",
    from: { path: `^(${ALL})/` },
    to: { path: `^(${ALL})/`, pathNot: "^$1/", dependencyTypes: ["local"] },
  },
  {
    name: "no-way-back-through-the-front-door",
    comment: "A package's own files do not import its index.ts.",
    severity: "error",
    from: { path: `^(${ALL})/`, pathNot: TESTS },
    to: { path: "^$1/src/index\\.ts$" },
  },
  {
    name: "nothing-imports-main",
    severity: "error",
    from: {},
    to: { path: "/src/main\\.ts$" },
  },
  {
    name: "pure-code-has-no-system",
    comment: "Time, randomness and ids are arguments; effects are returned.",
    severity: "error",
    from: { path: ["^(matrix|gate)/src/", "^[^/]+/src/domain/"], pathNot: TESTS },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "domain-uses-pure-libraries",
    severity: "error",
    from: { path: "^[^/]+/src/domain/", pathNot: TESTS },
    to: {
      path: "node_modules/",
      pathNot: PURE_LIBRARIES.map(inNodeModules),
    },
  },
  {
    name: "tests-stay-tests",
    comment: "What ships does not import what is written for tests.",
    severity: "error",
    from: { path: "^[^/]+/src/", pathNot: [TESTS, "^(test|testkit)/"] },
    to: { path: [TESTS, "^testkit/"], pathNot: "node_modules/" },
  },
  { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
  { name: "resolves", severity: "error", from: {}, to: { couldNotResolve: true } },
];

export const options: ICruiseOptions = {
  parser: "swc",
  // Imports of types count.
  tsPreCompilationDeps: true,
  doNotFollow: { path: "node_modules" },
  enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
};
