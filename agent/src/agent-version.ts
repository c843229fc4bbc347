import manifest from "../package.json" with { type: "json" };

/** Version of the agent's software (SemVer), from this package's manifest; a bundle carries its own. */
export const AGENT_VERSION: string = manifest.version;
