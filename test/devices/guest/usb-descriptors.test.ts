import { describe, expect, test } from "vitest";
import { functionDescriptors, hidDescriptor, noStrings, type UsbInterface, vendorReports } from "./usb-descriptors.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("descriptors for FunctionFS", () => {
  test("tell a disk's interface at full and at high speed, which differ in the size of packets", () => {
    const disk: UsbInterface = {
      ...{ class: 8, subclass: 6, protocol: 0x50 },
      endpoints: [
        { direction: "in", type: "bulk" },
        { direction: "out", type: "bulk" },
      ],
    };
    const face = "0904000002080650" + "00";
    const full = `${face}07058102400000${"07050202400000"}`;
    const high = `${face}07058102000200${"07050202000200"}`;
    const header = "03000000" + "42000000" + "03000000" + "03000000" + "03000000";
    expect(hex(functionDescriptors([disk]))).toBe(header + full + high);
  });

  test("tell a HID interface with its own descriptor, asked every millisecond", () => {
    const reports = vendorReports(64);
    const hid: UsbInterface = {
      ...{ class: 3, subclass: 0, protocol: 0 },
      classDescriptor: hidDescriptor(reports.length),
      endpoints: [
        { direction: "in", type: "interrupt" },
        { direction: "out", type: "interrupt" },
      ],
    };
    const own = `09211101000122${reports.length.toString(16)}00`;
    const text = hex(functionDescriptors([hid]));
    expect(text).toContain(`090400000203000000${own}07058103400001${"07050203400001"}`);
    expect(text).toContain(`090400000203000000${own}07058103400004${"07050203400004"}`);
    expect(text.slice(0, 40)).toBe("03000000" + "54000000" + "03000000" + "04000000" + "04000000");
  });

  test("number interfaces and endpoints on, also past an interface without any", () => {
    const own = { class: 0xff, subclass: 0, protocol: 0 };
    const text = hex(
      functionDescriptors([
        { ...own, endpoints: [] },
        { ...own, endpoints: [{ direction: "out", type: "bulk" }] },
      ]),
    );
    expect(text).toContain("0904000000ff000000" + "0904010001ff000000" + "07050102400000");
  });

  test("describe reports of 64 bytes each way and a feature report, on a maker's page", () => {
    expect(hex(vendorReports(64))).toBe(
      "0600ff" + "0901" + "a101" + "1500" + "26ff00" + "7508" + "9540" + "09028102" + "09039102" + "0904b102" + "c0",
    );
    expect(hex(vendorReports(64, true))).toContain("953f" + "8501" + "09028102" + "09039102" + "0904b102" + "8502");
    // The kernel takes no more than 4,096 bytes.
    expect(vendorReports(64, true)).toHaveLength(16 + 255 * 14 + 1);
    expect(hex(vendorReports(300))).toContain("962c01");
  });

  test("say that there are no strings", () => {
    expect(hex(noStrings())).toBe("02000000" + "10000000" + "00000000" + "00000000");
  });
});
