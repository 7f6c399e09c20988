// Runs a folder that tfjs_convert.py wrote in TensorFlow.js. Usage: node tfjs_client.mjs FOLDER INPUTS OUTPUTS
// (folders, an array a file)
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { read, write } from "./arrays.mjs";

const tf = createRequire(path.join(process.cwd(), "package.json"))("@tensorflow/tfjs");
const [folder, given, answers] = process.argv.slice(2);
const { modelTopology, weightsManifest, signature } = JSON.parse(fs.readFileSync(path.join(folder, "model.json")));
const parts = weightsManifest.flatMap((one) => one.paths).map((name) => fs.readFileSync(path.join(folder, name)));
const weightData = new Uint8Array(Buffer.concat(parts)).buffer;
const weightSpecs = weightsManifest.flatMap((one) => one.weights);
await tf.setBackend("cpu");
const network = await tf.loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData, signature }));
const feeds = {};
for (const [name, { name: tensor }] of Object.entries(signature.inputs)) {
  const { kind, shape, values } = read(path.join(given, `${name}.npy`));
  feeds[tensor] = tf.tensor(values, shape, kind === "float32" ? kind : "int32"); // it has no bytes
}
const outputs = Object.entries(signature.outputs);
const found = await network.executeAsync(feeds, outputs.map(([, { name }]) => name)).catch((error) => {
  // A control edge is read as the first output, and a Switch has none while its loop goes on: who waits for it never runs.
  const switches = new Set(modelTopology.node.filter(({ op }) => op === "Switch").map(({ name }) => `^${name}`));
  const waiting = modelTopology.node.find(({ input }) => input?.some((one) => switches.has(one)));
  const unrun = String(error.message).startsWith("Cannot compute the outputs") && waiting;
  throw unrun ? new Error(`${waiting.op} after the control edge of a Switch, in a loop`) : error;
});
outputs.forEach(([name], number) => {
  const { dtype, shape } = [found].flat()[number];
  write(path.join(answers, `${name}.npy`), { kind: dtype, shape, values: [found].flat()[number].dataSync() });
});
