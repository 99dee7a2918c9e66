/** The part of m3u8-parser that the differential tests use; the package brings no types. */
declare module 'm3u8-parser' {
  export class Parser {
    constructor(options: { readonly uri: string })
    readonly manifest: unknown
    push(chunk: string): void
    end(): void
  }
}
