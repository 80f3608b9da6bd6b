import { SENSOR_LIMITS } from "../shared/abbott-hid/amounts.js";

/** What a sensor gives as a number, mg/dL (sheet a, for the Libre). Strips have bounds of their own: 20 and 500. */
export const limits = SENSOR_LIMITS;
