/** The value of an environment variable; `undefined` where it is not set. An empty value is a value. */
export function readEnvironment(name: string): string | undefined {
  return process.env[name]
}
