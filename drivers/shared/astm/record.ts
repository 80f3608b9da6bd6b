/** The fields of a record of ASTM E1394: `|` stands between them (sheet b; the header declares it). */
export function fieldsOf(text: string): readonly string[] {
  return text.split("|");
}

/** The components of a field: `^` stands between them. */
export function componentsOf(field: string): readonly string[] {
  return field.split("^");
}

/** The repetitions within a field: `\` stands between them. */
export function repeatsOf(field: string): readonly string[] {
  return field.split("\\");
}

/** How a header declares the delimiters that these functions go by: repeat, component, escape. */
export const DELIMITERS = "\\^&";
