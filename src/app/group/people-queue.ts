import type { Command, CommandResult } from '../../core/command.ts'
import { carryOutCommand, type CommandContext } from './commands.ts'

const todo = 'Ask the process that leads, or try again in a moment.'

/** The answer of a controller whose run is over. */
export const beingStopped = {
  ok: false,
  code: 'unavailable',
  says: 'this group is being stopped',
  todo,
} as const satisfies CommandResult

/** What people want of a group, in the order in which they asked. */
export class PeopleQueue {
  readonly #waiting: { command: Command; answer: (answer: CommandResult) => void }[] = []

  /** Takes a command in; the answer comes when it is done or refused. */
  async add(command: Command): Promise<CommandResult> {
    return await new Promise((answer) => {
      this.#waiting.push({ command, answer })
    })
  }

  refuseAll(says: string): void {
    for (const { answer } of this.#waiting.splice(0)) {
      answer({ ok: false, code: 'unavailable', says, todo })
    }
  }

  /** Carries the first one out; false where nobody waits. */
  async serveNext(context: CommandContext): Promise<boolean> {
    const next = this.#waiting.shift()
    if (next === undefined) return false
    next.answer(await carryOutCommand(next.command, context))
    return true
  }

  /** A hold does not wait for the end of a change: before the next write begins, it is in force. */
  async serveHolds(context: Omit<CommandContext, 'act'>): Promise<void> {
    for (;;) {
      const at = this.#waiting.findIndex(({ command }) => command.kind === 'hold')
      const each = this.#waiting[at]
      if (each === undefined) return
      this.#waiting.splice(at, 1)
      each.answer(await carryOutCommand(each.command, { ...context, act: async () => undefined }))
    }
  }
}
