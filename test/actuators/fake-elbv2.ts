import { startAwsServer, type AwsReply } from '../fakes/aws-server.ts'
import { toXml } from '../fakes/xml.ts'

const NAMESPACE = 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/'
const account = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012'

export const listenerArn = `${account}:listener/app/live/50dc6c495c0c9188/f2f7dc8efc522ab2`
export const ruleArn = `${account}:listener-rule/app/live/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee`
export const groupArn = (name: string) => `${account}:targetgroup/${name}/6d0ecf831eec9f09`

/** An action as the fake keeps it: names of the API. */
export interface FakeAction {
  Type: string
  Order?: number
  TargetGroupArn?: string
  AuthenticateOidcConfig?: Record<string, unknown>
  ForwardConfig?: {
    TargetGroups: { TargetGroupArn: string; Weight?: number }[]
    TargetGroupStickinessConfig?: { Enabled: boolean; DurationSeconds?: number }
  }
}

/** A forward action over target groups with these weights. */
export function forward(weights: Readonly<Record<string, number>>): FakeAction {
  return {
    Type: 'forward',
    ForwardConfig: {
      TargetGroups: Object.entries(weights).map(([name, Weight]) => ({
        TargetGroupArn: groupArn(name),
        Weight,
      })),
      TargetGroupStickinessConfig: { Enabled: false },
    },
  }
}

/**
 * One listener with one rule, as far as the actuator may use them (API version 2015-12-01, the query
 * protocol: DescribeListeners, DescribeRules, ModifyListener, ModifyRule).
 */
export async function startFakeElbv2(initial: readonly FakeAction[]) {
  let actions = structuredClone(initial) as FakeAction[]
  const writes: FakeAction[][] = []

  function reply(operation: string, result: object, wrote = false): AwsReply {
    const body = toXml({ [`${operation}Result`]: result, ResponseMetadata: { RequestId: 'r' } })
    return {
      wrote,
      body: `<${operation}Response xmlns="${NAMESPACE}">${body}</${operation}Response>`,
    }
  }

  /** `DefaultActions.member.1.ForwardConfig.…` as the tree that it stands for. */
  function tree(form: URLSearchParams): Record<string, unknown> {
    const root: Record<string, unknown> = {}
    for (const [name, value] of form) {
      const steps = name.split('.').filter((step) => step !== 'member')
      let at = root
      for (const step of steps.slice(0, -1)) {
        at = (at[step] ??= {}) as Record<string, unknown>
      }
      at[steps.at(-1) ?? ''] = value
    }
    return root
  }

  function shown(list: readonly FakeAction[]): object {
    return {
      member: list.map((action) => {
        const { ForwardConfig, AuthenticateOidcConfig, ...rest } = action
        const {
          ClientSecret: _secret,
          UseExistingClientSecret: _flag,
          ...oidc
        } = AuthenticateOidcConfig ?? {}
        return {
          ...rest,
          AuthenticateOidcConfig: AuthenticateOidcConfig === undefined ? undefined : oidc,
          ForwardConfig: ForwardConfig && {
            TargetGroups: { member: ForwardConfig.TargetGroups },
            TargetGroupStickinessConfig: ForwardConfig.TargetGroupStickinessConfig,
          },
        }
      }),
    }
  }

  const server = await startAwsServer(
    {
      service: 'elasticloadbalancing',
      region: 'eu-central-1',
      isWrite: ({ body }) => body.includes('Action=Modify'),
    },
    ({ method, url, body }, refuse) => {
      const form = new URLSearchParams(body)
      const operation = form.get('Action') ?? ''
      if (method !== 'POST' || url.pathname !== '/') return refuse(`${method} ${url.pathname}`)
      if (form.get('Version') !== '2015-12-01') return refuse(`version ${form.get('Version')}`)
      form.delete('Action')
      form.delete('Version')
      const given = tree(form)
      const isRule = operation.includes('Rule')
      const arn = isRule ? ruleArn : listenerArn
      const own = isRule ? { RuleArn: arn } : { ListenerArn: arn, Port: 443, Protocol: 'HTTPS' }
      const list = () => ({ ...own, [isRule ? 'Actions' : 'DefaultActions']: shown(actions) })
      const several = isRule ? 'Rules' : 'Listeners'
      if (operation === 'DescribeRules' || operation === 'DescribeListeners') {
        const names = given[isRule ? 'RuleArns' : 'ListenerArns'] as Record<string, string>
        if (Object.keys(given).length !== 1) return refuse(`unknown parameters: ${body}`)
        if (names['1'] !== arn) {
          return notFound(isRule ? 'RuleNotFound' : 'ListenerNotFound')
        }
        return reply(operation, { [several]: { member: [list()] } })
      }
      if (operation !== 'ModifyRule' && operation !== 'ModifyListener') return refuse(operation)
      const { [isRule ? 'Actions' : 'DefaultActions']: raw, ...rest } = given
      if (
        JSON.stringify(rest) !== JSON.stringify(isRule ? { RuleArn: arn } : { ListenerArn: arn })
      ) {
        return refuse(`writes more than actions: ${body}`)
      }
      const next = Object.values(raw as Record<string, RawAction>).map(actionOf)
      for (const action of next) {
        if (action.ForwardConfig !== undefined && action.TargetGroupArn !== undefined) {
          return refuse('both TargetGroupArn and ForwardConfig')
        }
        const oidc = action.AuthenticateOidcConfig
        if (oidc !== undefined && oidc['UseExistingClientSecret'] !== 'true') {
          return refuse('a client secret is missing')
        }
        const odd = action.ForwardConfig?.TargetGroups.find(
          ({ Weight = 0 }) => !(Weight >= 0 && Weight <= 999),
        )
        if (odd !== undefined) return refuse(`weight ${odd.Weight}`)
      }
      actions = next
      writes.push(structuredClone(next))
      return reply(operation, { [several]: { member: [list()] } }, true)
    },
  )
  return {
    ...server,
    state: () => structuredClone(actions),
    writes,
    set: (changed: readonly FakeAction[]) =>
      void (actions = structuredClone(changed) as FakeAction[]),
  }
}

interface RawAction {
  readonly Type: string
  readonly Order?: string
  readonly TargetGroupArn?: string
  readonly AuthenticateOidcConfig?: Record<string, unknown>
  readonly ForwardConfig?: {
    readonly TargetGroups: Readonly<Record<string, { TargetGroupArn: string; Weight?: string }>>
    readonly TargetGroupStickinessConfig?: { Enabled: string; DurationSeconds?: string }
  }
}

function actionOf(raw: RawAction): FakeAction {
  const { Type, Order, TargetGroupArn, AuthenticateOidcConfig, ForwardConfig } = raw
  const sticky = ForwardConfig?.TargetGroupStickinessConfig
  return {
    Type,
    ...(Order !== undefined && { Order: Number(Order) }),
    ...(TargetGroupArn !== undefined && { TargetGroupArn }),
    ...(AuthenticateOidcConfig !== undefined && { AuthenticateOidcConfig }),
    ...(ForwardConfig !== undefined && {
      ForwardConfig: {
        TargetGroups: Object.values(ForwardConfig.TargetGroups).map((tuple) => ({
          TargetGroupArn: tuple.TargetGroupArn,
          ...(tuple.Weight !== undefined && { Weight: Number(tuple.Weight) }),
        })),
        ...(sticky !== undefined && {
          TargetGroupStickinessConfig: {
            Enabled: sticky.Enabled === 'true',
            ...(sticky.DurationSeconds !== undefined && {
              DurationSeconds: Number(sticky.DurationSeconds),
            }),
          },
        }),
      },
    }),
  }
}

function notFound(code: string): AwsReply {
  return {
    status: 400,
    body: `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>One or more not found</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  }
}
