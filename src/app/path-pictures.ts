import { mostPictureBytes, type Picture } from '../core/picture.ts'

/** What a picture is wanted for: what is on air now, or what was last in order. */
export type PictureKind = 'newest' | 'good'

/** The newest picture of one path, and the newest good one. Two at most, each of a bounded size. */
export class PathPictures {
  #newest: Picture | undefined
  #good: Picture | undefined

  take(picture: Picture): void {
    if (picture.jpeg.length > mostPictureBytes) return
    this.#newest = picture
    if (picture.looks === 'good') this.#good = picture
  }

  /** Where people with the right to read find the newest, on the status page at `base`. */
  address(base: string, group: string, path: string): string | undefined {
    if (this.#newest === undefined) return undefined
    const [stream = '', name = ''] = group.split('/').map(encodeURIComponent)
    const route = `api/v1/groups/${stream}/${name}/paths/${encodeURIComponent(path)}/picture`
    return `${base.replace(/\/+$/u, '')}/${route}`
  }

  of(kind: PictureKind): Picture | undefined {
    return kind === 'newest' ? this.#newest : this.#good
  }
}
