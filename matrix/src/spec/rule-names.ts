/**
 * Rules that an `override` can set aside: those of the data and of the candidate
 * (`rulesOf`), and `not-available`. A test keeps this list and the rules in agreement.
 */
export const RULE_NAMES = [
  "cuda-platform",
  "gpu-cuda-os",
  "rocm",
  "requires-python",
  "candidate-pin",
  "torch-wheel",
  "glibc",
  "macos-version",
  "gpu-toolkit",
  "driver-cuda",
  "gpu-torch",
  "not-available",
];
