import { DisplayAgent } from "./display-agent.js";
import { type Radio, startRadio } from "./radio.js";
import { radioPrograms } from "./radio-programs.js";

/** All that meters on the air need: the radio, and what their displays show. */
export interface Air {
  readonly radio: Radio;
  readonly display: DisplayAgent;
}

/** Starts the radio with controllers for so many meters, by what the first machine said of its programs. */
export async function openAir(env: NodeJS.ProcessEnv, meters: number): Promise<Air> {
  const radio = await startRadio(radioPrograms(env), meters);
  return { radio, display: new DisplayAgent(radio.line) };
}
