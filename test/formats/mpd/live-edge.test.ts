import { describe, expect, it } from 'vitest'
import { initOf, liveWindow, segmentAt } from '../../../src/formats/mpd/live-edge.ts'
import { parseMpd } from '../../../src/formats/mpd/parse.ts'
import { fillTemplate } from '../../../src/formats/mpd/urls.ts'
import { byNumber, byTime, dynamicMpd } from './mpd-text.ts'

const start = Date.UTC(2026, 0, 1)

/** The first representation at so many seconds after the stream began. */
function at(text: string, seconds: number) {
  const mpd = parseMpd(text, { url: 'https://cdn.example/live/main.mpd' })
  if (mpd.kind !== 'mpd') throw new Error(mpd.says)
  const period = mpd.periods.at(-1)
  const representation = period?.representations[0]
  if (period === undefined || representation === undefined) throw new Error('nothing in it')
  const window = liveWindow(mpd, period, representation, start + seconds * 1_000)
  const newest =
    window === undefined ? undefined : segmentAt(mpd, period, representation, window.newest)
  return { mpd, period, representation, window, newest }
}

describe('segments by number', () => {
  it.each([
    [1.9, -1],
    [2, 0],
    [3.999, 0],
    [4, 1],
    [10_000, 4_999],
  ])('at %d s the newest whole one is %d', (seconds, newest) => {
    expect(at(dynamicMpd(byNumber), seconds).window).toMatchObject({ newest, isListed: false })
  })

  it('have an address, a time, and a moment at which they are whole', () => {
    const { newest, representation } = at(dynamicMpd(byNumber), 10)

    expect(newest).toEqual({
      index: 4,
      name: '5',
      url: 'https://cdn.example/live/hi/5.m4s',
      range: undefined,
      start: 8,
      duration: 2,
      completeAt: start + 10_000,
    })
    expect(initOf(representation)?.url).toBe('https://cdn.example/live/hi/init.mp4')
  })

  it('are as many as the time shift buffer holds', () => {
    const text = dynamicMpd(byNumber, { attributes: 'timeShiftBufferDepth="PT10S"' })

    expect(at(text, 100).window).toMatchObject({ oldest: 45, newest: 49 })
  })

  it('end with their period', () => {
    const text = dynamicMpd(byNumber, { period: 'start="PT0S" duration="PT7S"' })

    expect(at(text, 1_000).window?.newest).toBe(3)
  })

  it('begin with their period', () => {
    const { newest } = at(dynamicMpd(byNumber, { period: 'start="PT1H"' }), 3_610)

    expect(newest).toMatchObject({ index: 4, start: 3_608, completeAt: start + 3_610_000 })
  })

  it('end with endNumber', () => {
    const text = dynamicMpd(byNumber.replace('startNumber', 'endNumber="7" startNumber'))

    expect(at(text, 1_000).window?.newest).toBe(6)
  })

  it('of a stream that began in 1970 cost no more than of one that began today', () => {
    const text = dynamicMpd(byNumber).replace('2026-01-01', '1970-01-01')

    const { window, newest } = at(text, 0)

    expect(window?.newest).toBe(start / 2_000 - 1)
    expect(newest?.url).toContain(`/hi/${start / 2_000}.m4s`)
  })
})

describe('segments by a timeline', () => {
  it('are those that are listed', () => {
    const { window, newest } = at(
      dynamicMpd(byTime('<S t="4000" d="2000" r="2"/><S d="1500"/>')),
      99,
    )

    expect(window).toEqual({ oldest: 0, newest: 3, isListed: true })
    expect(newest).toMatchObject({
      url: 'https://cdn.example/live/hi/10000.m4s',
      start: 10,
      duration: 1.5,
      completeAt: start + 11_500,
    })
  })

  it('that repeats to the live edge go on with the clock', () => {
    const text = dynamicMpd(byTime('<S t="0" d="1000" r="3"/><S d="2000" r="-1"/>'))

    expect(at(text, 10.5).window).toEqual({ oldest: 0, newest: 6, isListed: false })
    expect(at(text, 10.5).newest).toMatchObject({ start: 8, duration: 2 })
  })

  it('that repeats until the next time stops there', () => {
    const text = dynamicMpd(byTime('<S t="0" d="2000" r="-1"/><S t="10000" d="3000"/>'))

    expect(at(text, 99).window?.newest).toBe(5)
    expect(at(text, 99).newest).toMatchObject({ start: 10, duration: 3 })
  })

  it('count from the start of the period by presentationTimeOffset', () => {
    const text = dynamicMpd(
      byTime('<S t="90000000" d="2000"/>', 'presentationTimeOffset="90000000"'),
      { period: 'start="PT100S"' },
    )

    expect(at(text, 200).newest).toMatchObject({ name: '90000000', start: 100 })
  })

  it('that is empty has none', () => {
    const { window, newest } = at(dynamicMpd(byTime('')), 10)

    expect(window?.newest).toBe(-1)
    expect(newest).toBeUndefined()
  })
})

describe('segments by a list', () => {
  const list = (s: string, more = 'duration="2"') => `<SegmentList ${more}>${s}</SegmentList>`

  it('have their own addresses and ranges', () => {
    const text = dynamicMpd(
      list(
        '<Initialization sourceURL="i.mp4" range="0-99"/><SegmentURL media="a.m4s"/><SegmentURL mediaRange="100-199"/>',
      ),
    )

    const { newest, representation } = at(text, 4)

    expect(newest).toMatchObject({ url: 'https://cdn.example/live/main.mpd', range: '100-199' })
    expect(initOf(representation)).toEqual({ url: 'https://cdn.example/live/i.mp4', range: '0-99' })
  })

  it('without a duration cannot be told apart', () => {
    expect(at(dynamicMpd(list('<SegmentURL media="a"/>', '')), 3).window).toBeUndefined()
  })

  it('come with the clock and end with the list', () => {
    const text = dynamicMpd(list('<SegmentURL media="a"/><SegmentURL media="b"/>'))

    expect(at(text, 3).newest?.url).toBe('https://cdn.example/live/a')
    expect(at(text, 30).newest?.url).toBe('https://cdn.example/live/b')
  })
})

it('segments of a single file cannot be told apart', () => {
  expect(at(dynamicMpd('<SegmentBase indexRange="0-99"/>'), 10).window).toBeUndefined()
})

it.each([
  ['$RepresentationID$/$Number%05d$.m4s', 'r/00042.m4s'],
  ['$Time$-$Bandwidth$', '900-5'],
  ['$$$Number$', '$42'],
  ['$Other$', '$Other$'],
  ['$Number%099d$', `${'0'.repeat(38)}42`],
])('the template %s becomes %s', (template, filled) => {
  expect(fillTemplate(template, { id: 'r', bandwidth: 5, number: 42, time: 900n })).toBe(filled)
})
