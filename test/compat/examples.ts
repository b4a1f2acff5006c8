import type { Example } from './rows.ts'

const words = (line: string) => line.split(' ')
const latency300 = [{ type: 'latency', mean: 300 }] as const

const settings: readonly Example[] = [
  { page: 'reference/cli-commands', argv: words('run --proxy-address 127.0.0.1:3180 --with-latency --latency-mean 120.0 --latency-stddev 30.0 --with-bandwidth --bandwidth-rate 2000 --bandwidth-unit KBps'), faults: [{ type: 'latency', mean: 120, stddev: 30 }, { type: 'bandwidth', rate: 2000, unit: 'KBps' }], settings: { proxyAddress: '127.0.0.1:3180' } },
  { page: 'reference/cli-commands', argv: words('run --upstream=*'), faults: [], settings: { upstream: ['*'] } },
  { page: 'reference/cli-commands', argv: words('run --duration 60s --log-file fault.log --log-stdout --log-level warning'), faults: [], settings: { duration: 60_000, logFile: 'fault.log', logStdout: true } },
  { page: 'tutorials/getting-started', argv: words('run --upstream http://localhost:7070 --with-latency --latency-mean 300'), faults: latency300, settings: { upstream: ['http://localhost:7070'] } },
  { page: 'how-to/platform/run-with-docker', argv: words('run --proxy-address 0.0.0.0:3180 --upstream http://192.168.1.3:7070 --with-latency --latency-mean 300'), faults: latency300, settings: { proxyAddress: '0.0.0.0:3180', upstream: ['http://192.168.1.3:7070'] } },
  {
    page: 'how-to/platform/run-on-kubernetes', argv: words('--log-stdout --log-level debug run --no-ui --proxy-address 0.0.0.0:3180'), env: { fault_UPSTREAMS: 'http://fault-demo:7070', fault_WITH_LATENCY: 'true', fault_LATENCY_MEAN: '300' },
    faults: latency300, settings: { logStdout: true, logLevel: 'debug', noUi: true, proxyAddress: '0.0.0.0:3180', upstream: ['http://fault-demo:7070'] },
  },
  { page: 'how-to/run-with-chaostoolkit', argv: words('run --with-latency --latency-mean 300 --latency-stddev 50 --upstream *'), faults: [{ type: 'latency', mean: 300, stddev: 50 }], settings: { upstream: ['*'] } },
  { page: 'how-to/run-with-reliably', argv: words('run --duration 45s --with-latency --latency-mean 300 --latency-sched duration:10s;start:25s,duration:17s'), faults: latency300, settings: { duration: 45_000 } },
  { page: 'how-to/agent/mcp-tools', argv: words('run --with-latency --latency-mean 300 --proxy 34000=https://jsonplaceholder.typicode.com'), faults: latency300, settings: { proxy: ['34000=https://jsonplaceholder.typicode.com'] } },
  { page: 'how-to/proxy/protocols/tcp', argv: words('run --proxy 9098=https://www.google.com:443 --with-latency --latency-mean 300'), faults: latency300, settings: { proxy: ['9098=https://www.google.com:443'] } },
  { page: 'how-to/proxy/protocols/tcp', argv: words('run --proxy 35432=localhost:5432 --with-latency --latency-mean 800 --latency-per-read-write'), faults: [{ type: 'latency', mean: 800, perReadWrite: true }], settings: { proxy: ['35432=localhost:5432'] } },
  { page: 'how-to/platform (sidecars)', source: 'program', argv: words('--log-stdout --log-level debug run --no-ui --disable-http-proxy --upstream * --proxy 50123=127.0.0.1:8080'), env: { FAULT_WITH_LATENCY: 'true', FAULT_LATENCY_MEAN: '800' }, faults: [{ type: 'latency', mean: 800 }], settings: { disableHttpProxy: true, upstream: ['*'], proxy: ['50123=127.0.0.1:8080'] }, note: 'what the program starts next to a container' },
  { page: 'examples (function sidecar)', source: 'program', argv: words('run --no-ui --disable-http-proxy --with-latency --latency-mean 300 --proxy=3180=http://127.0.0.1:8080'), faults: latency300, settings: { disableHttpProxy: true, proxy: ['3180=http://127.0.0.1:8080'] } },
  { page: 'editor extension', source: '0.20', argv: ['run', '--proxy', '3000=http://localhost:8080'], faults: [], settings: { proxy: ['3000=http://localhost:8080'] }, note: 'how a third-party editor extension starts the program' },
]

const bandwidthPage = 'how-to/proxy/faults/configure-bandwidth'
const latencyPage = 'how-to/proxy/faults/configure-latency'
const jitterPage = 'how-to/proxy/faults/configure-jitter'
const httpPage = 'how-to/proxy/faults/configure-http-error'

const faults: readonly Example[] = [
  { page: bandwidthPage, argv: words('run --with-bandwidth --bandwidth-side server --bandwidth-direction ingress --bandwidth-rate 500 --bandwidth-unit kbps'), faults: [{ type: 'bandwidth', rate: 500, unit: 'KBps', side: 'server', direction: 'ingress' }] },
  { page: bandwidthPage, argv: words('run --with-bandwidth --bandwidth-side client --bandwidth-direction both --bandwidth-rate 1 --bandwidth-unit mbps'), faults: [{ type: 'bandwidth', rate: 1, unit: 'MBps', side: 'client', direction: 'both' }] },
  { page: bandwidthPage, argv: words('run --with-bandwidth --bandwidth-side server --bandwidth-direction both --bandwidth-rate 2 --bandwidth-unit mbps'), faults: [{ type: 'bandwidth', rate: 2, unit: 'MBps', direction: 'both' }] },
  { page: bandwidthPage, argv: words('run --duration 10m --with-bandwidth --bandwidth-side client --bandwidth-direction both --bandwidth-rate 384 --bandwidth-unit kbps --with-latency --latency-mean 200 --latency-stddev 50'), faults: [{ type: 'latency', mean: 200, stddev: 50 }, { type: 'bandwidth', rate: 384, unit: 'KBps', side: 'client' }], settings: { duration: 600_000 } },
  { page: 'how-to/proxy/faults/configure-blackhole', argv: words('run --with-blackhole'), faults: [{ type: 'blackhole', side: 'server', direction: 'ingress' }] },
  { page: 'how-to/proxy/faults/configure-blackhole', argv: words('run --duration 10m --with-blackhole --blackhole-sched start:10%,duration:50%;start:75%,duration:20%'), faults: [{ type: 'blackhole', sched: 'start:10%,duration:50%;start:75%,duration:20%' }] },
  { page: httpPage, argv: words('run --with-http-response --http-response-status 500 --http-response-trigger-probability 1'), faults: [{ type: 'http-response', status: 500, probability: 1 }] },
  { page: httpPage, argv: words('run --with-http-response --http-response-status 503 --http-response-trigger-probability 0.5'), faults: [{ type: 'http-response', status: 503, probability: 0.5 }] },
  { page: jitterPage, argv: words('run --with-jitter --jitter-amplitude 30 --jitter-frequency 5 --jitter-direction ingress'), faults: [{ type: 'jitter', amplitude: 30, frequency: 5, direction: 'ingress' }] },
  { page: jitterPage, argv: words('run --with-jitter --jitter-amplitude 50 --jitter-frequency 10 --jitter-direction egress'), faults: [{ type: 'jitter', amplitude: 50, frequency: 10, direction: 'egress' }] },
  { page: jitterPage, argv: words('run --with-jitter --jitter-amplitude 30 --jitter-frequency 8 --jitter-direction both'), faults: [{ type: 'jitter', amplitude: 30, frequency: 8, direction: 'both' }] },
  { page: latencyPage, argv: words('run --with-latency --latency-distribution normal --latency-mean 300 --latency-stddev 40'), faults: [{ type: 'latency', distribution: 'normal', mean: 300, stddev: 40 }] },
  { page: latencyPage, argv: words('run --with-latency --latency-distribution uniform --latency-min 300 --latency-max 500'), faults: [{ type: 'latency', distribution: 'uniform', min: 300, max: 500 }] },
  { page: latencyPage, argv: words('run --with-latency --latency-distribution pareto --latency-scale 20 --latency-shape 1.5'), faults: [{ type: 'latency', distribution: 'pareto', scale: 20, shape: 1.5 }] },
  { page: latencyPage, argv: words('run --with-latency --latency-distribution paretonormal --latency-scale 20 --latency-shape 1.5 --latency-mean 50 --latency-stddev 15'), faults: [{ type: 'latency', distribution: 'pareto-normal', scale: 20, shape: 1.5, mean: 50, stddev: 15 }] },
  { page: latencyPage, argv: words('run --with-latency --latency-direction ingress --latency-mean 50'), faults: [{ type: 'latency', mean: 50, direction: 'ingress', side: 'server' }] },
  { page: latencyPage, argv: words('run --with-latency --latency-direction egress --latency-mean 50'), faults: [{ type: 'latency', mean: 50, direction: 'egress' }] },
  { page: latencyPage, argv: words('run --with-latency --latency-side client --latency-mean 50'), faults: [{ type: 'latency', mean: 50, side: 'client', direction: 'ingress' }] },
  { page: latencyPage, argv: words('run --with-latency --latency-side server --latency-mean 50'), faults: [{ type: 'latency', mean: 50, side: 'server' }] },
  { page: latencyPage, argv: words('run --with-latency --latency-direction ingress --latency-side server --latency-mean 50'), faults: [{ type: 'latency', mean: 50, side: 'server', direction: 'ingress' }] },
  { page: 'how-to/proxy/faults/configure-packet-loss', argv: words('run --with-packet-loss'), faults: [{ type: 'packet-loss', side: 'server', direction: 'ingress' }] },
  { page: 'how-to/proxy/faults/configure-packet-loss', argv: words('run --duration 10m --with-packet-loss --packet-loss-sched start:5%,duration:20%;start:60%,duration:15%'), faults: [{ type: 'packet-loss', sched: 'start:5%,duration:20%;start:60%,duration:15%' }] },
  { page: 'how-to/proxy/lifecycle', argv: words('run --duration 5m --latency-sched start:5%;duration:30%;start:90%,duration:5%'), faults: [{ type: 'latency' }], note: 'a parameter alone means its fault' },
  { page: 'how-to/proxy/lifecycle', argv: words('run --latency-sched start:20s,duration:40s;start:80s,duration:30s --bandwidth-sched start:35s,duration:20s'), faults: [{ type: 'latency' }, { type: 'bandwidth', rate: 1000, unit: 'Bps' }] },
  { page: 'how-to/proxy/lifecycle', argv: words('run --duration 5m --latency-sched start:5%,duration:30%;start:90%,duration:5% --bandwidth-sched start:125s,duration:20s;start:70%,duration:5%'), faults: [{ type: 'latency' }, { type: 'bandwidth' }] },
  { page: 'reference/schedule-intervals-syntax', argv: words('run --latency-sched start:30s;duration:3m --packet-loss-sched start:2m;duration:25s'), faults: [{ type: 'latency' }, { type: 'packet-loss' }] },
  { page: 'reference/schedule-intervals-syntax', argv: words('run --duration 5m --latency-sched start:30s;duration:3m;start:90%,duration:5%'), faults: [{ type: 'latency' }] },
]

const demo: readonly Example[] = [
  { page: 'tutorials/getting-started', argv: words('demo run'), settings: { address: '127.0.0.1', port: 7070 } },
  { page: 'how-to/platform/run-with-docker', argv: words('demo run 0.0.0.0'), settings: { address: '0.0.0.0', port: 7070 } },
  { page: 'how-to/platform/run-on-kubernetes', argv: words('demo run 0.0.0.0 7070'), settings: { address: '0.0.0.0', port: 7070 } },
  { page: 'reference/cli-commands', argv: words('demo run --address 192.168.2.34 --port 8989'), settings: { address: '192.168.2.34', port: 8989 } },
]

const fast = '--with-latency --latency-mean 800'
const unbuilt: readonly Example[] = [
  { page: 'how-to/observability/traces', argv: words('--with-otel run --with-latency --latency-distribution normal --latency-mean 300 --latency-stddev 40'), unbuilt: ['--with-otel'] },
  { page: 'how-to/proxy/faults/extending', argv: words('run --grpc-plugin http://localhost:50051 --grpc-plugin http://localhost:50052'), unbuilt: ['--grpc-plugin'] },
  { page: 'how-to/proxy/faults/extending', argv: words('run --grpc-plugin http://localhost:50051 --with-latency --latency-mean 300 --upstream *'), unbuilt: ['--grpc-plugin'] },
  { page: 'how-to/proxy/faults/extending', argv: words('run --grpc-plugin http://localhost:50051 --proxy 9098=psql://192.168.1.45:5432'), unbuilt: ['--grpc-plugin'] },
  { page: 'how-to/proxy/stealth/configure-stealth-mode', argv: words('run --stealth --capture-process curl --with-latency --latency-mean 300 --latency-stddev 40'), unbuilt: ['--stealth', '--capture-process'] },
  { page: 'how-to/platform/run-with-docker', argv: words('run --stealth --capture-process curl --proxy-address 0.0.0.0:3180 --with-latency --latency-mean 300'), unbuilt: ['--stealth', '--capture-process'] },
  { page: 'reference/cli-commands', argv: ['run', 'llm', 'openai', '--instruction', 'Respond in French'], unbuilt: ['run llm'] },
  { page: 'how-to/inject/aws', argv: words(`inject aws --region eu-west-1 --cluster main --service-name web --duration 30s ${fast}`), unbuilt: ['inject'] },
  { page: 'how-to/inject/aws', argv: words(`inject aws --region eu-west-1 --cluster main ${fast}`), unbuilt: ['inject'] },
  { page: 'how-to/inject/gcp', argv: words(`inject gcp --project demo --region europe-west1 --service web --image fault:latest --duration 30s ${fast}`), unbuilt: ['inject'] },
  { page: 'how-to/inject/gcp', argv: words(`inject gcp --project demo --region europe-west1 --image fault:latest ${fast}`), unbuilt: ['inject'] },
  { page: 'how-to/inject/kubernetes', argv: words('inject kubernetes --ns default --service nginx-service --with-latency --latency-mean 300'), unbuilt: ['inject'] },
  { page: 'how-to/inject/kubernetes', argv: words('inject kubernetes --with-latency --latency-mean 300'), unbuilt: ['inject'] },
  { page: 'tutorials/create-scenario', argv: words('scenario run --scenario scenario.yaml --report report.md'), unbuilt: ['scenario'] },
  { page: 'how-to/scenarios/run', argv: words('scenario run --scenario scenarios/'), unbuilt: ['scenario'] },
  { page: 'how-to/platform/run-on-kubernetes', argv: words('scenario run --scenario rebound/scenario.yaml --result result.json --report report.json'), unbuilt: ['scenario'] },
  { page: 'how-to/scenarios/generate', argv: words('scenario generate --scenario scenario.yaml --spec-file openapi.yaml'), unbuilt: ['scenario'] },
  { page: 'how-to/scenarios/generate', argv: words('scenario generate --scenario scenarios/ --spec-url http://myhost/openapi.json'), unbuilt: ['scenario'] },
  { page: 'how-to/agent/mcp-server-configuration', argv: words('--log-file /tmp/fault.log --log-level debug agent tool'), unbuilt: ['agent'] },
  { page: 'how-to/agent/mcp-server-configuration', argv: words('agent --llm-client ollama --llm-prompt-reasoning-model gemma3:4b --llm-prompt-chat-model gemma3:4b --llm-embed-model mxbai-embed-large tool'), unbuilt: ['agent'] },
  { page: 'how-to/agent/code-suggestions', argv: words('agent code-review --results results.json --source-dir webapp/ --source-lang python'), unbuilt: ['agent'] },
  { page: 'how-to/agent/code-suggestions', argv: words('agent code-review --results results.json --source-dir webapp/ --source-lang python --scenario-review-report scenario-review-report.md'), unbuilt: ['agent'] },
  { page: 'how-to/agent/report-advices', argv: words('agent scenario-review --results results.json'), unbuilt: ['agent'] },
  { page: 'run documents', source: '1.x', argv: words('run demo.yaml --journal demo.ndjson --watch'), unbuilt: ['demo.yaml', 'run', '--journal', '--watch'] },
  { page: 'run documents', source: '1.x', argv: words('--output json run demo.yaml'), unbuilt: ['--output', 'demo.yaml', 'run'] },
]

export const examples: readonly Example[] = [...settings, ...faults, ...demo, ...unbuilt]
