/** A record's fields as either side holds them. */
export type Fields = Readonly<Record<string, unknown>>;

/** One state's content. */
export interface Content {
  readonly deleted: boolean;
  readonly fields: Fields;
  /** Equal for equal content, and only then. */
  readonly text: string;
}

/**
 * A state's content with its canonical text: names in the order of the alphabet, unknown (null) left out. Made without
 * the hub's own code, so that a mistake there can't hide here.
 */
export function contentOf(deleted: boolean, fields: Fields): Content {
  const names = Object.keys(fields)
    .filter((name) => fields[name] !== null && fields[name] !== undefined)
    .sort();
  const parts = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(fields[name])}`);
  return { deleted, fields, text: `${deleted ? "deleted " : ""}{${parts.join(",")}}` };
}

/** A field's value, or whether the record is deleted for `deleted`; unknown is null. */
export function valueIn(content: Content, field: string): unknown {
  return field === "deleted" ? content.deleted : (content.fields[field] ?? null);
}

/** True if two values of a field are the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Names of the fields in which they differ, `deleted` among them. */
export function differences(a: Content, b: Content): string[] {
  if (a.text === b.text) return [];
  const names = new Set([...Object.keys(a.fields), ...Object.keys(b.fields), "deleted"]);
  return [...names].filter((name) => !sameValue(valueIn(a, name), valueIn(b, name)));
}
