/** Something that is wrong with a group as a whole, for its condition. */
export interface GroupTrouble {
  readonly name: string
  /** `critical` where absent. */
  readonly severity?: 'warning' | 'critical'
  readonly title: string
  /** Changeover itself cannot see, act or tell. */
  readonly isOwn?: true
  /** What viewers get meanwhile, where that is known. */
  readonly viewers?: string
  /** Where that is not what the decision says. */
  readonly did?: string
  readonly todo: string
}
