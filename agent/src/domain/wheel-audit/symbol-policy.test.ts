import fc from "fast-check";
import { expect, test } from "vitest";
import { isExcluded } from "./excluded-libraries.ts";
import { beyondPolicy, glibcOf, newestGlibc, policyFor } from "./symbol-policy.ts";

test("the newest glibc counts by number, and private symbols not at all", () => {
  expect(newestGlibc(["GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.4", "GLIBC_PRIVATE", "GCC_4.2.0"])).toBe("2.17");
  expect(newestGlibc(["GLIBC_PRIVATE"])).toBeNull();
});

test("a policy is the oldest whose glibc, libstdc++ and C++ ABI are new enough", () => {
  expect(policyFor(["GLIBC_2.2.5"])).toBe("manylinux_2_5");
  expect(policyFor(["GLIBC_2.14"])).toBe("manylinux_2_17");
  expect(policyFor(["GLIBC_2.17", "GLIBCXX_3.4.29"])).toBe("manylinux_2_34");
  expect(policyFor(["GLIBC_2.17", "CXXABI_1.3.11"])).toBe("manylinux_2_26");
  expect(policyFor(["GLIBC_2.45"])).toBe("manylinux_2_45");
  expect(policyFor(["ZLIB_1.2"])).toBeNull();
});

test("a policy is named for its glibc, also by its older names", () => {
  expect(["manylinux1", "manylinux2010_i686", "manylinux2014_x86_64", "manylinux_2_28_aarch64"].map(glibcOf)).toEqual([
    5, 12, 17, 28,
  ]);
  expect(["musllinux_1_2", "linux_x86_64", "any", "manylinux2015"].map(glibcOf)).toEqual([null, null, null, null]);
});

test("what a policy does not allow is named, and the policy that is found allows everything", () => {
  expect(beyondPolicy(["GLIBC_2.34"], "manylinux_2_28_x86_64")).toBe("GLIBC_2.34");
  expect(beyondPolicy(["GLIBC_2.5", "GLIBCXX_3.4.25"], "manylinux2014")).toBe("GLIBCXX_3.4.25");
  expect(beyondPolicy(["GLIBC_2.30"], "manylinux_2_30_x86_64")).toBeNull();
  const symbols = fc.array(
    fc.tuple(fc.constantFrom("GLIBC_2", "GLIBCXX_3.4", "CXXABI_1.3"), fc.nat(60)).map(([name, n]) => `${name}.${n}`),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(symbols, (versions) => {
      expect(beyondPolicy(versions, policyFor(versions) ?? "")).toBeNull();
    }),
  );
});

test("libraries of PyTorch and CUDA are known in every version, and as copies that a repair renamed", () => {
  for (const name of [
    "libtorch_python.so",
    "libc10_cuda.so",
    "demo.libs/libtorch-1a2b3c4d.so",
    "libcudart.so.12",
    "libcudart-3f1c2d4e.so.12.6.77",
    "libcublasLt.so.13",
    "libcudnn_ops.so.9",
    "libnvJitLink-0011aabb.so.12.8.93",
    "libcuda.so.1",
    "cudart64_12.dll",
    "cublas64_12-0123456789abcdef0123456789abcdef.dll",
    "torch_cpu.dll",
  ]) {
    expect(isExcluded(name), name).toBe(true);
  }
  for (const name of ["libgomp-24e2ab19.so.1.0.0", "libcurl.so.4", "libstdc++.so.6", "libcudf.so", "msvcp140.dll"]) {
    expect(isExcluded(name), name).toBe(false);
  }
});
