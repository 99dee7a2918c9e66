/** `2026-11-21 03:04:05`: wall milliseconds since the epoch in UTC, for people. */
export function timeText(wall: number): string {
  return new Date(wall).toISOString().slice(0, 19).replace('T', ' ')
}
