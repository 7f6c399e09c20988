// Runs an ONNX file in the ONNX Runtime that is installed here, that of browsers (WebAssembly) or that of Node.js.
// Usage: node onnx_client.mjs FILE INPUTS OUTPUTS (folders, an array a file)
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { read, write } from "./arrays.mjs";

const here = createRequire(path.join(process.cwd(), "package.json"));
const ort = here(Object.keys(here("./package.json").dependencies)[0]);
const [file, given, answers] = process.argv.slice(2);
if (ort.env.wasm) ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(fs.readFileSync(file));
const feeds = {};
for (const name of session.inputNames) {
  const { kind, shape, values } = read(path.join(given, `${name}.npy`));
  feeds[name] = new ort.Tensor(kind, values, shape);
}
for (const [name, { type, dims, data }] of Object.entries(await session.run(feeds))) {
  write(path.join(answers, `${name}.npy`), { kind: type, shape: [...dims], values: data });
}
