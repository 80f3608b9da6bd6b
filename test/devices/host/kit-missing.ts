/** What the lab needs can't be had here; the message is for a person and complete. */
export class KitMissing extends Error {}
