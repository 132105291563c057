/** The worker that holds Python: it loads Pyodide, NumPy and the package, and judges answers. */

const INFO = { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", python: "3.14.0", version: "1" };
const TYPES = { "pyodide.asm.wasm": "application/wasm", "python_stdlib.zip": "application/zip" };
let pyodide;

const say = (message) => self.postMessage(message);
const progress = (words) => say({ type: "progress", words });
const size = () => pyodide?._module?.HEAPU8?.length ?? 0;

/** An error whose message is for the reader. */
class Told extends Error {}

self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  say({ type: "dead", words: `Python ended (${event.reason?.message ?? event.reason}).` });
});

self.onmessage = async ({ data }) => {
  try {
    const answer = await { start, judge, cell, plots, data: dataFiles }[data.type](data);
    say({ type: "done", id: data.id, size: size(), ...answer });
  } catch (error) {
    const words = error instanceof Told ? error.message : `Python could not go on: ${error?.message ?? error}`;
    say({ type: "failed", id: data.id, words, alive: false });
  }
};

/** Fetch files, each compared with its hash, and say how much is there. */
async function fetchAll(what, folder, files) {
  const total = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  let loaded = 0;
  const count = (bytes) => {
    loaded += bytes;
    progress(`Loading ${what}: ${(loaded / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB …`);
  };
  const got = {};
  await Promise.all(Object.entries(files).map(async ([name, file]) => {
    const packed = await load(folder + file.address, file.integrity, count);
    if (!name.endsWith(".mjs")) got[name] = await unpack(packed, name);
  }));
  return got;
}

async function start({ folder, files }) {
  const got = await fetchAll("Python", folder, files);
  progress("Starting Python …");
  const fetched = self.fetch.bind(self);
  self.fetch = (resource, options) => {
    const name = String(resource.url ?? resource).split("/").pop();
    if (!TYPES[name]) return fetched(resource, options);
    return Promise.resolve(new Response(got[name], { headers: { "Content-Type": TYPES[name] } }));
  };
  const { loadPyodide } = await imported(`${folder}pyodide.mjs`);
  pyodide = await loadPyodide({ indexURL: folder, lockFileContents: { info: INFO, packages: {} }, packageBaseUrl: folder });
  progress("Loading NumPy …");
  for (const [name, buffer] of Object.entries(got)) {
    if (name.endsWith(".whl")) pyodide.unpackArchive(buffer, "wheel");
    else if (name === "warmstart.zip") pyodide.unpackArchive(buffer, "zip", { extractDir: sitePackages() });
  }
  pyodide.runPython("import importlib; importlib.invalidate_caches()\nfrom warmstart.exercises import page\nimport run\nnotebook = run.Notebook()");
  return {};
}

const sitePackages = () => pyodide.runPython("import sysconfig; sysconfig.get_path('purelib')");

/** Fetch a file, compared with its hash, and say how far it is. */
async function load(address, integrity, count) {
  const name = address.split("/").pop();
  try {
    const answer = await fetch(address, { integrity });
    if (!answer.ok) throw new Error(String(answer.status));
    const buffer = await answer.arrayBuffer();
    count(buffer.byteLength);
    return buffer;
  } catch {
    throw new Told(`The file ${name} is missing, blocked, or not the one that belongs to this page. Reload the page, or try again later.`);
  }
}

async function unpack(buffer, name) {
  try {
    return await new Response(new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  } catch {
    throw new Told(`The file for ${name} is damaged. Reload the page.`);
  }
}

async function imported(address) {
  try {
    return await import(address);
  } catch {
    throw new Told("This server sends pyodide.mjs with a wrong type (it has to be text/javascript), or not at all.");
  }
}

function judge({ name, source, given, tries, seed }) {
  const found = pyodide.globals.get("page").judge(name, source, given ?? "", tries, seed);
  const verdict = found.toJs({ dict_converter: Object.fromEntries });
  found.destroy();
  return { verdict };
}

async function plots({ folder, files }) {
  for (const buffer of Object.values(await fetchAll("Matplotlib", folder, files))) pyodide.unpackArchive(buffer, "wheel");
  progress("Starting Matplotlib …");
  pyodide.runPython("importlib.invalidate_caches()\nimport matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot");
  return {};
}

async function dataFiles({ folder, files }) {
  const got = await fetchAll("data", folder, files);
  const place = pyodide.runPython("import warmstart, os; os.path.dirname(warmstart.__file__)");
  for (const [name, buffer] of Object.entries(got)) {
    pyodide.FS.mkdirTree(`${place}/${name.split("/")[0]}`);
    pyodide.FS.writeFile(`${place}/${name}`, new Uint8Array(buffer));
  }
  return {};
}

function cell({ cell: name, source, dpi }) {
  const found = pyodide.globals.get("notebook").run(name, source, dpi);
  const answer = found.toJs({ dict_converter: Object.fromEntries });
  found.destroy();
  return answer;
}
