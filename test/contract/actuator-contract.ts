import { afterEach, describe, expect, it } from 'vitest'
import { allTo, sameAllocation, serving, type Allocation } from '../../src/core/allocation.ts'
import type { Actuator, Observed, Step } from '../../src/plugin/actuator.ts'

/**
 * How the target misbehaves from now on. `refuse`: nobody answers its door. `silent`: it takes
 * connections and never answers, and nothing takes effect. `deaf`: reads are answered and writes
 * take effect, but the answer to a write never comes.
 */
export type TargetFault = 'refuse' | 'silent' | 'deaf'

/** An actuator on a real target, or on a fake that validates every request. */
export interface ActuatorHarness {
  /** Its call time-out must be short, some hundred milliseconds. */
  readonly actuator: Actuator
  /** At least two; the target begins with everything on the first. */
  readonly paths: readonly string[]
  /** Whatever the target holds, in any form that `toEqual` compares. */
  state(): object | Promise<object>
  /** Somebody else changes what the target serves, to something that no test here wants. */
  editByHand(): Promise<void>
  fail(fault: TargetFault): Promise<void>
  /** Strings that may never be said. */
  readonly secrets: readonly string[]
  close(): Promise<void>
}

const never = new AbortController().signal

/**
 * Proves that an actuator keeps the contract of `src/plugin/actuator.ts` (invariants 11, 28, 30, 31).
 * `faults` are those that the harness can bring about: a real server cannot be made deaf.
 */
export function actuatorContract(
  type: string,
  start: () => Promise<ActuatorHarness>,
  faults: readonly TargetFault[] = ['refuse', 'silent', 'deaf'],
): void {
  describe(`the ${type} actuator, as every actuator,`, () => {
    const open: ActuatorHarness[] = []
    const said: string[] = []

    afterEach(async () => {
      for (const harness of open.splice(0)) {
        for (const secret of harness.secrets) {
          expect(said.filter((text) => text.includes(secret))).toEqual([])
        }
        await harness.close()
      }
      said.length = 0
    })

    async function begin(): Promise<ActuatorHarness> {
      const harness = await start()
      open.push(harness)
      return harness
    }

    async function observe(harness: ActuatorHarness): Promise<Observed> {
      const result = await harness.actuator.observe(never)
      if (!result.ok) throw new Error(`cannot observe: ${result.says}`)
      said.push(JSON.stringify(result))
      return result.observed
    }

    function plan(harness: ActuatorHarness, observed: Observed, wanted: Allocation) {
      const steps = harness.actuator.plan(observed, wanted)
      said.push(JSON.stringify(steps))
      return steps
    }

    /** Applies all steps the way the controller does; the version travels from step to step. */
    async function apply(harness: ActuatorHarness, steps: readonly Step[], from: string) {
      let version = from
      for (const step of steps) {
        const result = await harness.actuator.apply(step, version, never)
        said.push(JSON.stringify(result))
        if (result.result !== 'applied') throw new Error(`${result.result}: ${result.says}`)
        version = result.version ?? (await observe(harness)).version
      }
    }

    function second(harness: ActuatorHarness): Allocation {
      return allTo(harness.paths[1] ?? '', harness.paths)
    }

    it('observes without changing anything, twice the same', async () => {
      const harness = await begin()
      const before = structuredClone(await harness.state())

      const first = await observe(harness)
      const again = await observe(harness)

      expect(again).toEqual(first)
      expect(first.allocation).toEqual(allTo(harness.paths[0] ?? '', harness.paths))
      expect(first.says).toMatch(/\w \w/)
      expect(await harness.state()).toEqual(before)
    })

    it('plans nothing for what is there already', async () => {
      const harness = await begin()
      const observed = await observe(harness)

      expect(plan(harness, observed, observed.allocation)).toEqual([])
    })

    it('plans purely: frozen values in, the same steps out, nothing written', async () => {
      const harness = await begin()
      const before = structuredClone(await harness.state())
      const observed = await observe(harness)
      const frozen = Object.freeze({
        ...observed,
        allocation: Object.freeze({ ...observed.allocation }),
      })
      const wanted = Object.freeze(second(harness))

      const first = plan(harness, frozen, wanted)
      const again = plan(harness, structuredClone(observed), { ...wanted })

      expect(first.length).toBeGreaterThan(0)
      expect(again).toEqual(first)
      expect(first.every((step) => /\w \w/.test(step.says))).toBe(true)
      expect(await harness.state()).toEqual(before)
    })

    it('moves everything with its steps, and then plans nothing more', async () => {
      const harness = await begin()
      const wanted = second(harness)
      const observed = await observe(harness)

      await apply(harness, plan(harness, observed, wanted), observed.version)
      const after = await observe(harness)

      expect(after.allocation).toEqual(wanted)
      expect(after.version).not.toBe(observed.version)
      expect(plan(harness, after, wanted)).toEqual([])
    })

    it('never leaves nothing serving between two steps', async () => {
      const harness = await begin()
      const observed = await observe(harness)
      const steps = plan(harness, observed, second(harness))

      let { version } = observed
      for (const step of steps) {
        await apply(harness, [step], version)
        const between = await observe(harness)
        version = between.version
        expect(serving(between.allocation)).not.toEqual([])
      }
    })

    it('keeps its steps through JSON, as an intent that survives a restart', async () => {
      const harness = await begin()
      const wanted = second(harness)
      const observed = await observe(harness)
      const steps = JSON.parse(JSON.stringify(plan(harness, observed, wanted))) as Step[]

      await apply(harness, steps, observed.version)

      expect(sameAllocation((await observe(harness)).allocation, wanted)).toBe(true)
    })

    it('does the same with a step once and twice', async () => {
      const harness = await begin()
      const observed = await observe(harness)
      const [step] = plan(harness, observed, second(harness))
      if (step === undefined) throw new Error('no step')

      await apply(harness, [step], observed.version)
      const once = structuredClone(await harness.state())
      const repeated = await harness.actuator.apply(step, observed.version, never)
      const current = await observe(harness)
      const later = await harness.actuator.apply(step, current.version, never)
      said.push(JSON.stringify([repeated, later]))

      expect(await harness.state()).toEqual(once)
      expect(['applied', 'conflict']).toContain(repeated.result)
      expect(['applied', 'conflict']).toContain(later.result)
    })

    it('finds an edit by hand in between, and does not overwrite it', async () => {
      const harness = await begin()
      const observed = await observe(harness)
      const steps = plan(harness, observed, second(harness))

      await harness.editByHand()
      const edited = structuredClone(await harness.state())
      const results = []
      for (const step of steps) {
        results.push(await harness.actuator.apply(step, observed.version, never))
      }
      said.push(JSON.stringify(results))

      expect(results.map(({ result }) => result)).toEqual(steps.map(() => 'conflict'))
      expect(await harness.state()).toEqual(edited)
      expect((await observe(harness)).version).not.toBe(observed.version)
    })

    it('refuses a step that is not one of its own', async () => {
      const harness = await begin()
      const before = structuredClone(await harness.state())
      const { version } = await observe(harness)

      const step = { says: 'do something else', data: { what: 'rm -rf /' } }
      const result = await harness.actuator.apply(step, version, never)
      said.push(JSON.stringify(result))

      expect(result).toMatchObject({ result: 'failed', retry: false })
      expect(await harness.state()).toEqual(before)
    })

    if (faults.includes('refuse'))
      it('cannot observe a target that refuses, and its writes fail to be tried again', async () => {
        const harness = await begin()
        const observed = await observe(harness)
        const [step] = plan(harness, observed, second(harness))
        if (step === undefined) throw new Error('no step')

        await harness.fail('refuse')
        const read = await harness.actuator.observe(never)
        const written = await harness.actuator.apply(step, observed.version, never)
        said.push(JSON.stringify([read, written]))

        expect(read).toMatchObject({ ok: false, retry: true })
        expect(written).toMatchObject({ result: 'failed', retry: true })
      })

    if (faults.includes('silent'))
      it('cannot observe a target that does not answer, and says so in time', async () => {
        const harness = await begin()
        const observed = await observe(harness)
        const [step] = plan(harness, observed, second(harness))
        if (step === undefined) throw new Error('no step')
        const before = structuredClone(await harness.state())

        await harness.fail('silent')
        const read = await harness.actuator.observe(never)
        const written = await harness.actuator.apply(step, observed.version, never)
        said.push(JSON.stringify([read, written]))

        expect(read).toMatchObject({ ok: false, retry: true })
        // Where the read before the write hangs, nothing was written for sure.
        expect(['unknown', 'failed']).toContain(written.result)
        if (written.result === 'failed') expect(written.retry).toBe(true)
        expect(await harness.state()).toEqual(before)
      })

    if (faults.includes('deaf'))
      it('does not know what came of a write without an answer, and reading back tells', async () => {
        const harness = await begin()
        const observed = await observe(harness)
        const [step] = plan(harness, observed, second(harness))
        if (step === undefined) throw new Error('no step')

        await harness.fail('deaf')
        const written = await harness.actuator.apply(step, observed.version, never)
        const after = await observe(harness)
        said.push(JSON.stringify(written))

        expect(written.result).toBe('unknown')
        expect(after.version).not.toBe(observed.version)
      })

    it('ends when its signal aborts', async () => {
      const harness = await begin()
      const observed = await observe(harness)
      const [step] = plan(harness, observed, second(harness))
      if (step === undefined) throw new Error('no step')
      const before = structuredClone(await harness.state())

      const read = await harness.actuator.observe(AbortSignal.abort())
      const written = await harness.actuator.apply(step, observed.version, AbortSignal.abort())
      said.push(JSON.stringify([read, written]))

      expect(read.ok).toBe(false)
      expect(['unknown', 'failed']).toContain(written.result)
      expect(await harness.state()).toEqual(before)
    })
  })
}
