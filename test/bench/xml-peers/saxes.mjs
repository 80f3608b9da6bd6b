import { SaxesParser } from "saxes";
import { count } from "./count.mjs";

count(({ open, close }) => {
  const parser = new SaxesParser();
  parser.on("opentag", ({ name, attributes }) => open(name, attributes));
  parser.on("closetag", ({ name }) => close(name));
  parser.on("error", (error) => {
    throw error;
  });
  return parser;
});
