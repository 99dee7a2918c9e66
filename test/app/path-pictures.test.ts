import { describe, expect, it } from 'vitest'
import { PathPictures } from '../../src/app/path-pictures.ts'
import { mostPictureBytes, type Picture } from '../../src/core/picture.ts'

const picture = (looks: Picture['looks'], wall: number, bytes = 10): Picture => ({
  jpeg: Buffer.alloc(bytes),
  wall,
  looks,
  freshForMs: 45_000,
})

describe('the pictures of a path', () => {
  it('are the newest, and the newest that was in order', () => {
    const pictures = new PathPictures()
    pictures.take(picture('good', 1))
    pictures.take(picture('good', 2))
    pictures.take(picture('frozen', 3))
    pictures.take(picture('black', 4))

    expect(pictures.of('newest')?.wall).toBe(4)
    expect(pictures.of('good')?.wall).toBe(2)
  })

  it('never take more room than two of a bounded size', () => {
    const pictures = new PathPictures()
    pictures.take(picture('good', 1, mostPictureBytes))
    pictures.take(picture('good', 2, mostPictureBytes + 1))

    expect(pictures.of('newest')?.wall).toBe(1)
  })

  it('have an address only once there is one', () => {
    const pictures = new PathPictures()
    const address = () => pictures.address('https://wall.example/changeover/', 'ch 1/cdn', 'a')
    expect(address()).toBeUndefined()

    pictures.take(picture('good', 1))

    expect(address()).toBe(
      'https://wall.example/changeover/api/v1/groups/ch%201/cdn/paths/a/picture',
    )
  })
})
