/** A dynamic manifest with one video and one audio set, each addressed as `segments` says. */
export function dynamicMpd(
  segments: string,
  { top = '', attributes = '', period = 'id="p0" start="PT0S"' } = {},
): string {
  return `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:cenc="urn:mpeg:cenc:2013" type="dynamic"
  availabilityStartTime="2026-01-01T00:00:00Z" minimumUpdatePeriod="PT2S" ${attributes}>
${top}
<Period ${period}>
  <AdaptationSet id="v" contentType="video" mimeType="video/mp4">
    ${segments}
    <Representation id="hi" bandwidth="300000" width="1280" height="720" codecs="avc1.64001f"/>
    <Representation id="lo" bandwidth="200000" width="640" height="360" codecs="avc1.64001e"/>
  </AdaptationSet>
  <AdaptationSet id="a" contentType="audio" mimeType="audio/mp4">
    ${segments}
    <Representation id="en" bandwidth="48000" codecs="mp4a.40.2"/>
  </AdaptationSet>
</Period>
</MPD>`
}

/** A template of segments of two seconds, by number. */
export const byNumber =
  '<SegmentTemplate timescale="1000" duration="2000" startNumber="1" media="$RepresentationID$/$Number$.m4s" initialization="$RepresentationID$/init.mp4"/>'

/** A template with a timeline of these `S` elements. */
export function byTime(s: string, attributes = ''): string {
  return `<SegmentTemplate timescale="1000" media="$RepresentationID$/$Time$.m4s" initialization="$RepresentationID$/init.mp4" ${attributes}><SegmentTimeline>${s}</SegmentTimeline></SegmentTemplate>`
}
