import type { HidTransport, StreamTransport } from "../../../src/kit/transport.js";
import { type Packing, reportStream } from "./report-stream.js";

/** Feature report that sets the serial line (both sheets: 50). */
export const UART_CONFIG = 0x50;
/** Feature report that switches the serial line on (both sheets: 41, then 01). */
export const UART_ENABLE = 0x41;
/** Most bytes of a data report: its id is how many there are, 01 to 3F (both sheets). */
export const DATA_ROOM = 0x3f;

/** No parity, no flow control, 8 data bits (coded 3), short stop bit: 8N1 as the sheets of cables write it. */
const FORMAT_8N1 = [0, 0, 3, 0] as const;

/**
 * Data reports of a CP2110: the id is the number of bytes that follow; what stands behind those is padding. A report
 * shorter than its id says contradicts itself. Ids beyond 3F carry no data.
 */
export const cp2110Packing: Packing = {
  room: DATA_ROOM,
  pack: (bytes) => Uint8Array.of(bytes.length, ...bytes),
  carried(report) {
    const [count = 0] = report;
    return count >= 1 && count <= DATA_ROOM && report.length > count ? { from: 1, to: 1 + count } : null;
  },
};

/**
 * Sets a CP2110's line to that speed, 8N1, switches it on, and gives the stream behind it. The chip keeps both until it
 * loses its power; setting them again changes nothing.
 */
export async function openCp2110(hid: HidTransport, baudRate: number, signal: AbortSignal): Promise<StreamTransport> {
  await hid.setFeature(uartConfig(baudRate), signal);
  await hid.setFeature(Uint8Array.of(UART_ENABLE, 1), signal);
  return reportStream(hid, cp2110Packing);
}

/** The feature report that sets the line to that speed, 8N1: the speed stands high byte first (both sheets). */
export function uartConfig(baudRate: number): Uint8Array {
  const speed = [baudRate >>> 24, baudRate >>> 16, baudRate >>> 8, baudRate].map((byte) => byte & 0xff);
  return Uint8Array.of(UART_CONFIG, ...speed, ...FORMAT_8N1);
}
