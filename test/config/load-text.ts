import { loadSettings } from '../../src/config/load.ts'
import type { LoadedSettings } from '../../src/config/load.ts'
import type { Settings } from '../../src/core/settings.ts'
import { fakePlugins } from './fake-plugins.ts'

const environment: Readonly<Record<string, string>> = {
  KEY: 's3cr3t-key',
  HOST: 'a.example',
  EMPTY: '',
}
const files: Readonly<Record<string, string>> = { '/run/secrets/key': 'from-file\n' }

/** Loads a text with the fake plug-ins, three environment variables and one secret file. */
export function loadText(text: string, plugins = fakePlugins): LoadedSettings {
  return loadSettings({
    text,
    fileName: 'changeover.yaml',
    plugins,
    environment: (name) => environment[name],
    readFile: readFake,
  })
}

/** The settings of a text in which nothing is wrong. */
export function settingsOf(text: string, plugins = fakePlugins): Settings {
  const loaded = loadText(text, plugins)
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'))
  return loaded.settings
}

/** The first line of each error: place and sentence, without the quoted line. */
export function errorsOf(text: string): string[] {
  const loaded = loadText(text)
  return loaded.ok ? [] : loaded.errors.map((error) => error.split('\n')[0] ?? '')
}

/** A small valid file: keys for the top, for the group, and for the first path may be added. */
export function smallFile(top = '', group = '', path = ''): string {
  return `${top}
streams:
  channel-1:
    groups:
      cdn:
        paths:
          cdn-a: { type: pull, url: "https://a.example/1.m3u8"${path === '' ? '' : `, ${path}`} }
          cdn-b: { type: pull, url: "https://b.example/1.m3u8" }
${group.replaceAll(/^/gmu, '        ')}
`
}

function readFake(path: string): string {
  const text = files[path]
  if (text !== undefined) return text
  throw Object.assign(new Error(`no such file, wanted s3cr3t-key`), { code: 'ENOENT' })
}
