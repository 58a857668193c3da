import { headerOf } from '../base/answer.ts';
import { type Http, serverAddress } from '../http/http.ts';
import { answerError } from './answers.ts';
import { ContentError } from './errors.ts';
import { MAX_BLOB_BYTES } from './repository.ts';

/** An address without what may be secret in it: user, password and query. */
export function publicAddress(text: string): string {
  const url = URL.parse(text);
  return url === null ? 'the address' : `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

/** Reads an address. Throws `ContentError` for what is none. */
export function parseAddress(text: string): URL {
  const url = serverAddress(text);
  if (url === undefined) throw new ContentError('it is not a valid address', 'Give an https:// address.');
  return url;
}

/** Gets a file of at most 256 MiB, as it is; an encoding that nobody undoes would change its digest. Throws what `Http` throws, and `AnswerError`. */
export async function download(url: URL, http: Http): Promise<Uint8Array> {
  const answer = await http.send({
    method: 'GET',
    url,
    headers: { accept: 'application/wasm, application/octet-stream, */*;q=0.5' },
    maxBytes: MAX_BLOB_BYTES,
  });
  if (answer.status !== 200) throw answerError(answer);
  const encoding = headerOf(answer, 'content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw new ContentError(
      `${answer.url.host} sends the file in the encoding ${encoding}, which was not requested`,
      'Let the server send the file unencoded, or download it in an earlier step and give its path.',
    );
  }
  return answer.body;
}
