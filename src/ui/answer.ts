import { useEffect, useState } from 'preact/hooks'
import { type ApiFailure, asFailure, askJson } from './api-client.ts'

/** What the API answered last, and why it did not answer since, where it did not. */
export interface Answer<T> {
  readonly data?: T
  readonly failure?: ApiFailure
}

/** Asks the API for what is not in the stream of events; again whenever `version` changes. */
export function useAnswer<T>(address: string, version: string | number): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T> & { readonly address?: string }>({})
  useEffect(() => {
    const over = new AbortController()
    askJson<T>(address, over.signal).then(
      (data) => setAnswer({ address, data }),
      (error: unknown) => {
        if (over.signal.aborted) return
        const failure = asFailure(error)
        // What was there stays, and says that it may be old.
        setAnswer((old) => (old.address === address ? { ...old, failure } : { address, failure }))
      },
    )
    return () => over.abort()
  }, [address, version])
  return answer.address === address ? answer : {}
}
