import { describe, expect, test } from "vitest";
import { parseSdistName } from "./sdist-name.ts";

function read(file: string): unknown {
  const parsed = parseSdistName(file);
  return parsed.ok ? [parsed.sdist.name, parsed.sdist.version, parsed.sdist.deviations] : parsed.problem;
}

describe("names of source distributions", () => {
  test.for([
    ["demo-1.0.tar.gz", "demo", "1.0"],
    ["my_demo-1.0.post1.tar.gz", "my-demo", "1.0.post1"],
    ["my_demo-1.0+cu118.tar.gz", "my-demo", "1.0+cu118"],
  ] as const)("%s is as PEP 625 writes it", ([file, name, version]) => {
    expect(read(file)).toEqual([name, version, []]);
  });

  test.for([
    ["my-demo-1.0.tar.gz", "my-demo", "the name is my-demo, not my_demo"],
    ["My.Demo-1.0.tar.gz", "my-demo", "the name is My.Demo, not my_demo"],
    ["demo-1.0.zip", "demo", "it ends with .zip, not .tar.gz"],
    ["demo-v1.0.tar.gz", "demo", "the version is v1.0, not 1.0"],
  ] as const)("%s is older than PEP 625: read, and said", ([file, name, deviation]) => {
    expect(read(file)).toEqual([name, "1.0", [deviation]]);
  });

  test.for([
    ["demo-1.0.tar.bz2", "does not end with .tar.gz"],
    ["demo.tar.gz", "has no hyphen between a name and a version"],
    ["-1.0.tar.gz", "has no project name"],
    ["demo_-1.0.tar.gz", "has a project name that is none: demo_"],
    ["demo-.tar.gz", "has no version"],
    ["demo-latest.tar.gz", "has a version that PEP 440 does not know: latest"],
  ] as const)("%s %s", ([file, problem]) => {
    expect(read(file)).toBe(problem);
  });
});
