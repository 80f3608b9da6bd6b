import { type SettingField, takesList, takesNumber } from "./fields.js";
import { type Entry, type Layer, unknownName } from "./layer.js";

/** Names a configuration file; read by `loadSettings`, and no setting itself. */
export const CONFIG_NAME = "GLUCOHUB_CONFIG";

const PREFIX = "GLUCOHUB_";
/** Names left to test suites. */
const TEST_PREFIX = "GLUCOHUB_TEST_";

/**
 * The settings in the environment. Every name that begins with `GLUCOHUB_` must be known (those beginning with
 * `GLUCOHUB_TEST_` are let be). Numbers are written in digits, lists with commas. A name that is set to nothing is
 * refused: a script whose variable came out empty must not reach another store than it meant.
 */
export function envLayer(
  env: Readonly<Record<string, string | undefined>>,
  base: string,
  fields: readonly SettingField[],
): Layer {
  const entries: Entry[] = [];
  const errors: string[] = [];
  const known = [...fields.flatMap((field) => (field.env === null ? [] : [field.env])), CONFIG_NAME];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(PREFIX) || name.startsWith(TEST_PREFIX)) continue;
    const field = fields.find((candidate) => candidate.env === name);
    if (field === undefined && name !== CONFIG_NAME) {
      errors.push(unknownName(name, null, known));
    } else if (text === "") {
      const expected = field === undefined ? "a file" : field.expects;
      errors.push(`${name}: it is set to nothing: expected ${expected}; unset it to use the default`);
    } else if (field !== undefined) {
      entries.push({ field, value: fromText(field, text), origin: name, base });
    }
  }
  return { entries, errors };
}

/** A setting's value out of text, as an environment or a command line gives it; text that does not fit stays text. */
export function fromText(field: SettingField, text: string): unknown {
  if (takesNumber(field)) return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (takesList(field)) {
    return text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  }
  return text;
}
