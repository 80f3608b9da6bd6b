import type { GattName } from "../../src/kit/transport.js";
import { SERVICE } from "../shared/gatt/names.js";

/**
 * The Continuous Glucose Monitoring Service (CGM Service 1.0.2, section 3; numbers: the assigned numbers). There is a control
 * point more, 2aac, which calibrates, sets alerts and starts and stops the sensor: it is not here and is never written.
 */
export const CGM = {
  measurement: { service: SERVICE.cgm, characteristic: "2aa7" },
  feature: { service: SERVICE.cgm, characteristic: "2aa8" },
  status: { service: SERVICE.cgm, characteristic: "2aa9" },
  startTime: { service: SERVICE.cgm, characteristic: "2aaa" },
  recordAccess: { service: SERVICE.cgm, characteristic: "2a52" },
} as const satisfies Record<string, GattName>;
