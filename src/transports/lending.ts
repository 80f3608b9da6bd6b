import type { FileEntry } from "../kit/transport.js";

/** An entry of a real file or archive: it shows its head without unpacking the rest, and lends its bytes. */
export type LendingEntry = FileEntry & Required<Pick<FileEntry, "head" | "lend">>;
