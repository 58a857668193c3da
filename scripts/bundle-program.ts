import { resolve } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

export const ROOT = resolve(import.meta.dirname, '..');

/** Packages that do nothing when they are loaded but define what they export, and do not say so in their package.json. */
const PURE = /[\\/]node_modules[\\/]@kubernetes[\\/]client-node[\\/]/;

/**
 * Leaves out what nobody uses of packages that are pure: of the Kubernetes client the generated classes of the whole API, 3 MB. And takes
 * one undici for all: `@actions/http-client` brings an older one, for calls that the action never makes.
 */
const slim: Plugin = {
  name: 'slim',
  setup({ onResolve, resolve: resolveAs }) {
    onResolve(
      { filter: /^(?:\.|@kubernetes\/client-node$|undici$)/ },
      async ({ path, pluginData, with: attributes, ...from }) => {
        if (pluginData === slim) return undefined;
        const resolveDir = path === 'undici' ? ROOT : from.resolveDir;
        const { kind, importer } = from;
        const found = await resolveAs(path, { kind, importer, resolveDir, with: attributes, pluginData: slim });
        return PURE.test(found.path) ? { ...found, sideEffects: false } : found;
      },
    );
  },
};

/**
 * Bundles one program as an ES module in one file, `name`.js in the folder `outdir`; `entry` is its first file, from the root of the
 * package. Returns what is in it. Rejects with what esbuild says.
 */
export async function bundleProgram(entry: string, name: string, outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { [name]: entry },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    legalComments: 'none',
    // Packages that are CommonJS ask for modules of Node's own.
    banner: {
      js: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);",
    },
    metafile: true,
    plugins: [slim],
  });
  return metafile;
}
