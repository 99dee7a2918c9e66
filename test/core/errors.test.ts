import { describe, expect, test } from 'vitest'
import { ChangeoverError, errorCodes, type ErrorCode } from '../../src/core/errors.ts'

describe('an error of the closed list', () => {
  test.for(Object.keys(errorCodes) as ErrorCode[])(
    '%s says what to do and whether to retry',
    (code) => {
      const error = new ChangeoverError(code, 'it went wrong')

      expect(error).toMatchObject({ code, message: 'it went wrong', retry: errorCodes[code].retry })
      expect(error.todo).toMatch(/[a-z].*\.$/u)
    },
  )

  test('takes a remedy that fits better than the general one', () => {
    const error = new ChangeoverError('USAGE', 'no group is called x', { todo: 'Did you mean y?' })

    expect(error.todo).toBe('Did you mean y?')
  })

  test('carries no credential, neither in its sentence nor in its cause', () => {
    const cause = new Error('GET https://user:hunter2@a.example/x?token=hunter2 failed')

    const error = new ChangeoverError('UNREACHABLE', 'cannot reach https://u:hunter2@a.example/', {
      cause,
    })

    expect(`${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toContain('hunter2')
    expect(error.cause).toBe('GET https://a.example/x?token=… failed')
  })
})
