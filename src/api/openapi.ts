import { errorCodes } from './api-error.ts'

const json = (schema: object) => ({ 'application/json': { schema } })
const ok = (description: string, schema: object = { type: 'object' }) => ({
  '200': { description, content: json(schema) },
})
const failed = { default: { $ref: '#/components/responses/Error' } }

const text = { type: 'string', minLength: 1 } as const
const parameter = (name: string, description: string) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: text,
})
const inGroup = [
  parameter('stream', 'Name of the stream'),
  parameter('group', 'Short name of the group'),
]
const onPath = [...inGroup, parameter('path', 'Short name of the path')]
const query = (name: string, description: string, schema: object) => ({
  name,
  in: 'query',
  description,
  schema,
})

const person = {
  actor: { ...text, maxLength: 80, description: 'Who asks; the name of the token is added' },
  reason: { ...text, maxLength: 500, description: 'Why; goes into the journal' },
}

function reading(summary: string, parameters: readonly object[] = [], open = false) {
  return {
    get: {
      summary,
      parameters,
      ...(open && { security: [] }),
      responses: { ...ok('The answer'), ...failed },
    },
  }
}

function change(
  summary: string,
  parameters: readonly object[],
  properties: Readonly<Record<string, object>>,
  required: readonly string[],
) {
  const schema = { type: 'object', additionalProperties: false, properties, required }
  return {
    summary,
    parameters,
    requestBody: { required: true, content: json(schema) },
    responses: {
      ...ok('Done, in a sentence', { $ref: '#/components/schemas/Done' }),
      ...failed,
    },
  }
}

/** Answers whose status is the message. */
function asked(summary: string, yes: string, no: string, parameters: readonly object[]) {
  return {
    get: {
      summary,
      parameters,
      security: [],
      responses: { '200': { description: yes }, '503': { description: no }, ...failed },
    },
  }
}

const withReason = { properties: person, required: ['reason'] }

/** The OpenAPI 3.1 description of the API; a test holds it equal to the routes that exist. */
export const openApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'Changeover',
    version: '1',
    description:
      'Monitoring and automated failover for live streams. Times are milliseconds since the Unix epoch, durations in bodies are text with a unit (30s, 10m, 1h30m).',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  security: [{ bearer: [] }],
  paths: {
    '/metrics': reading('Metrics for Prometheus'),
    '/healthz': asked('Whether the watchdog loop turns', 'It turns', 'It hangs', []),
    '/readyz': asked('Whether Changeover watches and could act', 'Ready', 'Not ready', []),
    '/health/{stream}/{group}/{path}': asked(
      'Health of a path, for information',
      'up, degraded or contested',
      'down',
      [
        ...onPath,
        query('unknown', 'What unknown counts as', { enum: ['pass', 'fail'], default: 'pass' }),
      ],
    ),
    '/serve/{stream}/{group}/{path}': asked(
      'Whether a path carries traffic by the applied allocation',
      'Give it traffic',
      'Give it none',
      onPath,
    ),
    '/evict/{stream}/{group}/{path}': asked(
      'The inverse of /serve, for inverted health checks',
      'Take it out',
      'Leave it in',
      onPath,
    ),
    '/steering/{stream}/{group}': {
      options: {
        summary: 'Lets pages of any origin ask (CORS)',
        parameters: inGroup,
        security: [],
        responses: { '204': { description: 'They may' } },
      },
      get: {
        summary:
          'The steering manifest of the group for HLS and DASH players; its RELOAD-URI keeps the session',
        parameters: [
          ...inGroup,
          query('session', 'Whose answer; a new one is given where it is absent', {
            type: 'string',
          }),
        ],
        security: [],
        responses: {
          '200': {
            description: 'The steering manifest (rfc8216bis 7.2, ETSI TS 103 998)',
            content: json({ type: 'object' }),
          },
          '503': { description: 'Nothing was ever seen of what is applied: ask again' },
          ...failed,
        },
      },
    },
    '/hooks/rtmp/{stream}/{group}': Object.fromEntries(
      ['get', 'post'].map((method) => [
        method,
        {
          summary: 'What nginx-rtmp, SRS and MediaMTX ask when somebody publishes',
          parameters: [
            ...inGroup,
            query('key', 'The secret of the hook', text),
            query('at', 'Short name of the path whose server asks', text),
          ],
          security: [],
          responses: {
            '200': { description: 'It may publish here' },
            '302': { description: 'Relay it to the address in Location (nginx-rtmp)' },
            '403': { description: 'It may not publish here, or the key is wrong' },
            ...failed,
          },
        },
      ]),
    ),
    '/hooks/notify/{name}': {
      post: {
        summary: 'What PagerDuty and Slack tell of what people did there, signed by the service',
        parameters: [parameter('name', 'Name of the route in the configuration')],
        security: [],
        responses: { '200': { description: 'Taken' }, ...failed },
      },
    },
    '/api/v1/state': reading('Everything: the view that the status page draws'),
    '/api/v1/groups/{stream}/{group}': reading('One group of that view', inGroup),
    '/api/v1/groups/{stream}/{group}/changes': reading(
      'Applied changes of a group, newest first, with when each was applied, verified and in effect, and who does not follow yet',
      [
        ...inGroup,
        query('limit', 'At most this many', {
          type: 'integer',
          minimum: 1,
          maximum: 100,
          default: 20,
        }),
      ],
    ),
    '/api/v1/groups/{stream}/{group}/paths/{path}/picture': {
      get: {
        summary: 'A small picture (JPEG) of what a path shows, where deep looks are made',
        parameters: [
          ...onPath,
          query('of', 'The newest, or the newest that was neither black nor frozen', {
            enum: ['newest', 'good'],
            default: 'newest',
          }),
        ],
        responses: {
          200: { description: 'The picture', content: { 'image/jpeg': {} } },
          ...failed,
        },
      },
    },
    '/api/v1/journal': reading('Entries of the journal', [
      query('after', 'Only entries with a greater sequence', { type: 'integer', minimum: 0 }),
      query('before', 'Only entries with a smaller sequence', { type: 'integer', minimum: 0 }),
      query('limit', 'At most this many', {
        type: 'integer',
        minimum: 1,
        maximum: 1000,
        default: 100,
      }),
      query('group', 'Only entries of this group, by its full name', text),
      query('order', 'Default: newest, or oldest where "after" is given', {
        enum: ['newest', 'oldest'],
      }),
    ]),
    '/api/v1/events': reading(
      'Server-sent events: "state" with the whole view, at most twice a second, and "journal" with new entries, whose id is their sequence; Last-Event-ID resumes',
      [query('after', 'Resume after this sequence', { type: 'integer', minimum: 0 })],
    ),
    '/api/v1/session': reading('What the caller may do', [], true),
    '/api/v1/openapi.json': reading('This document', [], true),
    '/api/v1/groups/{stream}/{group}/steer': {
      post: change(
        'Move the traffic to a path or by weights; holds the group afterwards',
        inGroup,
        {
          path: { ...text, description: 'Short name of the path; either this or weights' },
          weights: {
            type: 'object',
            additionalProperties: { type: 'integer', minimum: 0, maximum: 100 },
            description: 'Weighted groups: the weight of each path; they add up to 100',
          },
          ...person,
          apply: { type: 'boolean', default: false, description: 'Needed in advise' },
          bypass: { type: 'array', items: text, description: 'Guards to bypass, by name' },
        },
        ['reason'],
      ),
    },
    '/api/v1/groups/{stream}/{group}/hold': {
      post: change(
        'Let nothing automatic happen to a group',
        inGroup,
        { for: { ...text, description: 'How long, 1s to 30d' }, ...person },
        ['for', 'reason'],
      ),
    },
    '/api/v1/groups/{stream}/{group}/release': {
      post: change('End a hold', inGroup, withReason.properties, withReason.required),
    },
    '/api/v1/groups/{stream}/{group}/ack': {
      post: change('Leave FROZEN', inGroup, withReason.properties, withReason.required),
    },
    '/api/v1/groups/{stream}/{group}/adopt': {
      post: change(
        'Take over a record that was not ours',
        inGroup,
        withReason.properties,
        withReason.required,
      ),
    },
    '/api/v1/incidents/{key}/ack': {
      post: change(
        'Say that somebody looks after an incident',
        [parameter('key', 'Key of the incident')],
        person,
        [],
      ),
    },
    '/api/v1/silences': {
      post: change(
        'Tell nobody of some incidents for a while; every field that is given must match',
        [],
        {
          stream: { ...text, description: 'Pattern of names; * stands for any characters' },
          group: { ...text, description: 'Pattern of full names' },
          path: { ...text, description: 'Pattern of short names' },
          tag: { ...text, description: 'Pattern of tags of the stream' },
          key: { ...text, description: 'Key of one incident, exactly' },
          for: { ...text, description: 'How long, 1m to 30d' },
          in: { ...text, description: 'Begin so much later', default: '0s' },
          ...person,
        },
        ['for', 'reason'],
      ),
    },
    '/api/v1/silences/{id}/end': {
      post: change(
        'End a silence before its time',
        [parameter('id', 'Identity of the silence')],
        withReason.properties,
        withReason.required,
      ),
    },
    '/api/v1/drills': reading(
      'Drills: what is planned, what runs, what came of the newest ones, and which of their reports are kept',
      [
        query('group', 'Only drills of this group, by its full name', text),
        query('limit', 'At most this many outcomes', {
          type: 'integer',
          minimum: 1,
          maximum: 500,
          default: 20,
        }),
      ],
    ),
    '/api/v1/drills/plans/{name}': reading(
      'One drill: what it would do if it began now, step by step, and what would keep it from beginning',
      [parameter('name', 'Name of the drill in the configuration')],
    ),
    '/api/v1/drills/reports/{file}': {
      get: {
        summary: 'The report of a drill that ended',
        parameters: [parameter('file', 'Its id and a form: .json, .html or .xml (JUnit)')],
        responses: {
          '200': {
            description: 'The report',
            content: { ...json({ type: 'object' }), 'text/html': {}, 'application/xml': {} },
          },
          ...failed,
        },
      },
    },
    '/api/v1/drills/plans/{name}/run': {
      post: change(
        'Begin a drill; the answer comes at once, with its id',
        [parameter('name', 'Name of the drill in the configuration')],
        withReason.properties,
        withReason.required,
      ),
    },
    '/api/v1/drills/abort': {
      post: change(
        'End the running drill before its time; what it moved returns',
        [],
        {
          ...person,
          id: { ...text, description: 'Only where this is the drill under way' },
        },
        withReason.required,
      ),
    },
    '/api/v1/demo/faults': {
      ...reading('Faults of the lab, in the demo'),
      post: change(
        'Break the lab',
        [],
        { target: text, fault: text, for: { ...text, default: '20s', description: '1s to 10m' } },
        ['target', 'fault'],
      ),
    },
    '/api/v1/demo/faults/{id}': {
      delete: {
        summary: 'End a fault of the lab',
        parameters: [parameter('id', 'Identity of the fault')],
        responses: {
          ...ok('Done, in a sentence', { $ref: '#/components/schemas/Done' }),
          ...failed,
        },
      },
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    responses: {
      Error: {
        description: 'What happened and what to do',
        content: json({ $ref: '#/components/schemas/Error' }),
      },
    },
    schemas: {
      Done: {
        type: 'object',
        properties: { ok: { const: true }, says: { type: 'string' } },
        required: ['ok', 'says'],
      },
      Error: {
        type: 'object',
        properties: {
          error: {
            type: 'object',
            properties: {
              code: { enum: errorCodes },
              says: { type: 'string' },
              todo: { type: 'string' },
              guard: { ...text, description: 'The guard that vetoes, where `bypass` may name it' },
            },
            required: ['code', 'says', 'todo'],
          },
        },
        required: ['error'],
      },
    },
  },
} as const
