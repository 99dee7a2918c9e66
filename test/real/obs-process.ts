import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { eventually, installed, startChild } from './child.ts'
import { nginxBinary } from './nginx-process.ts'

const obsBinary = installed('/usr/bin/obs')
const xvfbBinary = installed('/usr/bin/Xvfb')
const rtmpModule = installed('/usr/lib/nginx/modules/ngx_rtmp_module.so')
const isRoot = process.getuid?.() === 0

/** Why there is no OBS to test with; empty where there is. */
export const obsMissing: readonly string[] = [
  ...(obsBinary === undefined ? ['obs-studio'] : []),
  ...(xvfbBinary === undefined ? ['xvfb'] : []),
  ...(nginxBinary === undefined || rtmpModule === undefined ? ['nginx with rtmp'] : []),
  ...(installed('/usr/bin/unshare') === undefined || !isRoot ? ['root, for a namespace'] : []),
]

const password = 'password-of-obs'

/** OBS listens on every interface, so it gets a network of its own; display and ports are of it alone. */
function script(folder: string, node: string): string {
  const relay = fileURLToPath(new URL('./relay.process.ts', import.meta.url))
  return [
    'ip link set lo up',
    `${nginxBinary} -e stderr -p ${folder} -c nginx.conf 2>nginx.log &`,
    // It looks for a free display, and says which once it is there.
    `${xvfbBinary} -displayfd 3 -screen 0 640x480x24 -nolisten tcp 3>display >/dev/null 2>&1 &`,
    `${node} ${relay} ${join(folder, 'obs.sock')} 4455 &`,
    'n=0; while [ ! -s display ] && [ $n -lt 200 ]; do sleep 0.1; n=$((n+1)); done',
    `HOME=${folder} DISPLAY=:$(cat display) QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1 \\`,
    `  ${obsBinary} --multi --minimize-to-tray --disable-updater --startstreaming >obs.log 2>&1 &`,
    'wait',
    '',
  ].join('\n')
}

function writeFiles(folder: string): void {
  const config = join(folder, '.config', 'obs-studio')
  const profile = join(config, 'basic', 'profiles', 'Untitled')
  mkdirSync(profile, { recursive: true })
  mkdirSync(join(config, 'basic', 'scenes'))
  writeFileSync(
    join(config, 'global.ini'),
    [
      '[General]\nFirstRun=true\nLastVersion=486539266\nMaxLogs=1',
      '[Basic]\nProfile=Untitled\nProfileDir=Untitled\nSceneCollection=Untitled',
      'SceneCollectionFile=Untitled\nConfigOnNewProfile=false',
      '[OBSWebSocket]\nFirstLoad=false\nServerEnabled=true\nServerPort=4455\nAlertsEnabled=false',
      `AuthRequired=true\nServerPassword=${password}\n`,
    ].join('\n'),
  )
  writeFileSync(
    join(profile, 'basic.ini'),
    [
      '[General]\nName=Untitled\n[Output]\nMode=Simple\nReconnect=true',
      '[SimpleOutput]\nVBitrate=300\nStreamEncoder=x264\nABitrate=64',
      '[Video]\nBaseCX=320\nBaseCY=180\nOutputCX=320\nOutputCY=180\nFPSType=0\nFPSCommon=10\n',
    ].join('\n'),
  )
  // Without a collection of scenes OBS opens a dialog first.
  const scene = { id: 'scene', versioned_id: 'scene', name: 'Scene', settings: { items: [] } }
  writeFileSync(
    join(config, 'basic', 'scenes', 'Untitled.json'),
    JSON.stringify({
      name: 'Untitled',
      current_scene: 'Scene',
      current_program_scene: 'Scene',
      scene_order: [{ name: 'Scene' }],
      sources: [scene],
    }),
  )
  const settings = { server: 'rtmp://127.0.0.1:1935/live', key: 'key-of-main' }
  writeFileSync(join(profile, 'service.json'), JSON.stringify({ type: 'rtmp_custom', settings }))
  const server = (port: number) =>
    `server { listen 127.0.0.1:${port}; application live { live on; } }`
  writeFileSync(
    join(folder, 'nginx.conf'),
    [
      `load_module ${rtmpModule};`,
      'daemon off; master_process off; pid nginx.pid; error_log stderr info;',
      'events { worker_connections 64; }',
      `rtmp { ${server(1935)} ${server(1936)} }`,
      '',
    ].join('\n'),
  )
}

/**
 * A real OBS Studio that streams a black picture to the first of two real nginx-rtmp, in a network
 * namespace of its own; its obs-websocket is reached through a port of this machine's loopback.
 */
export async function startObs() {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-obs-'))
  writeFiles(folder)
  writeFileSync(join(folder, 'run.sh'), script(folder, process.execPath))
  const shell = ['setpriv', '--pdeathsig', 'KILL', 'sh', 'run.sh']
  // A process namespace too: when its first process ends, everything in it does.
  const unshare = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const child = startChild('/usr/bin/unshare', [...unshare, ...shell], folder)
  const door = createServer((socket) => {
    const inside = connect(join(folder, 'obs.sock'))
    socket.on('error', () => inside.destroy())
    inside.on('error', () => socket.destroy())
    socket.pipe(inside).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(door, 'listening')
  const text = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : ''
  /** Which of the two servers OBS published to, in order: `1935 key-of-main`. */
  const published = () =>
    [...text('nginx.log').matchAll(/publish: name='([^']*)'.*server: 127\.0\.0\.1:(\d+)/gu)].map(
      ([, key, port]) => `${port} ${key}`,
    )
  async function close(): Promise<void> {
    door.close()
    await child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await eventually(
      () => `OBS does not stream: ${text('obs.log').slice(-1_000)} ${child.errors()}`,
      async () => Promise.resolve(published().length > 0),
    )
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: `ws://127.0.0.1:${(door.address() as AddressInfo).port}`,
    password,
    published,
    isRunning: () => !text('obs.log').includes('Freeing OBS context') && child.isRunning(),
    close,
  }
}
