import type { Context } from 'hono'
import type { z } from 'zod'
import { refuse } from './api-error.ts'

/** The parameters of a request as `schema` wants them; ends the request with `query-invalid` otherwise. */
export function readQuery<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(c.req.query())
  if (parsed.success) return parsed.data
  const field = parsed.error.issues[0]?.path.join('.') ?? ''
  return refuse(
    'query-invalid',
    field === '' ? 'A parameter is not known here.' : `The parameter "${field}" is not valid.`,
    'Compare it with /api/v1/openapi.json.',
  )
}
