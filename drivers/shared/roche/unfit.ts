/** Why something in a report is no reading: half a sentence for a person. */
export class Unfit extends Error {}
