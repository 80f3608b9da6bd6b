/** Where the second machine finds the programs of its radio, as the kit has them. */
export interface RadioPrograms {
  readonly dbusDaemon: string;
  readonly bluetoothd: string;
  readonly btvirt: string;
  /** Where their libraries are, if not where the system looks. */
  readonly libraries: readonly string[];
}

/** Name in the environment under which the second machine is told of them. */
export const RADIO_PROGRAMS = "LAB_RADIO";

/** Reads what the first machine wrote into the environment. Throws an Error where it is not there. */
export function radioPrograms(env: NodeJS.ProcessEnv): RadioPrograms {
  const text = env[RADIO_PROGRAMS];
  if (text === undefined) throw new Error("this machine was not told where the programs of its radio are");
  return JSON.parse(text) as RadioPrograms;
}
