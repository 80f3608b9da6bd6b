import { isAlias, isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import { type SettingField, sectionNames } from "./fields.js";
import { type Entry, type Layer, unknownName } from "./layer.js";

/**
 * The settings in the text of a YAML file. `file` names it in origins and messages, with the line; `base` is its
 * folder. An empty file or section gives nothing. Messages never quote the text: a token may stand beside the mistake.
 */
export function yamlLayer(text: string, file: string, base: string, fields: readonly SettingField[]): Layer {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined): string =>
    offset === undefined ? file : `${file}:${Math.max(lines.linePos(offset).line, 1)}`;
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return { entries: [], errors: faults.map((fault) => `${at(fault.pos[0])}: not YAML (${fault.code})`) };
  }

  const entries: Entry[] = [];
  const errors: string[] = [];
  const sections = sectionNames(fields);
  const names = fields.map((field) => field.name);

  const visit = (node: unknown, path: readonly string[], origin: string): void => {
    const value = isAlias(node) ? node.resolve(document) : node;
    if (value === null || (isScalar(value) && value.value === null)) return;
    if (!isMap(value)) {
      errors.push(`${path.length === 0 ? "the file" : path.join(".")} (${origin}): expected names and values`);
      return;
    }
    for (const pair of value.items as Pair<Node, Node | null>[]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "?";
      const place = at(pair.key.range?.[0]);
      const here = [...path, key];
      const name = here.join(".");
      const field = fields.find((candidate) => candidate.name === name);
      if (field !== undefined) {
        entries.push({ field, value: pair.value?.toJS(document) ?? null, origin: place, base });
      } else if (path.length === 0 && sections.includes(key)) {
        visit(pair.value, here, place);
      } else {
        errors.push(unknownName(name, place, path.length === 0 ? [...sections, ...names] : names));
      }
    }
  };
  visit(document.contents, [], file);
  return { entries, errors };
}
