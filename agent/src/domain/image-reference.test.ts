import { expect, test } from "vitest";
import { parseImageReference, repositoryDigest } from "./image-reference.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

test.each([
  ["debian", "docker.io", "library/debian", "latest", null, "debian:latest"],
  ["debian:12-slim", "docker.io", "library/debian", "12-slim", null, "debian:12-slim"],
  ["pypa/manylinux_2_28_x86_64:2025.1", "docker.io", "pypa/manylinux_2_28_x86_64", "2025.1", null, null],
  ["registry.example/pypa/x", "registry.example", "pypa/x", "latest", null, "registry.example/pypa/x:latest"],
  ["127.0.0.1:5000/x:1", "127.0.0.1:5000", "x", "1", null, "127.0.0.1:5000/x:1"],
  ["localhost/x", "localhost", "x", "latest", null, "localhost/x:latest"],
  [`debian@${DIGEST}`, "docker.io", "library/debian", null, DIGEST, `debian@${DIGEST}`],
  [`debian:12@${DIGEST}`, "docker.io", "library/debian", "12", DIGEST, `debian@${DIGEST}`],
])("%s is taken apart as Docker does", (text, registry, repository, tag, digest, canonical) => {
  expect(parseImageReference(text)).toEqual({ registry, repository, tag, digest, text: canonical ?? text });
});

test.each(["", "No Image", "UPPER", "a:b:c", "a@sha256:12", "-x", "a//b", "a:", "../x", "a b", "x --privileged"])(
  "%j is no reference",
  (text) => {
    expect(parseImageReference(text)).toBeNull();
  },
);

test("an image's digest is the one of the repository it was named by", () => {
  const debian = parseImageReference("debian:12")!;
  const other = `registry.example/debian@sha256:${"b".repeat(64)}`;
  expect(repositoryDigest(debian, [other, `docker.io/library/debian@${DIGEST}`])).toBe(
    `docker.io/library/debian@${DIGEST}`,
  );
  expect(repositoryDigest(debian, [other])).toBeNull();
  expect(repositoryDigest(parseImageReference(`debian@${DIGEST}`)!, [`debian@sha256:${"c".repeat(64)}`])).toBeNull();
});
