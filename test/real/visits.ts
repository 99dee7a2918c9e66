import type { Net } from '../../src/plugin/net.ts'

/** How many of `count` new clients of a balancer each server answered: `{ '200 a': 3 }`. */
export async function visits(
  net: Net,
  url: string,
  count: number,
): Promise<Record<string, number>> {
  const seen: Record<string, number> = {}
  for (let index = 0; index < count; index += 1) {
    const answer = await net.http({ url, deadlineMs: 2_000, maxBytes: 100, fresh: true })
    const name = answer.ok ? `${answer.status} ${answer.body.toString().slice(0, 8)}` : answer.says
    seen[name] = (seen[name] ?? 0) + 1
  }
  return seen
}
