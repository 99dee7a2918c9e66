import type { Mutation } from './mutation.ts'

const change = 'src/app/group/change.ts'
const convergence = 'src/app/group/converge.ts'
const giveUp = 'src/app/group/give-up.ts'
const recovery = 'src/app/group/recovery.ts'
const verify = 'src/app/group/verify-change.ts'

/** From the intent to its end. */
export const actingMutations: readonly Mutation[] = [
  {
    name: 'intent: written after the act',
    file: change,
    find: "  if (!opened.ok) {\n    installation.refund(intent.id)\n    if (opened.cause === 'limited') await wasLimited(deps, opened.says, opened.changed)\n    return\n  }\n",
    replace: '',
  },
  {
    name: 'intent: a second one beside the first',
    file: change,
    find: 'if (lease === undefined || record.memory.row.intent !== undefined) return',
    replace: 'if (lease === undefined) return',
  },
  {
    name: 'commit: taken for done though it was not recorded',
    file: change,
    find: '  if (!saved.ok) return false\n',
    replace: '',
  },
  {
    name: 'lease: not asked before a write',
    file: convergence,
    find: "if (!(await options.confirm())) return end('lost', 'the lease of this group ended')",
    replace: 'await options.confirm()',
  },
  {
    name: 'lease: a call may begin with less left than it takes',
    file: 'src/app/group/lease-keeper.ts',
    find: 'lease.token === token && lease.leftMs > callTimeoutMs',
    replace: 'lease.token === token && lease.leftMs > 0',
  },
  {
    name: 'lease: any token will do',
    file: 'src/app/group/lease-keeper.ts',
    find: 'lease.token === token && lease.leftMs > callTimeoutMs',
    replace: 'token > 0 && lease.leftMs > callTimeoutMs',
  },
  {
    name: 'lease: time left counts from the answer of the store',
    file: 'src/app/group/lease-keeper.ts',
    find: 'until: askedAt + lease.leftMs',
    replace: 'until: Math.max(askedAt, this.#clock.now()) + lease.leftMs',
  },
  {
    name: 'deadline: calls may begin after it',
    file: convergence,
    find: 'if (clock.now() >= deadline || signal.aborted) break',
    replace: 'if (signal.aborted) break',
  },
  {
    name: 'compare-and-set: a moved version is ours',
    file: convergence,
    find: '    if (!isOwn) {\n',
    replace: '    if (!isOwn && signal.aborted) {\n',
  },
  {
    name: 'compare-and-set: an own late write is taken for an edit',
    file: convergence,
    find: "if (!isUncertain) return end('conflict', answer.says)",
    replace: "return end('conflict', answer.says)",
  },
  {
    name: 'read error: taken for an answer',
    file: convergence,
    find: "      if (!read.retry) return end('failed', trouble)\n",
    replace: "      return end('applied', trouble)\n",
  },
  {
    name: 'roll-back: what was written stays',
    file: giveUp,
    find: 'if (done === undefined || !done.wrote || done === edited) continue',
    replace: 'if (done === undefined || done.wrote || done === edited) continue',
  },
  {
    name: 'roll-back: overwrites what it finds',
    file: giveUp,
    find: '      trail: done.trail,\n',
    replace:
      "      trail: { written: [{ says: '', data: {} }, ...actuator.target?.plan({ allocation: intent.from, version: '', ours: true, says: '' }, intent.to) ?? []], wanted: intent.to },\n",
  },
  {
    name: 'roll-back: does not wait for an unanswered write',
    file: giveUp,
    find: '    await clock.sleep(settings.callTimeoutMs)\n',
    replace: '',
  },
  {
    name: 'roll-back: an abort that was not recorded is forgotten',
    file: giveUp,
    find: '  if (!saved.ok) return\n  deps.installation.refund(intent.id)\n',
    replace: '  deps.installation.refund(intent.id)\n',
  },
  {
    name: 'recovery: judges at once',
    file: recovery,
    find: 'return Math.min(ceiling, Math.max(callTimeoutMs, left))',
    replace: 'return Math.min(0, ceiling, left)',
  },
  {
    name: 'recovery: replays',
    file: recovery,
    find: '  } else if (isOrigin && !intent.compensating) {\n',
    replace:
      "  } else if (isOrigin && !intent.compensating) {\n    await commitApplied(deps, { ...intent, steps })\n  } else if (isOrigin && intent.id === '') {\n",
  },
  {
    name: 'recovery: whatever the world shows is the origin',
    file: recovery,
    find: '  } else if (isOrigin && !intent.compensating) {\n',
    replace: '  } else if (!intent.compensating) {\n',
  },
  {
    name: 'recovery: an unreadable target is passed over',
    file: recovery,
    find: '      if (decides(actuator, deps.actuators)) return says\n',
    replace: "      if (says === '') return says\n",
  },
  {
    name: 'recovery: a publication does not count',
    file: recovery,
    find: 'isTarget = sameAllocation(published, intent.to)',
    replace: 'isTarget = false && sameAllocation(published, intent.to)',
  },
  {
    name: 'verification: none',
    file: verify,
    find: '  const verified = await deps.verify(enteredPaths(intent), signal)\n',
    replace: '  const verified = { ...(await deps.verify(intent.target, signal)), ok: true }\n',
  },
  {
    name: 'verification: not seeing is failing',
    file: verify,
    find: 'if (verified.isBlind === true) {',
    replace: "if (verified.isBlind === true && intent.id === '') {",
  },
  {
    name: 'verification: compensates during a hold, and in any mode',
    file: verify,
    find: 'if (veto !== undefined) {',
    replace: "if (veto !== undefined && intent.id === '') {",
  },
  {
    name: 'verification: compensates again and again',
    file: verify,
    find: 'const next = intent.compensating ? undefined : compensationFor(deps.situation(), intent)',
    replace: 'const next = compensationFor(deps.situation(), intent)',
  },
  {
    name: 'verification: one bad look decides',
    file: 'src/app/group/verify-looks.ts',
    find: '} while (clock.now() + verifyPauseMs < until &&',
    replace: '} while (clock.now() + verifyPauseMs < 0 &&',
  },
]
