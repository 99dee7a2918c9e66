declare module 'mpd-parser' {
  interface ParsedSegment {
    readonly resolvedUri: string
    readonly duration: number
    readonly presentationTime: number
  }
  interface ParsedPlaylist {
    readonly attributes: { readonly NAME?: string; readonly BANDWIDTH?: number }
    readonly segments: readonly ParsedSegment[]
  }
  interface ParsedManifest {
    readonly playlists: readonly ParsedPlaylist[]
    readonly mediaGroups: Readonly<
      Record<
        string,
        Readonly<
          Record<
            string,
            Readonly<Record<string, { readonly playlists: readonly ParsedPlaylist[] }>>
          >
        >
      >
    >
  }
  export function parse(
    text: string,
    options: { readonly manifestUri: string; readonly NOW?: number },
  ): ParsedManifest
}
