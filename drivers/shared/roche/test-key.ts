/**
 * What a meter of this maker tells alike of one test over USB and over Bluetooth (SourceReading.testKey): the minute, since
 * programs are known to lose the seconds on one of the links (sheet a), and the value as sent with its unit.
 *
 * @param deviceTime what the meter shows as the test's time, `2015-03-21T16:45:24`
 * @param asSent the value's decimal, `HI` or `LO`
 */
export function testKeyOf(deviceTime: string, asSent: string, unit: string): string {
  return `${deviceTime.slice(0, 16)} ${asSent} ${unit}`;
}
