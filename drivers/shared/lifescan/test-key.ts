/**
 * What a meter tells of a test over every link that it has, in one spelling: its own clock's count of seconds, untouched by
 * any epoch, and the value in mg/dL as sent. Record numbers differ from link to link (SourceReading.testKey).
 */
export function testKeyOf(seconds: number, mgDl: number): string {
  return `${seconds} ${mgDl}`;
}
