import { testHistories } from "./testing-histories.ts";

testHistories(1, process.env["HISTORY"]);
