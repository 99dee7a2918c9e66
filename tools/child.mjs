// Starting a program in our place: the same terminal, signals and exit code.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter } from 'node:path'
import { at, giveUp, programNode, root, sentenceOf } from './workspace.mjs'

/** npm and a supervisor may both pass the same signal on; a person who means it waits longer. */
const sameSignalMs = 300

/** How soon the end of the shell around us is noticed. */
const parentEveryMs = 250

/**
 * Runs `command` with our terminal and resolves to its exit code (128 and the signal's number where
 * a signal ended it). Signals that this process gets go to the child.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options })
    const stop = forwardSignals(child)
    child.once('error', (error) => {
      stop()
      giveUp(`cannot start ${command}: ${sentenceOf(error)}.`)
    })
    child.once('exit', (code, signal) => {
      stop()
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}

/** Runs a file of the repository, or of a package in it, with the project's own Node. */
export function runNode(file, args, options = {}) {
  return run(programNode(), [at(...file.split('/')), ...args], options)
}

/** The environment for programs that call `node` by name: they get the project's own. */
export function environment(more = {}) {
  const path = [at('node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  return { ...process.env, PATH: path, ...more }
}

/**
 * A terminal sends Ctrl-C to every process in front of it, so the child has it already; passing it
 * on would look like a second, impatient one. Without a terminal only we are told.
 */
function forwardSignals(child) {
  const hasTerminal = process.stdin.isTTY === true
  const last = new Map()
  const pass = (signal) => {
    const now = performance.now()
    if (now - (last.get(signal) ?? -Infinity) < sameSignalMs) return
    last.set(signal, now)
    if (signal !== undefined) child.kill(signal)
  }
  const handlers = {
    SIGINT: () => pass(hasTerminal ? undefined : 'SIGINT'),
    SIGTERM: () => pass('SIGTERM'),
    // A closing terminal means the end, although a service means "reload" by the same signal.
    SIGHUP: () => pass(hasTerminal ? 'SIGTERM' : 'SIGHUP'),
  }
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler)
  const stopWatching = watchParent(() => last.size === 0 && pass('SIGTERM'))
  return () => {
    stopWatching()
    for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler)
  }
}

/**
 * npm gives its SIGTERM to the shell in which it started us, and a plain sh dies of it without a
 * word to us. Without this the program would go on alone.
 */
function watchParent(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return () => undefined
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onGone()
  }, parentEveryMs)
  return () => clearInterval(timer)
}
