import dash from '../probes/dash.ts'
import dns from '../probes/dns.ts'
import haproxyStats from '../probes/haproxy-stats.ts'
import hls from '../probes/hls.ts'
import http from '../probes/http.ts'
import kubernetes from '../probes/kubernetes.ts'
import mediamtx from '../probes/mediamtx.ts'
import mpegts from '../probes/mpegts.ts'
import nginxRtmp from '../probes/nginx-rtmp.ts'
import restreamer from '../probes/restreamer.ts'
import rtmp from '../probes/rtmp.ts'
import srs from '../probes/srs.ts'
import srt from '../probes/srt.ts'
import tcp from '../probes/tcp.ts'
import caddy from './actuators/caddy.ts'
import cloudflareDns from './actuators/cloudflare-dns.ts'
import cloudflareLb from './actuators/cloudflare-lb.ts'
import elbv2 from './actuators/elbv2.ts'
import envoy from './actuators/envoy.ts'
import evict from './actuators/evict.ts'
import exec from './actuators/exec.ts'
import f5 from './actuators/f5.ts'
import haproxyAgent from './actuators/haproxy-agent.ts'
import haproxy from './actuators/haproxy.ts'
import keepalived from './actuators/keepalived.ts'
import kubernetesActuator from './actuators/kubernetes.ts'
import mediaconnect from './actuators/mediaconnect.ts'
import medialive from './actuators/medialive.ts'
import mediamtxActuator from './actuators/mediamtx.ts'
import nginx from './actuators/nginx.ts'
import obs from './actuators/obs.ts'
import powerdns from './actuators/powerdns.ts'
import publishHook from './actuators/publish-hook.ts'
import restreamerActuator from './actuators/restreamer.ts'
import rfc2136 from './actuators/rfc2136.ts'
import route53 from './actuators/route53.ts'
import serve from './actuators/serve.ts'
import srsActuator from './actuators/srs.ts'
import steering from './actuators/steering.ts'
import webhookActuator from './actuators/webhook.ts'
import zoneFile from './actuators/zone-file.ts'
import alertmanager from './notifiers/alertmanager.ts'
import email from './notifiers/email.ts'
import pagerduty from './notifiers/pagerduty.ts'
import slack from './notifiers/slack.ts'
import teams from './notifiers/teams.ts'
import webhook from './notifiers/webhook.ts'
import type { ActuatorPlugin } from './plugin/actuator.ts'
import type { NotifierPlugin } from './plugin/notifier.ts'
import type { ProbePlugin } from './plugin/probe.ts'

/** Every plug-in that there is: joining costs one import and one word here. */
export const plugins: {
  readonly probes: readonly ProbePlugin[]
  readonly actuators: readonly ActuatorPlugin[]
  readonly notifiers: readonly NotifierPlugin[]
} = {
  probes: [
    hls,
    dash,
    dns,
    haproxyStats,
    http,
    kubernetes,
    mediamtx,
    mpegts,
    nginxRtmp,
    restreamer,
    rtmp,
    srs,
    srt,
    tcp,
  ],
  actuators: [
    caddy,
    cloudflareDns,
    cloudflareLb,
    elbv2,
    envoy,
    evict,
    exec,
    f5,
    haproxy,
    haproxyAgent,
    keepalived,
    kubernetesActuator,
    mediaconnect,
    medialive,
    mediamtxActuator,
    nginx,
    obs,
    powerdns,
    publishHook,
    restreamerActuator,
    rfc2136,
    route53,
    serve,
    srsActuator,
    steering,
    webhookActuator,
    zoneFile,
  ],
  notifiers: [alertmanager, email, pagerduty, slack, teams, webhook],
}
