import sax from "sax";
import { count } from "./count.mjs";

count(({ open, close }) => {
  const parser = sax.parser(true);
  parser.onopentag = ({ name, attributes }) => open(name, attributes);
  parser.onclosetag = close;
  parser.onerror = (error) => {
    throw error;
  };
  return parser;
});
