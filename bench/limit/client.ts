import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { performance } from 'node:perf_hooks';
import type { Answered, ClientPlan, PlannedWrite } from './plan.ts';

/**
 * The bare client: `node client.ts PLAN` sends the writes of a plan over 8 connections, waits for nothing else unless the plan has
 * watches, and prints what that took from its first connection on. It knows the bodies beforehand and looks at no answer but for the
 * generation, so nothing that does these writes can be much faster.
 */
const CONNECTIONS = 8;

interface Seen {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly generation?: number };
  readonly status?: { readonly observedGeneration?: number };
}

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ClientPlan;
const { server, tls, headers } = plan;
const agent = new Agent({ ...tls, keepAlive: true, maxSockets: CONNECTIONS });
const watching = new Agent({ ...tls, keepAlive: true });
const keyOf = ({ metadata }: Seen): string => `${metadata?.namespace}/${metadata?.name}`;

const begun = performance.now();
const usedBefore = process.resourceUsage();
const [wanted, observed] = [new Map<string, number>(), new Map<string, number>()];
const all = Promise.withResolvers<void>();
const watches = plan.watches.map(watch);
const queue = [...plan.writes];
await Promise.all(
  Array.from({ length: CONNECTIONS }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await send(next);
  }),
);
if (plan.watches.length > 0) {
  look();
  await all.promise;
}
const wallMs = performance.now() - begun;
const used = process.resourceUsage();
for (const one of watches) one.destroy();
agent.destroy();
watching.destroy();
const answered: Answered = {
  wallMs,
  userMs: (used.userCPUTime - usedBefore.userCPUTime) / 1000,
  systemMs: (used.systemCPUTime - usedBefore.systemCPUTime) / 1000,
  peakKiB: used.maxRSS,
};
process.stdout.write(JSON.stringify(answered));

async function send({ method, path, body, contentType }: PlannedWrite): Promise<void> {
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request(`${server}${path}`, {
      method,
      agent,
      headers: { ...headers, 'content-type': contentType, 'content-length': Buffer.byteLength(body) },
    });
    sent.on('error', reject).on('response', (answer: IncomingMessage) => {
      let whole = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        whole += chunk;
      });
      answer.on('error', reject).on('end', () => {
        if ((answer.statusCode ?? 500) < 300) resolve(whole);
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${whole}`));
      });
    });
    sent.end(body);
  });
  if (plan.watches.length === 0 || !path.includes('/deployments/')) return;
  const changed = JSON.parse(text) as Seen;
  wanted.set(keyOf(changed), changed.metadata?.generation ?? 0);
}

function watch(path: string): ReturnType<typeof request> {
  const open = request(`${server}${path}`, { agent: watching, headers });
  open.on('error', () => undefined);
  open.on('response', (answer: IncomingMessage) => {
    let rest = '';
    answer.setEncoding('utf8').on('error', () => undefined);
    answer.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { object } = JSON.parse(line) as { object: Seen };
        observed.set(keyOf(object), object.status?.observedGeneration ?? 0);
      }
      if (queue.length === 0) look();
    });
  });
  open.end();
  return open;
}

/** Whether every change has been seen; before the last answer is there, it is not known what that means. */
function look(): void {
  const patches = plan.writes.filter(({ path }) => path.includes('/deployments/')).length;
  if (wanted.size < patches) return;
  for (const [key, generation] of wanted) if ((observed.get(key) ?? 0) < generation) return;
  all.resolve();
}
