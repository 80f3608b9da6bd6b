import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fieldsText } from "../../src/domain/record.js";
import { listenTo } from "./event-listener.js";
import { meterRecords } from "./meter-records.js";

/** Frames of a record's size from a bare server to the same client, one after the other: milliseconds each. */
export async function floorEvents(count: number): Promise<number[]> {
  const open = new Set<ServerResponse>();
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    open.add(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = await listenTo(`http://127.0.0.1:${port}/`, "none");
  try {
    const latencies: number[] = [];
    for (const [index, { id, kind, fields }] of meterRecords(count).entries()) {
      const text = fieldsText({ ...fields, value: index });
      const frame = `id: ${index}\nevent: record\ndata: {"id":"${id}","kind":"${kind}","deleted":false,${text.slice(1)}\n\n`;
      const since = process.hrtime.bigint();
      for (const response of open) response.write(frame);
      latencies.push(await client.heard(index, since));
    }
    return latencies;
  } finally {
    await client.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
