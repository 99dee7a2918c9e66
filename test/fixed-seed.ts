import { configureGlobal } from 'fast-check'

/*
 * Property tests draw anew at every run, except in CI: whether a change is taken must not hang on
 * chance. `FAST_CHECK_SEED` replays a run.
 */
const seed = process.env['FAST_CHECK_SEED'] ?? (process.env['CI'] === undefined ? undefined : '1')
if (seed !== undefined) configureGlobal({ seed: Number(seed) })
