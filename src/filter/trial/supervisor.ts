import type { Readable, Writable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../base/problem.ts';
import { FrameReader, frame } from './frames.ts';
import { tooMuchMemory } from './process-end.ts';
import { MAX_ORDER_BYTES, type TrialEvent, type TrialOrder, type WorkerTask } from './protocol.ts';

/** What the process has. */
export interface TrialProcess {
  /** The file that calls `runTrialWorker`, or does what else it is told to, when it is started as a worker. */
  readonly workerFile: URL;
  readonly input: Readable;
  readonly output: Writable;
  /** Bytes of memory that the process takes now. */
  readonly memory: () => number;
  /** Ends the process at once, whatever its threads do. */
  readonly die: () => void;
}

const WATCH_MS = 50;
/** For the heap and stack of the thread that runs the filter. The filter's memory is not part of the heap; it has Envoy's cap. */
const WORKER_HEAP_MB = 512;
const WORKER_LIMITS = { maxOldGenerationSizeMb: WORKER_HEAP_MB, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/**
 * The first thread of the process that `trialRun` starts. It never runs the filter, so it always answers: it takes the
 * order, hands on what the second thread says, looks at the memory, and ends the process when nobody is there to end it.
 */
export function superviseTrial(own: TrialProcess): void {
  const { input, output } = own;
  let over = false;
  const say = (event: TrialEvent): void => {
    if (over) return;
    over = event.kind === 'end';
    output.write(frame(JSON.stringify(event)));
  };
  const breakOff = (why: string): void => say({ kind: 'end', end: { state: 'inconclusive', why, brokeOff: true } });

  // A second thread in the middle of one long instruction cannot be ended, only the process can.
  input.on('close', own.die).on('error', own.die);
  output.on('error', own.die);

  let order: TrialOrder | undefined;
  let module: Uint8Array | undefined;
  const reader = new FrameReader(MAX_ORDER_BYTES, (content) => {
    if (order === undefined) {
      order = JSON.parse(content.toString()) as TrialOrder;
      return;
    }
    const { request, maxMemoryBytes, more } = order;
    if (more && module === undefined) {
      module = content;
      return;
    }
    startWorker(
      module === undefined
        ? { request: { ...request, module: content } }
        : { request: { ...request, module }, more: content },
    );
    setInterval(() => {
      if (own.memory() > maxMemoryBytes) breakOff(tooMuchMemory(maxMemoryBytes));
    }, WATCH_MS);
  });
  input.on('data', (piece: Buffer) => {
    if (!reader.push(piece)) breakOff('the module is too large for a trial run');
  });

  function startWorker(task: WorkerTask): void {
    const worker = new Worker(own.workerFile, {
      workerData: task,
      resourceLimits: WORKER_LIMITS,
      env: {},
      execArgv: [],
    });
    worker.on('message', say);
    worker.on('error', (error: Error & { code?: string }) =>
      breakOff(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? tooMuchMemory(WORKER_HEAP_MB * 1_048_576)
          : `its thread failed: ${messageOf(error)}`,
      ),
    );
    worker.on('exit', () => breakOff('its thread ended without an outcome'));
  }
}
