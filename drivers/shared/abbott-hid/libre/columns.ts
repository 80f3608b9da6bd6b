/** Where a reader's records have what, from 0 (sheet b). Columns that all readers have alike stand in the codec. */
export interface LibreColumns {
  /** The reader, for people. */
  readonly reader: string;
  /** A record of `$history?`. */
  readonly history: {
    readonly columns: number;
    readonly value: number;
    readonly error: number;
  };
  /** A record of `$arresult?` with what a person did. */
  readonly event: {
    /** Without the trailer of a rapid-acting dose. */
    readonly columns: number;
    readonly error: number;
    /** Twice the units of long-acting insulin. */
    readonly longDose: number;
    readonly foodFlag: number;
    readonly foodGrams: number;
    /** Bits that say which of six texts apply, and the first of those; null for a reader without. */
    readonly comments: { readonly flags: number; readonly first: number } | null;
  };
}

/** How many custom comments a reader holds. */
export const COMMENTS = 6;

/** FreeStyle Libre, 1a61:3650 (sheet b, with a captured record). */
export const LIBRE_COLUMNS: LibreColumns = {
  reader: "FreeStyle Libre",
  history: { columns: 16, value: 13, error: 15 },
  event: {
    columns: 35,
    error: 28,
    longDose: 23,
    foodFlag: 25,
    foodGrams: 26,
    comments: { flags: 19, first: 29 },
  },
};

/**
 * FreeStyle Libre 2, 1a61:3950 (sheet b, with captured records): three columns more before the comments, which a program
 * that counts as for the Libre reads three off.
 */
export const LIBRE_2_COLUMNS: LibreColumns = {
  reader: "FreeStyle Libre 2",
  history: LIBRE_COLUMNS.history,
  event: { ...LIBRE_COLUMNS.event, columns: 38, comments: { flags: 19, first: 32 } },
};

/**
 * FreeStyle Libre 3 reader (sheet b, from two users' records): one column less in both logs, and no comments. Column 26 is
 * taken for the error since it stands where the Libre has its own: it was 0 in both, and another value is no reading.
 */
export const LIBRE_3_COLUMNS: LibreColumns = {
  reader: "FreeStyle Libre 3",
  history: { columns: 15, value: 12, error: 14 },
  event: { columns: 28, error: 26, longDose: 22, foodFlag: 24, foodGrams: 25, comments: null },
};
