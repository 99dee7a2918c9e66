/**
 * What plug-ins may do with files of this machine. `src/platform` implements it. Nothing throws for
 * what the file system says: failures are values with one sentence.
 */
export interface Files {
  /** The text of a file of at most `maxBytes`. A file that is not there is told from one that cannot be read. */
  read(path: string, maxBytes: number): Promise<FileText>
  /**
   * Puts `text` in the place of a file, so that a reader sees either the old text or the new one and
   * a power cut leaves one of them: a file of another name beside it, flushed, then renamed
   * (rename(2)). The permissions of a file that is replaced are kept; a new one gets 0644.
   */
  replace(path: string, text: string): Promise<FileWrite>
}

export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly missing: boolean; readonly says: string }

export type FileWrite = { readonly ok: true } | { readonly ok: false; readonly says: string }
