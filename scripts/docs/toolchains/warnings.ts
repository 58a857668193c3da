import type { Warning } from '../../../src/base/warning.ts';
import { checkCompatibility } from '../../../src/filter/compatibility/compatibility.ts';
import { parseProxyVersion } from '../../../src/filter/compatibility/proxy-version.ts';
import type { ModuleFacts } from '../../../src/filter/module/facts.ts';
import type { Toolchain } from '../../../src/filter/module/toolchain.ts';
import { GOOD, imported } from './samples.ts';

/** What a module has that is warned of, for proxies of this version. */
interface WarningSample {
  readonly of: Partial<ModuleFacts>;
  readonly proxies?: string;
}

const WARNINGS: Partial<Readonly<Record<Toolchain, readonly WarningSample[]>>> = {
  Go: [
    { of: { start: 'command' } },
    { of: { imports: [imported('wasi_snapshot_preview1', 'poll_oneoff', 'iiii')] }, proxies: 'envoy/1.36' },
  ],
  unknown: [
    { of: { exports: GOOD.exports.filter(({ name }) => !name.startsWith('proxy_on_')) } },
    { of: { memories: [] } },
    { of: { memories: [...GOOD.memories, ...GOOD.memories] } },
    { of: { imports: [imported('wasi_snapshot_preview1', 'fd_readdir', 'iiiIi')] } },
  ],
};

/** Returns what the check warns of, which is no reason to refuse a module. */
export function warningsOf(toolchain: Toolchain): Warning[] {
  return (WARNINGS[toolchain] ?? []).map(({ of, proxies }) => {
    const version = proxies === undefined ? undefined : parseProxyVersion(proxies);
    const checked = checkCompatibility({ ...GOOD, toolchain, ...of }, version === undefined ? [] : [version]);
    const [only, ...others] = checked.warnings;
    if (only === undefined || others.length > 0 || checked.problems.length > 0)
      throw new Error(`A sample of ${toolchain} is to give one warning`);
    return only;
  });
}
