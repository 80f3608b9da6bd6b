/** A heading without what files put around it: marks of byte order, right or wrongly decoded, quotes, doubled blanks. */
export function headingOf(cell: string): string {
  return cell
    .replace(/\uFEFF|ï»¿/g, "")
    .replace(/"/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Where columns stand, by their headings. */
export class Columns {
  /** The headings, in their order. */
  readonly headings: readonly string[];
  readonly #places = new Map<string, number>();

  constructor(cells: readonly string[]) {
    this.headings = cells.map(headingOf);
    // Of two columns of one name the first counts; what stands in the second is not known to be the same.
    for (const [place, heading] of this.headings.entries()) {
      const name = heading.toLowerCase();
      if (!this.#places.has(name)) this.#places.set(name, place);
    }
  }

  /** How many cells a whole row has. */
  get count(): number {
    return this.headings.length;
  }

  has(...names: readonly string[]): boolean {
    return names.every((name) => this.#places.has(name.toLowerCase()));
  }

  /** The first heading that begins so, in any case: for those with a unit behind the name; "" if there is none. */
  beginning(start: string): string {
    return this.headings.find((heading) => heading.toLowerCase().startsWith(start.toLowerCase())) ?? "";
  }

  /** The place of a heading; -1 if there is none. */
  place(name: string): number {
    return this.#places.get(name.toLowerCase()) ?? -1;
  }

  /** A row's cell under that heading, without blanks around it; "" if there is none. */
  cell(cells: readonly string[], name: string): string {
    const place = this.#places.get(name.toLowerCase());
    return place === undefined ? "" : (cells[place] ?? "").trim();
  }
}
