import type { App } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";

/** Takes JSON bodies and nothing else; a body that is not JSON is refused with the place of the mistake. */
export function takeJsonBodies(app: App): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    const text = String(body);
    // Awaiting is not possible here, and the parser calls back at once.
    void parse(request, text, (error, value) => {
      if (error) done(new HttpProblem("invalid-request", mistakeIn(text)));
      else done(null, value);
    });
  });
}

function mistakeIn(text: string): string {
  if (text === "") return "the body is empty; it must be JSON, or there must be no Content-Type";
  try {
    JSON.parse(text);
    return 'the body has a key "__proto__" or "constructor", which is not taken anywhere';
  } catch (cause) {
    return `the body is not JSON: ${(cause as SyntaxError).message}`;
  }
}
