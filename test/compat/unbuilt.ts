import type { CommandRow, UnbuiltOption } from './rows.ts'

/** Every command that answers `is not built yet`. */
export const unbuiltCommands: readonly CommandRow[] = [
  { source: 'docs', path: ['run', 'llm'], built: false },
  { source: 'program', path: ['run', 'db'], built: false, note: 'mentioned in the reference, listed in the program\'s help, never worked' },
  { source: '0.16', path: ['run', 'dns'], built: false },
  { source: 'docs', path: ['inject'], aliases: ['injection'], built: false, note: 'the reference pages call it `injection`, the guides and the program `inject`: both' },
  { source: 'docs', path: ['inject', 'kubernetes'], built: false },
  { source: 'docs', path: ['inject', 'aws'], built: false },
  { source: 'docs', path: ['inject', 'gcp'], built: false },
  { source: 'docs', path: ['scenario'], built: false },
  { source: 'docs', path: ['scenario', 'run'], built: false },
  { source: 'docs', path: ['scenario', 'generate'], built: false },
  { source: 'docs', path: ['agent'], built: false },
  { source: 'docs', path: ['agent', 'tool'], built: false },
  { source: 'docs', path: ['agent', 'code-review'], built: false },
  { source: 'docs', path: ['agent', 'scenario-review'], built: false },
  { source: 'program', path: ['agent', 'platform-review'], built: false },
  { source: 'program', path: ['agent', 'platform-review', 'kubernetes'], built: false },
  { source: 'program', path: ['agent', 'platform-review', 'gcp'], built: false },
  { source: '1.x', path: ['skill'], built: false },
  { source: '1.x', path: ['skill', 'show'], built: false },
  { source: '1.x', path: ['skill', 'install'], built: false },
]

/** Of commands that work: each is refused by name. */
export const unbuiltRunOptions: readonly UnbuiltOption[] = [
  { source: 'docs', command: [], flag: '--with-otel', env: 'FAULT_WITH_OTEL', default: 'false' },
  { source: 'program', command: [], flag: '--api-address', env: 'FAULT_API_SERVICE_ADDRESS', sample: '127.0.0.1:7900', default: '0.0.0.0:7900' },
  { source: '1.x', command: [], flag: '--output', sample: 'json', values: ['text', 'json'], default: 'text' },
  { source: 'docs', command: ['run'], flag: '--grpc-plugin', short: '-g', env: 'FAULT_GRPC_PLUGINS', sample: 'http://localhost:50051' },
  { source: 'docs', command: ['run'], flag: '--stealth', env: 'FAULT_ENABLE_STEALTH', default: 'false' },
  { source: 'docs', command: ['run'], flag: '--capture-process', env: 'FAULT_EBPF_PROCESS_NAME', sample: 'curl' },
  { source: '0.17', command: ['run'], flag: '--capture-pid', env: 'FAULT_EBPF_PROCESS_PID', sample: '4242' },
  { source: 'docs', command: ['run'], flag: '--ebpf-programs-dir', env: 'FAULT_EBPF_PROGRAMS_DIR', sample: '/opt/ebpf', default: '~/.local/bin', note: 'the install page and the program say ~/.local/bin, the environment page $HOME/cargo/bin' },
  { source: 'docs', command: ['run'], flag: '--ebpf-proxy-ip', env: 'FAULT_EBPF_PROXY_IP', sample: '192.168.1.26' },
  { source: 'docs', command: ['run'], flag: '--ebpf-proxy-port', env: 'FAULT_EBPF_PROXY_PORT', sample: '47070' },
  { source: 'docs', command: ['run'], flag: '--ebpf-proxy-iface', env: 'FAULT_EBPF_PROXY_IFACE', sample: 'eth0' },
  { source: '0.20', command: ['run'], flag: '--http-upstream-override', env: 'FAULT_HTTP_UPSTREAM_OVERRIDE', sample: 'http://127.0.0.1:8080' },
  { source: '1.x', command: ['run'], flag: '--journal', sample: 'run.ndjson' },
  { source: '1.x', command: ['run'], flag: '--watch' },
  { source: '1.x', command: ['run'], positional: 0, name: 'FILE', values: ['run.json', 'run.yaml', 'RUN.YML'] },
]

/** Of `run llm`, `run db` and `run dns`. */
export const unbuiltModeOptions: readonly UnbuiltOption[] = [
  { source: 'docs', command: ['run', 'llm'], flag: '--case', sample: 'slow-stream', values: ['slow-stream', 'prompt-scramble', 'token-drop', 'inject-bias', 'truncate-response', 'http-error'] },
  { source: 'docs', command: ['run', 'llm'], flag: '--endpoint', env: 'FAULT_LLM_ENDPOINT', sample: 'http://localhost:11434' },
  { source: 'docs', command: ['run', 'llm'], flag: '--probability', env: 'FAULT_LLM_PROBABILITY', sample: '0.5', default: '1.0' },
  { source: 'docs', command: ['run', 'llm'], flag: '--slow-stream-mean-delay', env: 'FAULT_LLM_SLOW_STREAM_MEAN_DELAY', sample: '500', default: '300' },
  { source: 'docs', command: ['run', 'llm'], flag: '--scramble-pattern', env: 'FAULT_LLM_SCRAMBLE_PATTERN', sample: 'h.llo' },
  { source: 'docs', command: ['run', 'llm'], flag: '--scramble-with', env: 'FAULT_LLM_SCRAMBLE_WITH', sample: 'bye' },
  { source: 'docs', command: ['run', 'llm'], flag: '--instruction', env: 'FAULT_LLM_INSTRUCTION', envAliases: ['FAULT_LLM_SCRAMBLE_INSTRUCTION'], sample: 'Respond in French', note: 'both variables are documented, one per edition of the documentation' },
  { source: 'docs', command: ['run', 'llm'], flag: '--bias-pattern', env: 'FAULT_LLM_BIAS_PATTERN', sample: 'yes' },
  { source: 'docs', command: ['run', 'llm'], flag: '--bias-replacement', env: 'FAULT_LLM_BIAS_REPLACEMENT', sample: 'no' },
  { source: 'program', command: ['run', 'db'], flag: '--case', sample: 'slow-query', values: ['slow-query', 'error-injection', 'conn-reset', 'data-corruption', 'stale-reads', 'timeout', 'deadlock'] },
  { source: 'program', command: ['run', 'db'], flag: '--latency-mean', sample: '200ms' },
  { source: 'program', command: ['run', 'db'], flag: '--deadlock-rate', sample: '0.1', default: '0.01' },
  { source: 'program', command: ['run', 'db'], flag: '--error-code', sample: '40001' },
  { source: 'program', command: ['run', 'db'], flag: '--corruption-rate', sample: '0.1', default: '0.02' },
  { source: '0.16', command: ['run', 'dns'], flag: '--case', sample: 'nx-domain', values: ['nx-domain', 'serv-fail', 'refused', 'timeout', 'truncated', 'delay', 'random-a', 'random-A', 'empty-answer'] },
  { source: '0.16', command: ['run', 'dns'], flag: '--resolver', env: 'FAULT_DNS_RESOLVER', sample: '127.0.0.1:5353', default: '127.0.0.1:53', note: '127.0.0.53:53 since 0.17' },
  { source: '0.16', command: ['run', 'dns'], flag: '--probability', env: 'FAULT_DNS_PROBABILITY', envAliases: ['FAULT_LLM_PROBABILITY'], sample: '0.5', default: '1.0', note: '0.16 reads FAULT_LLM_PROBABILITY by mistake: accepted with a warning' },
  { source: '0.16', command: ['run', 'dns'], flag: '--delay', env: 'FAULT_DNS_DELAY', sample: '200ms' },
  { source: 'docs', command: ['run', 'llm'], positional: 0, name: 'TARGET', values: ['openai', 'gemini', 'open-router', 'ollama', 'claude', 'open-code'] },
  { source: 'program', command: ['run', 'db'], positional: 0, name: 'TARGET', values: ['pg', 'mysql', 'mongo'] },
]

/** Of `inject`. */
export const unbuiltPlatformOptions: readonly UnbuiltOption[] = [
  { source: 'docs', command: ['inject', 'kubernetes'], flag: '--ns', env: 'FAULT_INJECTION_K8S_NS', sample: 'myapp', default: 'default' },
  { source: 'docs', command: ['inject', 'kubernetes'], flag: '--service', short: '-s', env: 'FAULT_INJECTION_K8S_SERVICE', sample: 'web' },
  { source: 'docs', command: ['inject', 'kubernetes'], flag: '--image', short: '-i', env: 'FAULT_INJECTION_K8S_IMAGE', sample: 'myimage:latest', default: 'ghcr.io/rebound-how/fault:latest', note: 'a newer edition names ghcr.io/fault-project/fault-cli:latest' },
  { source: 'docs', command: ['inject', 'kubernetes'], flag: '--duration', env: 'FAULT_INJECTION_K8S_DURATION', sample: '30s' },
  { source: '0.20', command: ['inject', 'kubernetes'], flag: '--env-override', env: 'FAULT_INJECTION_K8S_ENV_OVERRIDES', sample: 'deployment/web:API_URL=http://{host}:{port}' },
  { source: '0.20', command: ['inject', 'kubernetes'], flag: '--name', sample: 'outbound' },
  { source: '0.20', command: ['inject', 'kubernetes'], flag: '--dry-run', env: 'FAULT_INJECTION_K8S_DRY_RUN', default: 'false' },
  { source: '0.20', command: ['inject', 'kubernetes'], flag: '--verbose', env: 'FAULT_INJECTION_K8S_VERBOSE', default: 'false' },
  { source: 'docs', command: ['inject', 'aws'], flag: '--region', short: '-r', env: 'FAULT_INJECTION_AWS_REGION', sample: 'europe-west1' },
  { source: 'docs', command: ['inject', 'aws'], flag: '--cluster', short: '-c', env: 'FAULT_INJECTION_AWS_ECS_CLUSTER', sample: 'my-cluster-56x7xhg' },
  { source: 'docs', command: ['inject', 'aws'], flag: '--service', short: '-s', env: 'FAULT_INJECTION_AWS_ECS_SERVICE', aliases: ['--service-name'], sample: 'web', note: 'the program says `--service-name`' },
  { source: 'docs', command: ['inject', 'aws'], flag: '--image', short: '-i', env: 'FAULT_INJECTION_AWS_IMAGE', sample: 'myimage:latest', default: 'ghcr.io/rebound-how/fault:latest', note: 'a newer edition names ghcr.io/fault-project/fault-cli:latest' },
  { source: 'docs', command: ['inject', 'aws'], flag: '--duration', env: 'FAULT_INJECTION_AWS_DURATION', envAliases: ['FAULT_INJECTION_GCP_DURATION'], sample: '30s', note: 'the documentation writes FAULT_INJECTION_GCP_DURATION, a slip: both are read' },
  { source: 'docs', command: ['inject', 'gcp'], flag: '--project', env: 'FAULT_INJECTION_GCP_PROJECT', sample: 'myproject-56x7xhg', required: true },
  { source: 'docs', command: ['inject', 'gcp'], flag: '--region', short: '-r', env: 'FAULT_INJECTION_GCP_REGION', sample: 'europe-west1', required: true },
  { source: 'docs', command: ['inject', 'gcp'], flag: '--service', short: '-s', env: 'FAULT_INJECTION_GCP_SERVICE', sample: 'web' },
  { source: 'docs', command: ['inject', 'gcp'], flag: '--percent', short: '-p', env: 'FAULT_INJECTION_GCP_TRAFFIC_PERCENT', sample: '50', default: '100' },
  { source: 'docs', command: ['inject', 'gcp'], flag: '--image', short: '-i', env: 'FAULT_INJECTION_GCP_IMAGE', sample: 'myimage:latest', required: true },
  { source: 'docs', command: ['inject', 'gcp'], flag: '--duration', env: 'FAULT_INJECTION_GCP_DURATION', sample: '30s' },
]

/** Of `scenario`. */
export const unbuiltScenarioOptions: readonly UnbuiltOption[] = [
  { source: 'docs', command: ['scenario'], flag: '--proxy-address', env: 'FAULT_SCENARIO_PROXY_ADDR', envAliases: ['FAULT_PROXY_ADDRESS', 'FAULT_HTTP_PROXY_ADDRESS'], sample: '192.168.12.45:8090', default: '127.0.0.1:3180', note: 'ignored by the program, documented as working' },
  { source: 'program', command: ['scenario'], flag: '--disable-http-proxy', env: 'FAULT_DISABLE_HTTP_PROXY', default: 'false' },
  { source: 'program', command: ['scenario'], flag: '--proxy', sample: '9090=example.com:80' },
  { source: 'program', command: ['scenario'], flag: '--grpc-plugin', short: '-g', env: 'FAULT_GRPC_PLUGINS', sample: 'http://localhost:50051' },
  { source: 'program', command: ['scenario'], flag: '--upstream', short: '-u', env: 'FAULT_UPSTREAMS', sample: 'example.com' },
  { source: 'program', command: ['scenario'], flag: '--duration', env: 'FAULT_PROXY_DURATION', sample: '30s' },
  { source: 'docs', command: ['scenario', 'run'], flag: '--scenario', short: '-s', env: 'FAULT_SCENARIO_PATH', sample: './scenario.yaml', required: true },
  { source: 'docs', command: ['scenario', 'run'], flag: '--report', short: '-r', env: 'FAULT_SCENARIO_REPORT_PATH', sample: './report.md', default: 'report.md', note: 'the environment page describes the variable as the path of the scenario, a slip' },
  { source: 'docs', command: ['scenario', 'run'], flag: '--result', env: 'FAULT_SCENARIO_RESULTS_PATH', sample: 'result.json', default: 'results.json' },
  { source: 'docs', command: ['scenario', 'generate'], flag: '--scenario', env: 'FAULT_SCENARIO_PATH', sample: './scenario.yaml', required: true },
  { source: 'docs', command: ['scenario', 'generate'], flag: '--spec-file', env: 'FAULT_SCENARIO_OPENAPI_V3_SPEC_FILE', sample: './openapi.json' },
  { source: 'docs', command: ['scenario', 'generate'], flag: '--spec-url', env: 'FAULT_SCENARIO_OPENAPI_V3_SPEC_URL', sample: 'http://localhost/openapi.json' },
]

/** Of `agent` and `skill`. */
export const unbuiltAgentOptions: readonly UnbuiltOption[] = [
  { source: 'docs', command: ['agent'], flag: '--llm-client', env: 'FAULT_AGENT_CLIENT', sample: 'ollama', values: ['gemini', 'open-ai', 'open-router', 'ollama', 'claude'], default: 'open-ai' },
  { source: 'docs', command: ['agent'], flag: '--llm-prompt-reasoning-model', env: 'FAULT_AGENT_PROMPT_REASONING_MODEL', envAliases: ['LLM_PROMPT_REASONING_MODEL'], sample: 'gemma3:4b', default: 'o4-mini', note: 'the documentation and the program name different variables: both are read' },
  { source: 'docs', command: ['agent'], flag: '--llm-prompt-chat-model', sample: 'gemma3:4b', note: 'documented on the MCP pages, never existed in the program' },
  { source: 'docs', command: ['agent'], flag: '--llm-embed-model', env: 'FAULT_AGENT_EMBED_MODEL', sample: 'mxbai-embed-large', default: 'text-embedding-3-small' },
  { source: 'docs', command: ['agent'], flag: '--llm-embed-model-dim', env: 'FAULT_AGENT_EMBED_MODEL_DIMENSION', sample: '384', default: '1536', note: 'the variable of the tutorials, missing from the reference page' },
  { source: 'docs', command: ['agent', 'code-review'], flag: '--report', env: 'FAULT_AGENT_CODE_REVIEW_REPORT_FILE', sample: './report.md', default: 'code-review-report.md' },
  { source: 'docs', command: ['agent', 'code-review'], flag: '--results', env: 'FAULT_SCENARIO_RESULTS_PATH', sample: 'results.json', default: 'results.json' },
  { source: 'docs', command: ['agent', 'code-review'], flag: '--index', env: 'FAULT_AGENT_CODE_REVIEW_SOURCE_INDEX_PATH', sample: '/tmp/index.db', default: '/tmp/index.db' },
  { source: 'docs', command: ['agent', 'code-review'], flag: '--source-dir', env: 'FAULT_AGENT_CODE_REVIEW_SOURCE_DIR', sample: 'webapp/', required: true },
  { source: 'docs', command: ['agent', 'code-review'], flag: '--source-lang', env: 'FAULT_AGENT_CODE_REVIEW_SOURCE_LANGUAGE', sample: 'python', values: ['python', 'go', 'rust', 'java', 'typescript', 'javascript', 'elixir', 'ruby', 'c', 'c++', 'c#', 'solidity', 'html', 'php'], required: true },
  { source: 'docs', command: ['agent', 'code-review'], flag: '--scenario-review-report', env: 'FAULT_AGENT_SCENARIO_REVIEW_REPORT_FILE', aliases: ['--advices-report'], sample: 'scenario-review-report.md', default: 'scenario-analysis-report.md', note: 'documented in both spellings; the pages disagree on the default' },
  { source: 'docs', command: ['agent', 'scenario-review'], flag: '--report', env: 'FAULT_AGENT_SCENARIO_REVIEW_REPORT_FILE', sample: './report.md', default: 'scenario-analysis-report.md', note: 'the pages disagree on the default' },
  { source: 'docs', command: ['agent', 'scenario-review'], flag: '--results', env: 'FAULT_SCENARIO_RESULTS_PATH', sample: 'results.json', default: 'results.json' },
  { source: 'docs', command: ['agent', 'scenario-review'], flag: '--role', env: 'FAULT_AGENT_ADVICE_ROLE', sample: 'sre', values: ['developer', 'sre'], default: 'developer' },
  { source: 'program', command: ['agent', 'platform-review', 'kubernetes'], flag: '--ns', env: 'FAULT_AGENT_PLATFORM_ADVICE_K8S_NS', sample: 'myapp', default: 'default' },
  { source: 'program', command: ['agent', 'platform-review', 'kubernetes'], flag: '--report', env: 'FAULT_AGENT_PLATFORM_ADVICE_REPORT_FILE', sample: './report.md', default: 'platform-review-report.md' },
  { source: 'program', command: ['agent', 'platform-review', 'kubernetes'], flag: '--role', env: 'FAULT_AGENT_PLATFORM_ADVICE_ROLE', sample: 'sre', values: ['developer', 'sre'] },
  { source: 'program', command: ['agent', 'platform-review', 'gcp'], flag: '--project', env: 'FAULT_AGENT_PLATFORM_ADVICE_GCP_PROJECT', sample: 'myproject-56x7xhg', required: true },
  { source: 'program', command: ['agent', 'platform-review', 'gcp'], flag: '--region', short: '-r', env: 'FAULT_AGENT_PLATFORM_ADVICE_GCP_REGION', sample: 'europe-west1', required: true },
  { source: 'program', command: ['agent', 'platform-review', 'gcp'], flag: '--report', env: 'FAULT_AGENT_PLATFORM_ADVICE_REPORT_FILE', sample: './report.md', default: 'platform-review-report.md' },
  { source: 'program', command: ['agent', 'platform-review', 'gcp'], flag: '--role', env: 'FAULT_AGENT_PLATFORM_ADVICE_ROLE', sample: 'sre', values: ['developer', 'sre'] },
  { source: '1.x', command: ['skill', 'install'], flag: '--target', sample: 'claude', values: ['codex', 'claude', 'opencode'], required: true },
  { source: '1.x', command: ['skill', 'install'], flag: '--scope', sample: 'home', values: ['workspace', 'home'] },
  { source: '1.x', command: ['skill', 'install'], flag: '--force' },
]

/** Variables without a flag. */
export const unbuiltVariables: readonly UnbuiltOption[] = [
  { source: 'docs', command: ['agent'], env: 'OPENAI_API_KEY' },
  { source: 'docs', command: ['agent'], env: 'GEMINI_API_KEY' },
  { source: 'docs', command: ['agent'], env: 'OPENROUTER_API_KEY' },
  { source: '0.18', command: ['agent'], env: 'ANTHROPIC_API_KEY' },
  { source: 'program', command: ['agent'], env: 'QDRANT_URL', default: 'http://localhost:6334' },
  { source: 'program', command: ['agent'], env: 'QDRANT_API_KEY' },
  { source: 'docs', command: ['inject', 'kubernetes'], env: 'KUBECONFIG', default: '~/.kube/config' },
  { source: '1.x', command: ['skill', 'install'], env: 'CODEX_HOME', default: '~/.codex' },
  { source: '1.x', command: ['skill', 'install'], env: 'XDG_CONFIG_HOME', default: '~/.config' },
  { source: '1.x', command: ['skill', 'install'], env: 'APPDATA' },
]
