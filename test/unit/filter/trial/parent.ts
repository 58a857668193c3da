import { once } from 'node:events';
import { trialRun } from '../../../../src/filter/trial/run.ts';
import { endlessFilter } from './endless.ts';
import { request } from './modules.ts';

/** A program that tries a filter without end, by the program that its argument names, and ends by itself as it is told to. */
const program = { node: process.execPath, entry: new URL(process.argv[2] ?? '') };
const trial = trialRun(request(await endlessFilter()), { ...program, timeoutMs: 60_000 });
const [word] = await once(process.stdin, 'data');
if (String(word) === 'exit') process.exit();
if (String(word) === 'throw') throw new Error('as told');
await trial;
