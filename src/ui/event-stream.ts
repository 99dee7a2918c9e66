/** One server-sent event; `comment` where the server only shows that it lives. */
export interface StreamEvent {
  readonly name: string
  readonly data: string
}

/**
 * Takes text in any pieces and gives the events that are complete (HTML standard, section 9.2.6).
 * The browser's own EventSource cannot send a token and hides heartbeats, hence this.
 */
export function eventParser(): (text: string) => StreamEvent[] {
  let rest = ''
  return (text) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    return blocks.map(parseBlock)
  }
}

function parseBlock(block: string): StreamEvent {
  let name = 'comment'
  const data: string[] = []
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) name = line.slice(7)
    else if (line.startsWith('data: ')) data.push(line.slice(6))
  }
  return { name, data: data.join('\n') }
}

/** Without any byte for this long the connection counts as lost: two heartbeats and a bit. */
const SILENCE_MS = 12_000

/**
 * Reads events until the connection ends, fails or falls silent, then returns or throws.
 * `onEvent` is called for comments too.
 */
export async function readEvents(
  response: Response,
  onEvent: (event: StreamEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  const parse = eventParser()
  const decoder = new TextDecoder()
  const stop = () => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', stop, { once: true })
  let silence = setTimeout(stop, SILENCE_MS)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(silence)
      silence = setTimeout(stop, SILENCE_MS)
      for (const event of parse(decoder.decode(value, { stream: true }))) onEvent(event)
    }
  } finally {
    clearTimeout(silence)
    signal.removeEventListener('abort', stop)
  }
}
