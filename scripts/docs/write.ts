import { writeFiles } from './generated-file.ts';
import { GENERATED } from './pages.ts';

/** Writes every generated page anew. */
await writeFiles(GENERATED);
