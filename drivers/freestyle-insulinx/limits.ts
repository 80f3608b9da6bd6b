import { STRIP_LIMITS } from "../shared/abbott-hid/amounts.js";

/** What the display shows as a number, mg/dL: taken from the Precision Neo, as the sheet does for HI and LO. */
export const limits = STRIP_LIMITS;
