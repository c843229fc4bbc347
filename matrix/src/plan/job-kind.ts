/** What a job does, in the order of a run's life. */
export type JobKind = "check" | "build" | "scan" | "test" | "bench" | "profile";
