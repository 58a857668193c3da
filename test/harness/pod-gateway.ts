import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest, StatusError } from '../embedded/status-error.ts';
import type { Api } from './api.ts';
import { authorizePodRequest, type Caller } from './caller.ts';
import { ExecChannel } from './exec-channel.ts';
import { type PodRequest, parsePodRequest, verbsOf } from './pod-request.ts';
import { type PodAnswer, startSidecars } from './sidecars.ts';

/** Answers what goes to pods in place of API server and node, but for the question who may do it: that the API server answers. */
export interface PodGateway {
  /** What a pod's proxy has logged about WasmPlugins, which no node keeps, since a time in milliseconds. */
  pluginLog(namespace: string, pod: string, since?: number): Promise<string>;
  answer(caller: Caller, method: string, request: PodRequest): Promise<PodAnswer>;
  /** Answers a request for a WebSocket when `finish` is called; the status is 101 when there will be one. */
  open(
    caller: Caller,
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<{ readonly status: number; readonly finish: () => void }>;
  stop(): Promise<void>;
}

export async function startPodGateway(api: Api): Promise<PodGateway> {
  const sidecars = await startSidecars(api);
  const channel = new ExecChannel();
  return {
    pluginLog: (namespace, pod, since) => sidecars.pluginLog(namespace, pod, since),
    answer: async (caller, method, request) => {
      try {
        await authorizePodRequest(api, caller, request, verbsOf(request, method));
        if (request.kind === 'proxy') return await sidecars.fetch(request);
        throw badRequest('Upgrade request required');
      } catch (error) {
        return statusAnswer(error);
      }
    },
    open: async (caller, incoming, socket, head) => {
      try {
        const request = parsePodRequest(incoming.url ?? '/');
        if (request?.kind !== 'exec') throw badRequest('only exec is served over a WebSocket');
        await authorizePodRequest(api, caller, request, verbsOf(request, incoming.method ?? 'GET'));
        if (!channel.speaks(incoming)) throw badRequest('unable to upgrade: unsupported WebSocket sub-protocol');
        const outcome = await sidecars.exec(request);
        return { status: 101, finish: () => channel.answer(incoming, socket, head, outcome) };
      } catch (error) {
        const answer = statusAnswer(error);
        return { status: answer.status, finish: () => refuseUpgrade(socket, answer) };
      }
    },
    stop: async () => {
      channel.stop();
      await sidecars.stop();
    },
  };
}

/** What the API server answers for an error. @throws the error when it is none of those */
function statusAnswer(error: unknown): PodAnswer {
  if (!(error instanceof StatusError)) throw error;
  const headers = { 'content-type': 'application/json' };
  return { status: error.code, headers, body: JSON.stringify(error.body) };
}

/** Answers a request for an upgrade in plain HTTP and ends the connection. */
export function refuseUpgrade(socket: Duplex, { status, headers, body }: PodAnswer): void {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`);
}
