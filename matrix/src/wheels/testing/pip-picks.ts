import { askPythons } from "./ask-pythons.ts";

/** What the pip of an interpreter of this machine takes. */
export interface PipPicks {
  /** Of pip, "26.3". */
  readonly pip: string;
  /** Of the interpreter, "3.12". */
  readonly python: string;
  /** The version of glibc. */
  readonly glibc: string;
  /** Of each set of files, the one that is taken, or null. */
  readonly picks: readonly (string | null)[];
}

/** Asks pip's finder, which looks at no more than names: the files are empty. */
const SCRIPT = `
import json, os, sys, tempfile
import pip
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.models.target_python import TargetPython
from pip._internal.network.session import PipSession
from pip._vendor.packaging import _manylinux

target = TargetPython()
session = PipSession()

def pick(files):
    with tempfile.TemporaryDirectory() as folder:
        for name in files:
            open(os.path.join(folder, name), "w").close()
        scope = SearchScope.create(find_links=[folder], index_urls=[], no_index=True)
        finder = PackageFinder.create(
            link_collector=LinkCollector(session=session, search_scope=scope),
            selection_prefs=SelectionPreferences(allow_yanked=False),
            target_python=target,
        )
        best = finder.find_best_candidate("demo").best_candidate
        return best and best.link.filename

json.dump({
    "pip": pip.__version__,
    "python": "%d.%d" % sys.version_info[:2],
    "glibc": "%d.%d" % _manylinux._get_glibc_version(),
    "picks": [pick(files) for files in json.loads(sys.argv[1])],
}, sys.stdout)
`;

/** The answers of every CPython 3.8 or newer of this machine that has a pip, on Linux with glibc. */
export async function pipPicks(sets: readonly (readonly string[])[]): Promise<readonly PipPicks[]> {
  const answers = (await askPythons(SCRIPT, sets)) as readonly PipPicks[];
  return answers.filter(({ python, glibc }) => glibc.startsWith("2.") && /^3\.(8|9|\d\d)$/.test(python));
}
