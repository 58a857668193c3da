import { resolve } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { slimUndici } from './slim-undici.ts';

export const ROOT = resolve(import.meta.dirname, '..');

/** Packages that do nothing when they are loaded but define what they export, and do not say so in their package.json. */
const PURE = /[\\/]node_modules[\\/]@actions[\\/]/;

/** Leaves out what nobody uses of packages that are pure: of the toolkit what gets tokens and runs programs. */
const pure: Plugin = {
  name: 'pure',
  setup({ onResolve, resolve: resolveAs }) {
    onResolve({ filter: /^(?:\.|@actions\/)/ }, async ({ path, pluginData, with: attributes, ...from }) => {
      if (pluginData === pure) return undefined;
      const { kind, importer, resolveDir } = from;
      const found = await resolveAs(path, { kind, importer, resolveDir, with: attributes, pluginData: pure });
      return PURE.test(found.path) ? { ...found, sideEffects: false } : found;
    });
  },
};

/**
 * Bundles one program as ES modules: `name`.js in the folder `outdir`, and beside it what it loads only when it needs it. `entry` is its
 * first file, from the root of the package. Returns what is in them. Rejects with what esbuild says.
 */
export async function bundleProgram(entry: string, name: string, outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { [name]: entry },
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: `${name}-[name]-[hash]`,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    legalComments: 'none',
    // Packages that are CommonJS ask for modules of Node's own.
    banner: {
      js: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);",
    },
    // undici leaves out its experimental parser where it is bundled so, as Node itself does.
    define: { esbuildDetection: 'true' },
    metafile: true,
    plugins: [pure, slimUndici(ROOT)],
  });
  return metafile;
}
