import { tar } from '../../hack/tar.ts';
import { ArchiveNames } from '../../src/kubelet/images/archive-names.ts';
import { once, type Target, throwsOnly, words } from './target.ts';

/** Image archives that lie in the root directory. */
export const archiveNames: Target = {
  name: 'archive-names',
  corpus: once(() => [
    tar([
      {
        path: 'index.json',
        type: 'file',
        data: '{"manifests":[{"annotations":{"io.containerd.image.name":"a.example/b:1"}}]}',
      },
      { path: 'manifest.json', type: 'file', data: '[{"RepoTags":["b:1"]}]' },
      { path: 'blobs/sha256/0', type: 'file', data: 'x' },
    ]),
  ]),
  words: words('ustar', 'index.json', 'manifest.json', '[', '{', 'null', '"RepoTags"', '\0\0', '77777777777', '../'),
  run(bytes) {
    throwsOnly(() => {
      const names = new ArchiveNames();
      for (let from = 0; from < bytes.length; from += 700) names.push(bytes.subarray(from, from + 700));
      names.names();
    }, Error);
  },
};
