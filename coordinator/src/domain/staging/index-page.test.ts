import { describe, expect, it } from "vitest";
import { renderHtml, renderJson, type IndexFile } from "./index-page.ts";
import { simpleFormat } from "./simple-format.ts";
import { parseSourceName, sourceName, sourcesOf } from "./upstream-source.ts";

const FILE: IndexFile = {
  filename: "demo-1.0+cu118-py3-none-any.whl",
  url: "../../files/aa/demo-1.0%2Bcu118-py3-none-any.whl",
  sha256: "a".repeat(64),
  requiresPython: ">=3.9,<4",
  sizeBytes: 12,
  uploadTime: "2026-01-02T03:04:05.000Z",
  yanked: null,
  metadata: { sha256: "b".repeat(64) },
};

describe("a page of the index", () => {
  it("says in JSON what PEPs 691, 700 and 714 ask for, and nothing under the name that breaks pip 23.0", () => {
    const text = renderJson({ project: "demo", files: [FILE], versions: ["1.0+cu118"] });
    expect(JSON.parse(text)).toEqual({
      meta: { "api-version": "1.1" },
      name: "demo",
      versions: ["1.0+cu118"],
      files: [
        {
          filename: FILE.filename,
          url: FILE.url,
          hashes: { sha256: FILE.sha256 },
          "requires-python": ">=3.9,<4",
          size: 12,
          "upload-time": FILE.uploadTime,
          "core-metadata": { sha256: "b".repeat(64) },
        },
      ],
    });
    expect(text).not.toContain("dist-info-metadata");
  });

  it("does not claim version 1.1 where it lacks sizes or versions (PEP 700)", () => {
    const sizeless = { ...FILE, sizeBytes: null };
    for (const page of [
      { project: "demo", files: [sizeless], versions: ["1.0"] },
      { project: "demo", files: [FILE], versions: null },
    ]) {
      const parsed = JSON.parse(renderJson(page)) as object;
      expect(parsed).toMatchObject({ meta: { "api-version": "1.0" } });
      expect(parsed).not.toHaveProperty("versions");
    }
  });

  it("marks yanked files with and without a reason (PEP 592)", () => {
    const files = [
      { ...FILE, yanked: "" },
      { ...FILE, yanked: "broken <on> 3.12" },
    ];
    const page = { project: "demo", files, versions: [] };
    const parsed = JSON.parse(renderJson(page)) as { files: { yanked: unknown }[] };
    expect(parsed.files.map(({ yanked }) => yanked)).toEqual([true, "broken <on> 3.12"]);
    expect(renderHtml(page)).toContain('data-yanked="broken &lt;on&gt; 3.12"');
    expect(renderHtml(page)).toContain('data-yanked=""');
  });

  it("escapes in HTML what would otherwise end an attribute", () => {
    const html = renderHtml({ project: "demo", files: [{ ...FILE, requiresPython: '">&<' }], versions: null });
    expect(html).toContain(`href="${FILE.url}#sha256=${FILE.sha256}"`);
    expect(html).toContain('data-requires-python="&quot;&gt;&amp;&lt;"');
    expect(html).toContain(`data-core-metadata="sha256=${"b".repeat(64)}"`);
  });

  it("has metadata without a digest as just there, and no hash where none is known", () => {
    const bare = { ...FILE, sha256: null, metadata: { sha256: null }, requiresPython: null, uploadTime: null };
    const page = { project: "demo", files: [bare], versions: null };
    expect(JSON.parse(renderJson(page))).toMatchObject({ files: [{ hashes: {}, "core-metadata": true }] });
    expect(renderHtml(page)).toContain(`<a href="${FILE.url}" data-core-metadata="true">`);
  });
});

describe("the form of a page", () => {
  it.each([
    // pip 23 and later, uv, pip 20.3, a browser, curl, nothing at all.
    ["application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01", "json"],
    ["application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01", "json"],
    ["text/html", "plain-html"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "plain-html"],
    ["*/*", "plain-html"],
    [undefined, "plain-html"],
    ["application/vnd.pypi.simple.latest+json", "json"],
    ["application/vnd.pypi.simple.v1+html", "html"],
    ["text/html;q=0.5, application/vnd.pypi.simple.v1+html;q=0.5", "html"],
    ["APPLICATION/VND.PYPI.SIMPLE.V1+JSON", "json"],
    ["application/vnd.pypi.simple.v1+json;q=0, text/*", "plain-html"],
    ["application/*", "json"],
    ["application/xml", null],
    ["application/vnd.pypi.simple.v2+json", null],
    ["", null],
    ["text/html;q=0", null],
    ["text/html;q=2", null],
  ])("%j is answered as %s", (accept, format) => {
    expect(simpleFormat(accept)).toBe(format);
  });
});

describe("where another project comes from", () => {
  it("is PyTorch's index first for PyTorch on a variant's index, and the user's own else", () => {
    const names = (project: string, variant: string) => sourcesOf(project, variant).map(sourceName);
    expect(names("torch", "cu118")).toEqual(["torch-cu118", "user"]);
    expect(names("pytorch-triton-rocm", "rocm6.0")).toEqual(["torch-rocm6.0", "user"]);
    expect(names("torch", "any")).toEqual(["user"]);
    expect(names("numpy", "cu118")).toEqual(["user"]);
  });

  it("has a name in addresses that leads back to it, and no other does", () => {
    for (const source of sourcesOf("torch", "cu118")) expect(parseSourceName(sourceName(source))).toEqual(source);
    for (const name of ["torch-", "torch-../x", "torch-CU118", "users", ""]) expect(parseSourceName(name)).toBeNull();
  });
});
