/**
 * The closed list of what can be wrong with a path, each with what to do about it.
 * The name is a label value in metrics and what tests assert; names are never reused.
 */
export const remedies = {
  unreachable:
    'Check that the server runs and that DNS, firewall and certificate are right; the phase says where the request stopped.',
  'not-found':
    'There is nothing under this name: check that the encoder publishes under it and that the path in the URL is right.',
  'wrong-content':
    'The server answers something other than this kind of stream (over HTTP often an error page with status 200): check the address, then the error configuration of origin or CDN.',
  'playlist-empty':
    'The playlist or manifest lists no segment: the packager runs but receives no media; check the ingest.',
  'playlist-stalled':
    'No new media arrives on any rendition: check the encoder, then the packager, then the cache time of playlists and manifests.',
  'rendition-stalled':
    'One rendition stopped while others go on: restart its encoder or packager output.',
  'rendition-missing':
    'A rendition that is announced, or a picture or sound that must be there, cannot be had: check the output of the packager or encoder for it.',
  'segments-missing':
    'Listed segments cannot be fetched: check origin storage, segment retention and the CDN for cached 404 answers.',
  'slow-delivery':
    'Segments take almost as long to download as they last: check edge load and the link between origin and edge.',
  'bitrate-low':
    'Media arrives at far less than the advertised bitrate: check the encoder input and its uplink.',
  'continuity-errors':
    'Transport stream packets are missing inside segments: check the contribution link into the packager.',
  'media-gap':
    'Timestamps jump between segments without a discontinuity mark: check the encoder for restarts and dropped frames.',
  'clock-drift': 'The media clock and wall time drift apart: check the encoder clock and NTP.',
  'sequence-regression':
    'The media sequence went backwards: the packager restarted, or a cache serves old playlists or manifests.',
  'parts-late':
    'Parts of a low-latency stream come later than promised: check the packager, and that the CDN holds requests for playlists instead of answering from its cache.',
  'playlist-incomplete':
    'The playlist or manifest lost media or renditions that it had: check the packager, its inputs and how much it keeps.',
  'steering-missing':
    'Players cannot be steered between pathways: check the steering server and its manifest.',
  'spec-violation':
    'The stream breaks a rule that players rely on; the finding names it, with the line where there is one.',
  'key-missing': 'A decryption key cannot be fetched: check the key server and its access rules.',
  'picture-black': 'The picture is black: check the source into the encoder.',
  'picture-frozen': 'The picture does not move: check the source into the encoder.',
  'sound-silent': 'The sound is silent: check the audio input of the encoder.',
  slate: 'A slate is on air in place of the programme: check the source into the encoder.',
  'ingest-lost':
    'The server receives no stream from the encoder: check the encoder and its uplink.',
  'packet-drops':
    'Packets are lost on the contribution link: raise the latency or change the link.',
  'process-restarted': 'A streaming process restarted: read its log for the cause.',
  'stream-stalled':
    'No media comes from where it should: check the encoder or sender behind this address, and for multicast the route to this vantage.',
  'track-missing':
    'Picture or sound that the stream announces does not come: check the inputs of the encoder.',
  'tables-missing':
    'PAT or PMT do not come often enough, so players cannot begin: check the multiplexer.',
  'access-refused':
    'The server refused this caller: compare passphrase, stream id and credentials with its configuration.',
  'certificate-expiring': 'Renew the TLS certificate.',
  'viewers-affected':
    'Viewers measure stalls or errors: compare with the probes to find which edge or network.',
  'cannot-see':
    'The vantage itself has a problem: check its network and load; nothing is known of the stream.',
} as const satisfies Record<string, string>

/**
 * What viewers of a path see of it, as far as the diagnosis alone tells: players hold some seconds in
 * their buffer, and a session that runs may go on where a new one cannot begin.
 */
export const effects = {
  unreachable: 'Players cannot load the stream; those that play stop when their buffer is empty.',
  'not-found': 'Players show an error or stop when their buffer is empty.',
  'wrong-content': 'Players show an error: what they get is no stream.',
  'playlist-empty': 'Players wait and show no picture.',
  'playlist-stalled': 'The picture stops when the buffer of the player is empty.',
  'rendition-stalled': 'Viewers at that quality stall or change to another one.',
  'rendition-missing': 'Viewers at that quality change to another one, or stall.',
  'segments-missing': 'The picture jumps or stops where segments are missing.',
  'slow-delivery': 'Players stall again and again, or drop to a poor quality.',
  'bitrate-low': 'The picture is poor or breaks up.',
  'continuity-errors': 'The picture breaks into blocks and the sound crackles.',
  'media-gap': 'The picture jumps, and some players stop.',
  'clock-drift': 'Some players slowly run out of buffer and stall.',
  'sequence-regression': 'Some players repeat what was shown, or stop.',
  'parts-late': 'Viewers of the low-latency stream fall behind or stall.',
  'playlist-incomplete': 'Viewers who are behind live, or at another quality, lose the stream.',
  'steering-missing': 'Viewers notice nothing until players would have to change their way.',
  'spec-violation': 'Some players do not play it.',
  'key-missing': 'New viewers see no picture; those that play stop at the next key.',
  'picture-black': 'The picture is black.',
  'picture-frozen': 'The picture stands still.',
  'sound-silent': 'There is no sound.',
  slate: 'A slate is shown in place of the programme.',
  'ingest-lost': 'The stream stops for everybody who is fed by this ingest.',
  'packet-drops': 'The picture breaks up for everybody who is fed by this link.',
  'process-restarted': 'The stream was interrupted for a moment.',
  'stream-stalled': 'The stream stops for everybody who is fed by it.',
  'track-missing': 'Picture or sound is missing.',
  'tables-missing': 'New viewers wait long for a picture.',
  'access-refused': 'Nobody is let in by this way.',
  'certificate-expiring': 'Nothing yet; players refuse the server once it has expired.',
  'viewers-affected': 'Viewers measure stalls or errors themselves.',
  'cannot-see': 'Unknown: it may be fine for them.',
} as const satisfies Record<keyof typeof remedies, string>

export type Diagnosis = keyof typeof remedies

/** Whether `name` belongs to the closed list. */
export function isDiagnosis(name: string): name is Diagnosis {
  return Object.hasOwn(remedies, name)
}
