import { z } from 'zod'
import type { ServerApi } from '../../src/plugin/server-api.ts'
import type { ServerAnswer } from '../../src/plugin/server-reading.ts'

const pageSize = 500
const maxPages = 20

export type Listed<Item> =
  | { readonly ok: true; readonly items: readonly Item[] }
  | Extract<ServerAnswer, { ok: false }>

/** Lists objects page by page (Kubernetes API concepts, "Retrieving large results sets in chunks"). */
export async function list<Item>(
  api: ServerApi,
  path: string,
  selector: string,
  item: z.ZodType<Item>,
): Promise<Listed<Item>> {
  const schema = z.object({
    metadata: z.object({ continue: z.string().optional() }).optional(),
    items: z.array(item),
  })
  const items: Item[] = []
  let next = ''
  for (let page = 0; page < maxPages; page += 1) {
    const query = new URLSearchParams({ labelSelector: selector, limit: String(pageSize) })
    if (next !== '') query.set('continue', next)
    const asked = await api.json({ path: `${path}?${query.toString()}` }, schema)
    if (!asked.ok) return asked
    items.push(...asked.value.items)
    next = asked.value.metadata?.continue ?? ''
    if (next === '') break
  }
  return { ok: true, items }
}
