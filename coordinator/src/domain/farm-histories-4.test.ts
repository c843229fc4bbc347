import { testHistories } from "./testing-histories.ts";

testHistories(4, process.env["HISTORY"]);
