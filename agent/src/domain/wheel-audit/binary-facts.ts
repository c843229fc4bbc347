/** What an audit wants to know of an extension module, a library or a program. */
export interface BinaryFacts {
  readonly format: "elf" | "mach-o" | "pe";
  /** In the terms of platform tags: "x86_64", "aarch64", "arm64", "amd64"; more than one for a universal binary. */
  readonly machines: readonly string[];
  /** Names of the libraries that the loader must find, as they are written. */
  readonly needed: readonly string[];
  /** What it calls itself to those that need it; null where it says nothing. */
  readonly soname: string | null;
  /** RPATH and RUNPATH entries. */
  readonly rpaths: readonly string[];
  /** Versions of symbols that it needs of other libraries: "GLIBC_2.17", "CXXABI_1.3"; ELF only. */
  readonly symbolVersions: readonly string[];
  /** Oldest macOS that it runs on, "11.0"; null elsewhere. */
  readonly macos: string | null;
  readonly device: DeviceCode;
}

/** NVIDIA device code, by SM architecture: "80", "90a", "100f". Sorted, each once. */
export interface DeviceCode {
  readonly machineCode: readonly string[];
  /** PTX, which the driver translates for its own and newer architectures. */
  readonly ptx: readonly string[];
}

export const NO_DEVICE_CODE: DeviceCode = { machineCode: [], ptx: [] };
