import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import type { ReaderPlan } from './plan.ts';

/**
 * The bare reader: `node reader.js PLAN` asks for everything that a plan names, over 4 connections and without waiting for one answer to
 * ask for the next, parses the answers, and ends. Whoever asks the same and looks at the answers takes longer.
 */
const CONNECTIONS = 4;

const { server, tls, headers, paths } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ReaderPlan;
const agent = new Agent({ ...tls, keepAlive: true, maxSockets: CONNECTIONS });

await Promise.all(paths.map(read));
agent.destroy();

function read(path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    get(`${server}${path}`, { agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('error', reject).on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${path}: ${answer.statusCode}`));
      });
    }).on('error', reject);
  });
}
