import { testHistories } from "./testing-histories.ts";

testHistories(3, process.env["HISTORY"]);
