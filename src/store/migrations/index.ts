import { FIRST } from "./0001-first.js";
import { HEARD_HERE } from "./0002-heard-here.js";
import { CURSORS } from "./0003-cursors.js";
import { CORRECTIONS } from "./0004-corrections.js";
import { TWINS } from "./0005-twins.js";

/** Every migration in order; the store's `user_version` counts those applied. Never edit one that was released. */
export const MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "0001-first", sql: FIRST },
  { name: "0002-heard-here", sql: HEARD_HERE },
  { name: "0003-cursors", sql: CURSORS },
  { name: "0004-corrections", sql: CORRECTIONS },
  { name: "0005-twins", sql: TWINS },
];
