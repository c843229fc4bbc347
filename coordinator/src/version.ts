import manifest from "../package.json" with { type: "json" };

/** Version of the coordinator's software (SemVer). */
export const VERSION: string = manifest.version;
