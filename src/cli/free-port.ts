import { createServer, type AddressInfo } from 'node:net'

/** The port on 127.0.0.1 if it is free (0: any free one), else `undefined`. */
export async function freePort(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    return await new Promise<number>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    })
  } catch {
    return undefined
  } finally {
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
  }
}
