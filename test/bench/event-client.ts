import { get } from "node:http";

/**
 * A client of an event stream, as a process: `node event-client.js URL TOKEN`. Prints `open` when the stream is, then
 * for each `record` event the machine's monotonic clock in nanoseconds at the moment when it had read it, and its value.
 */
function main(url: string, token: string): void {
  const request = get(url, { headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" } });
  request.on("response", (answer) => {
    if (answer.statusCode !== 200) throw new Error(`the stream answered ${answer.statusCode}`);
    process.stdout.write("open\n");
    let text = "";
    answer.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) readFrame(frame);
    });
  });
}

function readFrame(frame: string): void {
  const lines = frame.split("\n");
  if (!lines.includes("event: record")) return;
  const data = lines.find((line) => line.startsWith("data: "))?.slice("data: ".length) ?? "";
  const { value } = JSON.parse(data) as { value: number };
  process.stdout.write(`${process.hrtime.bigint()} ${value}\n`);
}

const [url, token] = process.argv.slice(2);
if (url === undefined || token === undefined) throw new Error("Usage: event-client URL TOKEN");
main(url, token);
