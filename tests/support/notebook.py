# SPDX-License-Identifier: MIT
"""Notebooks that are executed by nbconvert, and what is in them then."""
import html.parser
import json
import os

MODULES = 'IPython', 'ipykernel', 'nbconvert'
# What %mprun, %memit and %%memtrace are tried on. A name, a comment and a string that would be markup.
TAKE = '''\
def take(n):  # </td></table><script>document.title = "hit"</script>
    first = bytearray(n << 20)
    second = bytearray(n << 19)
    del first
    return second
'''


def write(path, cells):
    made = [{'cell_type': 'code', 'execution_count': None, 'metadata': {}, 'outputs': [], 'source': cell} for cell in cells]
    with open(path, 'w') as file:
        json.dump({'cells': made, 'metadata': {}, 'nbformat': 4, 'nbformat_minor': 4}, file)


def environment(folder):
    """Variables that keep Jupyter and IPython in the folder; kernels are looked for in its `kernels`, too."""
    return {'HOME': folder, 'JUPYTER_PATH': os.path.join(folder, 'prefix', 'share', 'jupyter'), 'IPYTHONDIR': os.path.join(folder, '.ipython'),
            'JUPYTER_DATA_DIR': os.path.join(folder, '.jupyter'), 'JUPYTER_RUNTIME_DIR': os.path.join(folder, '.runtime')}


def convert(python, *options):
    """The command that executes a notebook: NAME.ipynb becomes NAME.nbconvert.ipynb."""
    return [python, '-m', 'nbconvert', '--to', 'notebook', '--execute', *options]


def outputs(path):
    """Of each cell: its outputs, {type: text}. An error is {'error': name and message}."""
    with open(path) as file:
        cells = json.load(file)['cells']
    return [[_output(output) for output in cell['outputs']] for cell in cells]


def _output(output):
    if output['output_type'] == 'error':
        return {'error': '%s: %s' % (output['ename'], output['evalue'])}
    data = output.get('data') or {output['name']: output['text']}
    return {kind: ''.join(text) if isinstance(text, list) else text for kind, text in data.items()}


class Markup(html.parser.HTMLParser):
    """The tables (rows of cells, as texts), the frames (attributes) and the tags of some HTML."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.frames, self.tags, self._cell = [], [], set(), None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == 'table':
            self.tables.append([])
        elif tag == 'tr':
            self.tables[-1].append([])
        elif tag in ('td', 'th'):
            self._cell = ''
        elif tag == 'iframe':
            self.frames.append(dict(attributes))

    def handle_endtag(self, tag):
        if tag in ('td', 'th'):
            self.tables[-1][-1].append(self._cell)
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data
