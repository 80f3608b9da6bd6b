/** Why something in an export is no reading: half a sentence for a person. */
export class Unfit extends Error {}
