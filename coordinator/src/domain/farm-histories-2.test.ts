import { testHistories } from "./testing-histories.ts";

testHistories(2, process.env["HISTORY"]);
