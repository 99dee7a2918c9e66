import { createHash } from 'node:crypto'

/** Who connects. */
interface Credentials {
  readonly user: string
  readonly password: string
}

/**
 * The parameters with which the application is asked for again after a server refused the connection
 * and wants a user (`authmod=adobe`, as Flash Media Server and Wowza do it). `description` is what the
 * server said: at first that it needs a user, then with salt and challenge. `undefined` where it asks
 * for something else, or has refused the answer.
 *
 * The digest: base64(md5(base64(md5(user, salt, password)), opaque or challenge, own challenge)).
 */
export function adobeParameters(
  description: string,
  { user, password }: Credentials,
  random: () => number,
): string | undefined {
  if (user === '' || !/authmod=adobe/u.test(description)) return undefined
  const name = `authmod=adobe&user=${user}`
  if (/code=403 need auth/u.test(description)) return name
  if (!/\?reason=needauth/u.test(description)) return undefined
  const said = (field: string) =>
    new RegExp(`[?&]${field}=([^&\\s]*)`, 'u').exec(description)?.[1] ?? ''
  const own = Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
  const opaque = said('opaque')
  const theirs = opaque === '' ? said('challenge') : opaque
  const secret = md5(`${user}${said('salt')}${password}`)
  const response = md5(`${secret}${theirs}${own}`)
  const answer = `${name}&challenge=${own}&response=${response}`
  return opaque === '' ? answer : `${answer}&opaque=${opaque}`
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('base64')
}
