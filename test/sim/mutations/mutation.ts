/** One safety line taken out of the source: `find` stands in `file` exactly once. */
export interface Mutation {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}
