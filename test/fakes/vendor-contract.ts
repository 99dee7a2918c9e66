import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse } from 'yaml'

/** As much of an OpenAPI 3 or Swagger 2 document as is read here. */
interface Document {
  readonly swagger?: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface Operation {
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly schema?: object
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: object }>> }
  readonly responses: Readonly<
    Record<
      string,
      { readonly schema?: object; readonly content?: Readonly<Record<string, { schema: object }>> }
    >
  >
}

export interface FakeRequest {
  readonly method: string
  /** As the contract names it, such as `/v3/paths/get/{name}`. */
  readonly operation: string
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export interface FakeAnswer {
  readonly status?: number
  readonly body: unknown
}

export interface ContractServer {
  readonly url: string
  readonly requests: readonly FakeRequest[]
  /** What broke the contract, on either side; a test asserts that it is empty. */
  readonly violations: readonly string[]
  close(): Promise<void>
}

/**
 * A fake server that holds both sides to a vendor's own document: every request must be one that the
 * document knows, with a body of its schema, and every answer is checked before it is sent. Where
 * `answer` gives none, the request stays unanswered.
 */
export async function startContractServer(
  file: string,
  answer: (request: FakeRequest) => FakeAnswer | undefined,
): Promise<ContractServer> {
  const contract = readContract(file)
  const requests: FakeRequest[] = []
  const violations: string[] = []
  const server = createServer((incoming, response) => void serve(incoming, response))

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const url = new URL(incoming.url ?? '/', 'http://fake')
    const method = (incoming.method ?? 'GET').toLowerCase()
    const match = contract.match(method, url.pathname)
    if (match === undefined) {
      violations.push(`${method} ${url.pathname} is not in the contract`)
      reply(response, 404, { error: 'no such operation' })
      return
    }
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    violations.push(...contract.checkRequest(match.operation, method, url.searchParams, body))
    const request = { method, ...match, query: url.searchParams, headers: incoming.headers, body }
    requests.push(request)
    const given = answer(request)
    if (given === undefined) return
    const { status = 200, body: sent } = given
    violations.push(...contract.checkAnswer(match.operation, method, status, sent))
    reply(response, status, sent)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    violations,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function readContract(file: string) {
  const text = readFileSync(new URL(`../fixtures/contracts/${file}`, import.meta.url), 'utf8')
  const document = asJsonSchema(parse(text)) as Document
  // Formats such as uint64 and keywords of OpenAPI are not those of JSON Schema.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema(document, 'contract')
  const compiled = new Map<object, ValidateFunction>()

  function check(schema: object | undefined, value: unknown, what: string): string[] {
    if (schema === undefined) return []
    let validate = compiled.get(schema)
    if (validate === undefined) {
      validate = ajv.compile(schema)
      compiled.set(schema, validate)
    }
    if (validate(value)) return []
    return [`${what}: ${ajv.errorsText(validate.errors)}`]
  }

  return {
    match(method: string, pathname: string) {
      // A name may have slashes; the operation that says most of the path is meant.
      const operations = Object.keys(document.paths).toSorted((a, b) => b.length - a.length)
      for (const operation of operations) {
        if (document.paths[operation]?.[method] === undefined) continue
        const pattern = operation.replaceAll(/\{([^}]+)\}/gu, '(?<$1>.+)')
        const groups = new RegExp(`^${pattern}$`, 'u').exec(pathname)
        if (groups === null) continue
        const parameters = Object.fromEntries(
          Object.entries(groups.groups ?? {}).map(([name, value]) => [
            name,
            decodeURIComponent(value),
          ]),
        )
        return { operation, parameters }
      }
      return undefined
    },
    checkRequest(operation: string, method: string, query: URLSearchParams, body: unknown) {
      const known = document.paths[operation]?.[method]
      const parameters = known?.parameters ?? []
      const unknown = [...query.keys()].filter(
        (name) =>
          !parameters.some((parameter) => parameter.in === 'query' && parameter.name === name),
      )
      const schema =
        known?.requestBody?.content['application/json']?.schema ??
        parameters.find((parameter) => parameter.in === 'body')?.schema
      return [
        ...unknown.map((name) => `${method} ${operation}: unknown parameter ${name}`),
        ...check(body === undefined ? undefined : schema, body, `request ${method} ${operation}`),
      ]
    },
    checkAnswer(operation: string, method: string, status: number, body: unknown) {
      const answer = document.paths[operation]?.[method]?.responses[String(status)]
      if (answer === undefined) return [`${method} ${operation} never answers ${status}`]
      const schema = answer.schema ?? answer.content?.['application/json']?.schema
      return check(schema, body, `answer ${status} of ${method} ${operation}`)
    },
  }
}

/**
 * The document with what OpenAPI says in its own way said as JSON Schema does: `nullable` beside a
 * reference, and references that hold wherever a part of the document is compiled.
 */
function asJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(asJsonSchema)
  if (typeof schema !== 'object' || schema === null) return schema
  const { nullable, ...rest } = schema as Readonly<Record<string, unknown>>
  const said = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' && value.startsWith('#')
        ? `contract${value}`
        : asJsonSchema(value),
    ]),
  )
  return nullable === true ? { anyOf: [{ type: 'null' }, said] } : said
}
